#include "files/npy.h"

#include "base/input_error.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace attnscope {
namespace {

constexpr std::string_view magic = "\x93NUMPY";

// bfloat16 is no type of NumPy's own.
constexpr std::array<std::pair<std::string_view, DType>, 12> dtypes{{
    {"f8", DType::f64},
    {"f4", DType::f32},
    {"f2", DType::f16},
    {"i8", DType::i64},
    {"i4", DType::i32},
    {"i2", DType::i16},
    {"i1", DType::i8},
    {"u8", DType::u64},
    {"u4", DType::u32},
    {"u2", DType::u16},
    {"u1", DType::u8},
    {"b1", DType::boolean},
}};

/// Reads {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)} and nothing else: the literal is never evaluated.
class HeaderReader {
public:
    HeaderReader(std::string_view text, const std::string& subject, const std::string& place)
        : text_(text), subject_(subject), place_(place) {}

    std::string descr;
    bool fortran_order = false;
    std::vector<std::int64_t> shape;

    void read() {
        unsigned seen = 0;
        expect('{');
        while (!take('}')) {
            const std::string key = quoted();
            expect(':');
            const unsigned bit = key == "descr" ? 1 : key == "fortran_order" ? 2 : key == "shape" ? 4 : 0;
            if (bit == 0 || (seen & bit) != 0)
                fail("descr, fortran_order and shape once each", "'" + excerpt(key) + "'");
            seen |= bit;
            if (bit == 1) read_descr();
            if (bit == 2) fortran_order = truth();
            if (bit == 4) read_shape();
            if (!take(',')) {
                expect('}');
                break;
            }
        }
        skip_blanks();
        if (at_ != text_.size()) fail("the end of the header", "more text");
        if (seen != 7) fail("descr, fortran_order and shape", "fewer");
    }

private:
    [[noreturn]] void fail(std::string expected, std::string got) const {
        input_error(subject_, std::move(expected), std::move(got),
                    place_ + ", header character " + std::to_string(at_));
    }
    void skip_blanks() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
    }
    bool take(char wanted) {
        skip_blanks();
        if (at_ >= text_.size() || text_[at_] != wanted) return false;
        ++at_;
        return true;
    }
    void expect(char wanted) {
        if (!take(wanted)) fail(std::string("'") + wanted + "'", at_ < text_.size() ? "another character" : "the end");
    }
    std::string quoted() {
        const char quote = take('\'') ? '\'' : '"';
        if (quote == '"') expect('"');
        const std::size_t end = text_.find(quote, at_);
        if (end == std::string_view::npos) fail("a closing quote", "the end");
        const std::string value(text_.substr(at_, end - at_));
        if (value.find('\\') != std::string::npos) fail("plain text", "an escape");
        at_ = end + 1;
        return value;
    }
    void read_descr() {
        skip_blanks();
        if (at_ < text_.size() && text_[at_] == '[') fail("numbers", "an array of records");
        descr = quoted();
    }
    bool truth() {
        skip_blanks();
        for (const bool value : {false, true}) {
            const std::string_view word = value ? "True" : "False";
            if (!text_.substr(at_).starts_with(word)) continue;
            at_ += word.size();
            return value;
        }
        fail("True or False", "something else");
    }
    void read_shape() {
        expect('(');
        while (!take(')')) {
            skip_blanks();
            std::int64_t size = 0;
            const char* begin = text_.data() + at_;
            const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), size);
            if (error != std::errc() || size < 0) fail("sizes of 0 and more below 2^63", "something else");
            at_ += static_cast<std::size_t>(end - begin);
            if (at_ < text_.size() && text_[at_] == 'L') ++at_; // a long integer, as Python 2 wrote it
            if (shape.size() >= max_dimensions) fail("at most 16 dimensions", "more");
            shape.push_back(size);
            if (!take(',')) {
                if (shape.size() == 1) fail("a tuple", "a number in parentheses");
                expect(')');
                break;
            }
        }
    }

    std::string_view text_;
    const std::string &subject_, &place_;
    std::size_t at_ = 0;
};

DType parse_descr(const std::string& descr, const std::string& subject, const std::string& place) {
    const char order = descr.empty() ? '?' : descr[0];
    const std::string_view kind = std::string_view(descr).substr(descr.empty() ? 0 : 1);
    const auto refuse = [&](const char* expected, const std::string& got) {
        input_error(subject, expected, got, place);
    };
    if (kind.starts_with('O')) refuse("numbers", "an object array (it would have to be unpickled)");
    if (kind.starts_with('U') || kind.starts_with('S'))
        refuse("numbers; texts as a uint8 array of UTF-8 lines", "a text array (" + excerpt(descr) + ")");
    const std::optional<DType> dtype = numpy_dtype(kind);
    if (!dtype) refuse("real numbers", "elements of type '" + excerpt(descr) + "'");
    if (order == '>' && block_size(*dtype) > 1) refuse("little-endian numbers", "big-endian ones");
    if (order != '<' && order != '|' && order != '=' && order != '>')
        refuse("little-endian numbers", "'" + excerpt(descr) + "'");
    return *dtype;
}

} // namespace

std::optional<DType> numpy_dtype(std::string_view kind) noexcept {
    const auto* known = std::find_if(dtypes.begin(), dtypes.end(), [&](const auto& d) { return d.first == kind; });
    if (known == dtypes.end()) return std::nullopt;
    return known->second;
}

bool looks_like_npy(std::span<const std::byte> bytes) noexcept {
    return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
}

NpyHeader parse_npy_header(std::span<const std::byte> bytes, const std::string& subject, const std::string& place) {
    const auto byte = [&](std::size_t i) { return std::to_integer<unsigned>(bytes[i]); };
    if (!looks_like_npy(bytes)) input_error(subject, "an npy array", "other content", place);
    const auto cut_short = [&] { input_error(subject, "a whole header", "the end of the file", place); };
    if (bytes.size() < 10) cut_short();
    const unsigned version = byte(6);
    if (version < 1 || version > 3 || byte(7) != 0)
        input_error(subject, "npy version 1.0, 2.0 or 3.0", std::to_string(version) + "." + std::to_string(byte(7)),
                    place);
    const std::size_t begin = version == 1 ? 10 : 12;
    if (bytes.size() < begin) cut_short();
    std::size_t size = byte(8) | byte(9) << 8;
    if (version > 1) size |= std::size_t{byte(10)} << 16 | std::size_t{byte(11)} << 24;
    if (size > max_npy_header - begin)
        input_error(subject, "a header of at most " + bytes_text(max_npy_header), bytes_text(begin + size), place);
    if (size > bytes.size() - begin) cut_short();

    HeaderReader reader({reinterpret_cast<const char*>(bytes.data()) + begin, size}, subject, place);
    reader.read();
    NpyHeader header;
    header.data_offset = begin + size;
    header.info.name = npy_tensor_name;
    header.info.dtype = parse_descr(reader.descr, subject, place);
    header.info.shape = std::move(reader.shape);
    set_dense_strides(header.info, reader.fortran_order, subject);
    return header;
}

void check_npy_size(const NpyHeader& header, std::size_t size, const std::string& subject, const std::string& place) {
    const std::size_t needed = header.info.bytes();
    if (size - header.data_offset != needed)
        input_error(subject, bytes_text(needed) + " of elements for its shape", bytes_text(size - header.data_offset),
                    place);
}

TensorContents parse_npy(const SharedBytes& file, const std::string& subject) {
    const std::string place = tensor_place(npy_tensor_name);
    NpyHeader header = parse_npy_header(file.bytes, subject, place);
    check_npy_size(header, file.bytes.size(), subject, place);
    TensorContents contents{"npy", {}, {}};
    SharedBytes storage = file.part(header.data_offset, header.info.bytes());
    contents.tensors.push_back({std::move(header.info), std::move(storage), {}});
    return contents;
}

std::string npy_header(DType dtype, std::span<const std::int64_t> shape) {
    const auto* known = std::find_if(dtypes.begin(), dtypes.end(), [&](const auto& d) { return d.second == dtype; });
    ATTNSCOPE_ASSERT(known != dtypes.end());
    std::string text = "{'descr': '";
    text += block_size(dtype) == 1 ? '|' : '<';
    text += std::string(known->first) + "', 'fortran_order': False, 'shape': (";
    for (std::size_t k = 0; k < shape.size(); ++k) text += (k > 0 ? ", " : "") + std::to_string(shape[k]);
    text += shape.size() == 1 ? ",), }" : "), }";

    const std::size_t fixed = magic.size() + 4;
    text.append(63 - (fixed + text.size()) % 64, ' ');
    text += '\n';
    std::string header(magic);
    header += {'\x01', '\0', static_cast<char>(text.size() & 0xff), static_cast<char>(text.size() >> 8)};
    return header + text;
}

} // namespace attnscope
