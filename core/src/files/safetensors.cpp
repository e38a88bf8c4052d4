#include "files/safetensors.h"

#include "base/checked.h"
#include "base/input_error.h"
#include "base/json_reader.h"
#include "files/file_sets.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <nlohmann/json.hpp>
#include <unordered_set>

namespace attnscope {
namespace {

constexpr std::size_t length_bytes = 8, max_header = 100'000'000, data_alignment = 64;

constexpr std::array<std::pair<const char*, DType>, 13> dtypes{{
    {"F64", DType::f64},
    {"F32", DType::f32},
    {"F16", DType::f16},
    {"BF16", DType::bf16},
    {"I64", DType::i64},
    {"I32", DType::i32},
    {"I16", DType::i16},
    {"I8", DType::i8},
    {"U8", DType::u8},
    {"U16", DType::u16},
    {"U32", DType::u32},
    {"U64", DType::u64},
    {"BOOL", DType::boolean},
}};

struct Entry {
    TensorInfo info;
    std::size_t begin = 0, end = 0;
};

/// Reads {"__metadata__": {text: text}, NAME: {"dtype": text, "shape": [sizes], "data_offsets": [begin, end]}} as it
/// comes and stops at the first thing that is different. Built from events: a header of 100 MB never becomes a tree,
/// and nesting beyond the third level ends the reading.
class HeaderReader : public nlohmann::json_sax<nlohmann::json> {
public:
    explicit HeaderReader(const std::string& subject) : subject_(subject) {}
    std::vector<Entry> entries;
    std::map<std::string, std::string> metadata;

    bool null() override { unexpected("null"); }
    bool boolean(bool) override { unexpected("a truth value"); }
    bool number_integer(number_integer_t value) override { unexpected(std::to_string(value)); }
    bool number_float(number_float_t, const string_t& text) override { unexpected(excerpt(text)); }
    bool binary(binary_t&) override { unexpected("binary data"); }
    bool number_unsigned(number_unsigned_t value) override {
        if (state_ != State::shape && state_ != State::offsets) unexpected(std::to_string(value));
        if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
            fail("numbers below 2^63", std::to_string(value));
        if (numbers_.size() >= max_dimensions) fail("at most 16 dimensions", "more");
        numbers_.push_back(value);
        return true;
    }
    bool string(string_t& text) override {
        if (state_ == State::metadata) {
            if (!metadata.emplace(key_, std::move(text)).second)
                fail("metadata keys once", "'" + excerpt(key_) + "' twice");
            return true;
        }
        if (state_ != State::tensor || field_ != "dtype") unexpected("text");
        const auto* known = std::find_if(dtypes.begin(), dtypes.end(), [&](const auto& d) { return text == d.first; });
        if (known == dtypes.end()) fail("a dtype of F64 to BOOL", "'" + excerpt(text) + "'");
        entries.back().info.dtype = known->second;
        return true;
    }
    bool start_object(std::size_t) override {
        if (state_ == State::start) {
            state_ = State::top;
        } else if (state_ == State::top && key_ == "__metadata__") {
            state_ = State::metadata;
        } else if (state_ == State::top) {
            entries.emplace_back().info.name = key_;
            seen_ = 0;
            state_ = State::tensor;
        } else {
            unexpected("an object");
        }
        return true;
    }
    bool key(string_t& name) override {
        if (state_ == State::top) {
            if (!names_.insert(name).second) fail("names once", "'" + excerpt(name) + "' twice");
            key_ = name;
        } else if (state_ == State::metadata) {
            key_ = name;
        } else {
            const unsigned bit = name == "dtype" ? 1 : name == "shape" ? 2 : name == "data_offsets" ? 4 : 0;
            if (bit == 0 || (seen_ & bit) != 0)
                fail("dtype, shape and data_offsets once each", "'" + excerpt(name) + "'");
            seen_ |= bit;
            field_ = name;
        }
        return true;
    }
    bool end_object() override {
        if (state_ == State::tensor && seen_ != 7) fail("dtype, shape and data_offsets", "fewer");
        state_ = state_ == State::top ? State::done : State::top;
        return true;
    }
    bool start_array(std::size_t) override {
        if (state_ != State::tensor || field_ == "dtype") unexpected("a list");
        state_ = field_ == "shape" ? State::shape : State::offsets;
        numbers_.clear();
        return true;
    }
    bool end_array() override {
        Entry& entry = entries.back();
        if (state_ == State::shape) {
            entry.info.shape.assign(numbers_.begin(), numbers_.end());
        } else {
            if (numbers_.size() != 2 || numbers_[0] > numbers_[1]) fail("data_offsets [begin, end]", "another list");
            entry.begin = numbers_[0];
            entry.end = numbers_[1];
        }
        state_ = State::tensor;
        return true;
    }
    bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) override {
        input_error(subject_, "a JSON header", "a syntax error",
                    "byte " + std::to_string(length_bytes + std::max<std::size_t>(position, 1) - 1));
    }

private:
    enum class State { start, top, metadata, tensor, shape, offsets, done };

    [[noreturn]] void fail(std::string expected, std::string got) const {
        input_error(subject_, std::move(expected), std::move(got), place());
    }
    [[noreturn]] void unexpected(std::string got) const {
        switch (state_) {
        case State::start: fail("a JSON object as header", std::move(got));
        case State::metadata: fail("text as metadata", std::move(got));
        case State::tensor: fail(field_ == "dtype" ? "text as dtype" : "a list as " + field_, std::move(got));
        case State::shape:
        case State::offsets: fail("whole numbers in " + field_, std::move(got));
        case State::top:
        case State::done: break;
        }
        fail("an object for each tensor", std::move(got));
    }
    std::string place() const {
        if (state_ == State::tensor || state_ == State::shape || state_ == State::offsets)
            return tensor_place(entries.back().info.name);
        return state_ == State::metadata ? "__metadata__" : "header";
    }

    const std::string& subject_;
    State state_ = State::start;
    std::string key_, field_;
    unsigned seen_ = 0;
    std::vector<std::uint64_t> numbers_;
    std::unordered_set<std::string> names_;
};

void check_tiling(std::vector<Entry>& entries, std::size_t data_size, const std::string& subject) {
    std::vector<const Entry*> by_offset;
    for (Entry& entry : entries) {
        set_row_major_strides(entry.info, subject);
        const std::size_t needed = entry.info.bytes();
        if (entry.end - entry.begin != needed)
            input_error(subject, bytes_text(needed) + " for its shape", bytes_text(entry.end - entry.begin),
                        tensor_place(entry.info.name));
        by_offset.push_back(&entry);
    }
    std::sort(by_offset.begin(), by_offset.end(),
              [](const Entry* a, const Entry* b) { return std::pair(a->begin, a->end) < std::pair(b->begin, b->end); });
    std::size_t reached = 0;
    for (const Entry* entry : by_offset) {
        if (entry->begin != reached)
            input_error(subject, "data from offset " + std::to_string(reached) + " on",
                        (entry->begin < reached ? "an overlap at " : "a gap up to ") + std::to_string(entry->begin),
                        tensor_place(entry->info.name));
        reached = entry->end;
    }
    if (reached != data_size)
        input_error(subject, bytes_text(reached) + " of data as the header says", bytes_text(data_size),
                    reached > data_size ? "the file is cut short" : "the file is longer");
}

} // namespace

bool looks_like_safetensors(std::span<const std::byte> bytes) noexcept {
    return bytes.size() > length_bytes && bytes[length_bytes] == std::byte{'{'};
}

TensorContents parse_safetensors(const SharedBytes& file, const std::string& subject) {
    const auto bytes = file.bytes;
    std::uint64_t header_size = 0;
    if (bytes.size() < length_bytes) input_error(subject, "a header of 8 bytes and more", bytes_text(bytes.size()));
    std::memcpy(&header_size, bytes.data(), length_bytes);
    if (header_size > max_header) input_error(subject, "a header of at most 100 MB", bytes_text(header_size), "byte 0");
    if (header_size > bytes.size() - length_bytes)
        input_error(subject, "a header of " + bytes_text(header_size), bytes_text(bytes.size() - length_bytes),
                    "the file is cut short");

    const auto* header = reinterpret_cast<const char*>(bytes.data()) + length_bytes;
    HeaderReader reader(subject);
    read_json_events({header, header_size}, subject, json_kinds::tensor_header, reader, "header");

    const std::size_t data_begin = length_bytes + header_size;
    check_tiling(reader.entries, bytes.size() - data_begin, subject);
    TensorContents contents{"safetensors", {}, std::move(reader.metadata)};
    contents.tensors.reserve(reader.entries.size());
    for (Entry& entry : reader.entries)
        contents.tensors.push_back(
            {std::move(entry.info), file.part(data_begin + entry.begin, entry.end - entry.begin), {}});
    return contents;
}

void write_safetensors(const std::filesystem::path& path, std::span<const TensorToWrite> tensors,
                       const std::map<std::string, std::string>& metadata) {
    FileWriter file(path);
    add_safetensors(file, tensors, metadata);
    file.commit();
}

void add_safetensors(FileWriter& writer, std::span<const TensorToWrite> tensors,
                     const std::map<std::string, std::string>& metadata) {
    // The header names tensors in the order given; offsets have to tile, so only the start of the data can be aligned.
    // Every tensor of whole multiples of 64 bytes passes that alignment on; wider elements come first for the rest.
    std::vector<const TensorToWrite*> order;
    for (const TensorToWrite& tensor : tensors) order.push_back(&tensor);
    std::stable_sort(order.begin(), order.end(), [](const TensorToWrite* a, const TensorToWrite* b) {
        return block_size(a->dtype) > block_size(b->dtype);
    });
    nlohmann::ordered_json header = nlohmann::ordered_json::object();
    if (!metadata.empty()) header["__metadata__"] = metadata;
    std::size_t offset = 0;
    for (const TensorToWrite* tensor : order) {
        ATTNSCOPE_ASSERT(!header.contains(tensor->name) && !is_quantised(tensor->dtype));
        const auto* name =
            std::find_if(dtypes.begin(), dtypes.end(), [&](const auto& d) { return d.second == tensor->dtype; })->first;
        header[tensor->name] = {
            {"dtype", name}, {"shape", tensor->shape}, {"data_offsets", {offset, offset + tensor->data.size()}}};
        offset += tensor->data.size();
    }
    // Names come from folders, which may hold any bytes; JSON is UTF-8.
    std::string text = header.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    text.append((data_alignment - (length_bytes + text.size()) % data_alignment) % data_alignment, ' ');
    const std::uint64_t header_size = text.size();

    writer.write(std::as_bytes(std::span(&header_size, 1)));
    writer.write(text);
    for (const TensorToWrite* tensor : order) writer.write(tensor->data);
}

} // namespace attnscope
