#include "files/gguf.h"

#include "base/checked.h"
#include "base/input_error.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <optional>
#include <unordered_set>

namespace attnscope {
namespace {

constexpr std::string_view signature = "GGUF";
// Each far beyond any model there is, and small enough that a header full of lies is refused before it costs much.
constexpr std::uint64_t most_tensors = 100'000, most_values = 65'536;
constexpr std::uint64_t most_array_elements = std::uint64_t{1} << 22; // of all arrays together
constexpr std::uint64_t longest_name = 65'535, longest_text = std::uint64_t{1} << 24;
constexpr std::uint64_t largest_alignment = std::uint64_t{1} << 20;
constexpr std::uint64_t default_alignment = 32;
constexpr int deepest_array = 4;
constexpr const char* alignment_key = "general.alignment";

/// Types of values, as numbered in the file.
enum class Kind : std::uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, text, array, u64, i64, f64 };
constexpr std::uint32_t kinds = 13;

/// Types of tensors, as numbered in the file; those without a dtype cannot be read.
struct StoredType {
    std::uint32_t number;
    const char* name;
    std::optional<DType> dtype;
};
constexpr std::array stored_types{
    StoredType{0, "F32", DType::f32},    StoredType{1, "F16", DType::f16},    StoredType{2, "Q4_0", DType::q4_0},
    StoredType{3, "Q4_1", DType::q4_1},  StoredType{6, "Q5_0", DType::q5_0},  StoredType{7, "Q5_1", DType::q5_1},
    StoredType{8, "Q8_0", DType::q8_0},  StoredType{9, "Q8_1", {}},           StoredType{10, "Q2_K", {}},
    StoredType{11, "Q3_K", {}},          StoredType{12, "Q4_K", DType::q4_k}, StoredType{13, "Q5_K", DType::q5_k},
    StoredType{14, "Q6_K", DType::q6_k}, StoredType{15, "Q8_K", {}},          StoredType{16, "IQ2_XXS", {}},
    StoredType{17, "IQ2_XS", {}},        StoredType{18, "IQ3_XXS", {}},       StoredType{19, "IQ1_S", {}},
    StoredType{20, "IQ4_NL", {}},        StoredType{21, "IQ3_S", {}},         StoredType{22, "IQ2_S", {}},
    StoredType{23, "IQ4_XS", {}},        StoredType{24, "I8", DType::i8},     StoredType{25, "I16", DType::i16},
    StoredType{26, "I32", DType::i32},   StoredType{27, "I64", DType::i64},   StoredType{28, "F64", DType::f64},
    StoredType{29, "IQ1_M", {}},         StoredType{30, "BF16", DType::bf16}, StoredType{34, "TQ1_0", {}},
    StoredType{35, "TQ2_0", {}},         StoredType{39, "MXFP4", {}},
};

/// Reads a header front to back; every read is checked against the end of the file.
class HeaderReader {
public:
    HeaderReader(std::span<const std::byte> bytes, const std::string& subject) : bytes_(bytes), subject_(subject) {}

    std::size_t position() const noexcept { return position_; }

    template <class Number>
    Number number() {
        Number value;
        std::memcpy(&value, take(sizeof value), sizeof value);
        return value;
    }
    std::string text(std::uint64_t longest) {
        const auto length = number<std::uint64_t>();
        if (length > longest) fail("a text of at most " + bytes_text(longest), bytes_text(length));
        return {reinterpret_cast<const char*>(take(length)), length};
    }
    Kind kind() {
        const auto value = number<std::uint32_t>();
        if (value >= kinds) fail("a type of value from 0 to " + std::to_string(kinds - 1), std::to_string(value));
        return static_cast<Kind>(value);
    }
    void skip(std::size_t size) { take(size); }
    std::size_t left() const noexcept { return bytes_.size() - position_; }

    /// `where` names what is being read: a key or a tensor.
    void enter(std::string where) { where_ = std::move(where); }
    [[noreturn]] void fail(std::string expected, std::string got) const {
        input_error(subject_, std::move(expected), std::move(got),
                    (where_.empty() ? "" : where_ + ", ") + "byte " + std::to_string(position_));
    }

private:
    const std::byte* take(std::size_t size) {
        if (size > left()) fail(bytes_text(size) + " more of the header", bytes_text(left()));
        const std::byte* const at = bytes_.data() + position_;
        position_ += size;
        return at;
    }

    std::span<const std::byte> bytes_;
    const std::string& subject_;
    std::size_t position_ = 0;
    std::string where_;
};

std::size_t size_of(Kind kind) noexcept {
    switch (kind) {
    case Kind::u8:
    case Kind::i8:
    case Kind::boolean: return 1;
    case Kind::u16:
    case Kind::i16: return 2;
    case Kind::u32:
    case Kind::i32:
    case Kind::f32: return 4;
    case Kind::u64:
    case Kind::i64:
    case Kind::f64: return 8;
    case Kind::text:  // its length alone
    case Kind::array: // its kind and length
        break;
    }
    return kind == Kind::text ? 8 : 12;
}

std::int64_t read_integer(HeaderReader& in, Kind kind) {
    switch (kind) {
    case Kind::u8: return in.number<std::uint8_t>();
    case Kind::i8: return in.number<std::int8_t>();
    case Kind::u16: return in.number<std::uint16_t>();
    case Kind::i16: return in.number<std::int16_t>();
    case Kind::u32: return in.number<std::uint32_t>();
    case Kind::i32: return in.number<std::int32_t>();
    case Kind::boolean: return in.number<std::uint8_t>() != 0;
    case Kind::u64:
        if (const auto value = in.number<std::uint64_t>(); value <= std::uint64_t{INT64_MAX})
            return static_cast<std::int64_t>(value);
        in.fail("a number below 2^63", "a larger one");
    default: return in.number<std::int64_t>();
    }
}

double read_number(HeaderReader& in, Kind kind) {
    return kind == Kind::f32 ? static_cast<double>(in.number<float>()) : in.number<double>();
}

class ValueReader {
public:
    explicit ValueReader(HeaderReader& in) : in_(in) {}

    /// No value for an array of arrays.
    std::optional<GgufMetadata::Value> read() {
        const Kind kind = in_.kind();
        switch (kind) {
        case Kind::text: return in_.text(longest_text);
        case Kind::array: return read_array(1);
        case Kind::f32:
        case Kind::f64: return read_number(in_, kind);
        case Kind::boolean: return read_integer(in_, kind) != 0;
        default: return read_integer(in_, kind);
        }
    }

private:
    std::optional<GgufMetadata::Value> read_array(int depth) {
        const Kind kind = in_.kind();
        const auto count = in_.number<std::uint64_t>();
        if (count > most_array_elements - elements_)
            in_.fail("at most " + std::to_string(most_array_elements) + " elements in lists", "more");
        elements_ += count;
        // No list is made that the file is too short for.
        if (count * size_of(kind) > in_.left())
            in_.fail(std::to_string(count) + " elements", "a file that ends before");
        if (kind == Kind::array) {
            if (depth == deepest_array)
                in_.fail("lists nested at most " + std::to_string(deepest_array) + " deep", "deeper ones");
            for (std::uint64_t i = 0; i < count; ++i) read_array(depth + 1);
            return std::nullopt;
        }
        if (kind == Kind::text) {
            std::vector<std::string> texts(count);
            for (std::string& text : texts) text = in_.text(longest_text);
            return texts;
        }
        if (kind == Kind::f32 || kind == Kind::f64) {
            std::vector<double> numbers(count);
            for (double& number : numbers) number = read_number(in_, kind);
            return numbers;
        }
        std::vector<std::int64_t> integers(count);
        for (std::int64_t& integer : integers) integer = read_integer(in_, kind);
        return integers;
    }

    HeaderReader& in_;
    std::uint64_t elements_ = 0;
};

struct Counts {
    std::uint64_t tensors = 0, values = 0;
};

Counts read_counts(HeaderReader& in) {
    in.skip(signature.size());
    const auto version = in.number<std::uint32_t>();
    if (version != 0 && (version & 0xffff) == 0) in.fail("a little-endian file", "a big-endian one");
    if (version != 2 && version != 3) in.fail("GGUF version 2 or 3", std::to_string(version));
    const auto tensors = in.number<std::uint64_t>();
    if (tensors > most_tensors)
        in.fail("at most " + std::to_string(most_tensors) + " tensors", std::to_string(tensors));
    const auto values = in.number<std::uint64_t>();
    if (values > most_values) in.fail("at most " + std::to_string(most_values) + " values", std::to_string(values));
    return {tensors, values};
}

GgufMetadata read_values(HeaderReader& in, std::uint64_t count, const std::string& subject) {
    GgufMetadata metadata(subject);
    ValueReader values(in);
    for (std::uint64_t i = 0; i < count; ++i) {
        in.enter("value " + std::to_string(i));
        std::string key = in.text(longest_name);
        in.enter(excerpt(key));
        if (metadata.contains(key)) in.fail("keys once", "the same twice");
        if (auto value = values.read()) metadata.add(std::move(key), std::move(*value));
    }
    return metadata;
}

struct Entry {
    TensorInfo info;
    std::uint64_t offset = 0; // from the start of the data
};

DType read_type(HeaderReader& in) {
    const auto number = in.number<std::uint32_t>();
    const auto* const known =
        std::find_if(stored_types.begin(), stored_types.end(), [&](const auto& t) { return t.number == number; });
    if (known != stored_types.end() && known->dtype) return *known->dtype;
    in.fail("elements of type F32 F16 BF16 Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q4_K Q5_K Q6_K",
            known == stored_types.end() ? "type " + std::to_string(number) : known->name);
}

std::vector<Entry> read_entries(HeaderReader& in, std::uint64_t count, std::uint64_t alignment,
                                const std::string& subject) {
    std::vector<Entry> entries;
    std::unordered_set<std::string> names;
    for (std::uint64_t i = 0; i < count; ++i) {
        in.enter("tensor " + std::to_string(i));
        Entry entry;
        entry.info.name = in.text(longest_name);
        in.enter(tensor_place(entry.info.name));
        if (!names.insert(entry.info.name).second) in.fail("names once", "the same twice");
        const auto dimensions = in.number<std::uint32_t>();
        if (dimensions > max_dimensions)
            in.fail("at most " + std::to_string(max_dimensions) + " dimensions", std::to_string(dimensions));
        for (std::uint32_t k = 0; k < dimensions; ++k) entry.info.shape.push_back(read_integer(in, Kind::u64));
        std::reverse(entry.info.shape.begin(), entry.info.shape.end());
        entry.info.dtype = read_type(in);
        const auto block = static_cast<std::int64_t>(block_elements(entry.info.dtype));
        if (const std::int64_t row = dimensions == 0 ? 1 : entry.info.shape.back(); row % block != 0)
            in.fail("rows of whole blocks of " + std::to_string(block), "rows of " + std::to_string(row));
        set_row_major_strides(entry.info, subject);
        entry.offset = in.number<std::uint64_t>();
        if (entry.offset % alignment != 0)
            in.fail("an offset that is a multiple of " + std::to_string(alignment), std::to_string(entry.offset));
        entries.push_back(std::move(entry));
    }
    in.enter({});
    return entries;
}

/// Where the data begins: behind the header, at the next multiple of the alignment.
std::size_t check_data(const std::vector<Entry>& entries, std::size_t header_size, std::uint64_t alignment,
                       std::size_t file_size, const std::string& subject) {
    const std::size_t begin = (header_size + alignment - 1) / alignment * alignment;
    const std::size_t available = begin < file_size ? file_size - begin : 0;
    std::vector<const Entry*> by_offset;
    for (const Entry& entry : entries) {
        const auto end = checked_add(entry.offset, entry.info.bytes());
        if (!end || *end > available)
            input_error(subject, "data within the " + bytes_text(available) + " behind the header",
                        bytes_text(entry.info.bytes()) + " from offset " + std::to_string(entry.offset) + " on",
                        tensor_place(entry.info.name));
        if (entry.info.bytes() > 0) by_offset.push_back(&entry);
    }
    std::sort(by_offset.begin(), by_offset.end(), [](const Entry* a, const Entry* b) { return a->offset < b->offset; });
    for (std::size_t i = 1; i < by_offset.size(); ++i) {
        const Entry& before = *by_offset[i - 1];
        if (by_offset[i]->offset < before.offset + before.info.bytes())
            input_error(subject, "data of its own", "an overlap with tensor " + excerpt(before.info.name),
                        tensor_place(by_offset[i]->info.name));
    }
    return begin;
}

/// Values of one number or text, as texts; a list by its length.
std::map<std::string, std::string> as_texts(const GgufMetadata& metadata) {
    struct Text {
        std::string operator()(bool flag) const { return flag ? "true" : "false"; }
        std::string operator()(std::int64_t number) const { return std::to_string(number); }
        std::string operator()(double number) const {
            std::array<char, 32> text{};
            std::snprintf(text.data(), text.size(), "%.7g", number); // most come from float32
            return text.data();
        }
        std::string operator()(const std::string& text) const { return text; }
        std::string operator()(const std::vector<std::int64_t>& list) const { return count(list.size(), "integers"); }
        std::string operator()(const std::vector<double>& list) const { return count(list.size(), "numbers"); }
        std::string operator()(const std::vector<std::string>& list) const { return count(list.size(), "texts"); }
        static std::string count(std::size_t size, const char* of) { return std::to_string(size) + " " + of; }
    };
    std::map<std::string, std::string> texts;
    for (const auto& [key, value] : metadata.values()) texts.emplace(key, std::visit(Text{}, value));
    return texts;
}

} // namespace

bool looks_like_gguf(std::span<const std::byte> bytes) noexcept {
    return bytes.size() >= signature.size() && std::memcmp(bytes.data(), signature.data(), signature.size()) == 0;
}

TensorContents parse_gguf(const SharedBytes& file, const std::string& subject) {
    HeaderReader in(file.bytes, subject);
    const Counts counts = read_counts(in);
    const GgufMetadata metadata = read_values(in, counts.values, subject);
    const auto alignment = static_cast<std::uint64_t>(
        metadata.integer(alignment_key, 1, static_cast<std::int64_t>(largest_alignment), default_alignment));
    if (!std::has_single_bit(alignment)) metadata.fail(alignment_key, "a power of two", std::to_string(alignment));
    std::vector<Entry> entries = read_entries(in, counts.tensors, alignment, subject);
    const std::size_t begin = check_data(entries, in.position(), alignment, file.bytes.size(), subject);

    TensorContents contents{"gguf", {}, as_texts(metadata)};
    contents.tensors.reserve(entries.size());
    for (Entry& entry : entries) {
        const std::size_t size = entry.info.bytes();
        // A tensor without elements may lie behind the last byte.
        const SharedBytes storage = size == 0 ? SharedBytes{} : file.part(begin + entry.offset, size);
        contents.tensors.push_back({std::move(entry.info), storage, {}});
    }
    return contents;
}

GgufMetadata parse_gguf_metadata(std::span<const std::byte> file, const std::string& subject) {
    if (!looks_like_gguf(file)) input_error(subject, "a GGUF file", "another kind of file");
    HeaderReader in(file, subject);
    const Counts counts = read_counts(in);
    return read_values(in, counts.values, subject);
}

GgufMetadata read_gguf_metadata(const std::filesystem::path& path) {
    const auto file = MappedFile::open(path);
    return parse_gguf_metadata(file->bytes(), path.string());
}

} // namespace attnscope
