#include "files/text_files.h"

#include <attnscope/bank.h>

#include "base/input_error.h"
#include "base/json_reader.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

namespace attnscope {
namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

std::string line_number(std::size_t line) {
    return "line " + std::to_string(line);
}

bool blank(std::string_view line) {
    return line.find_first_not_of(" \t\v\f") == std::string_view::npos;
}

/// Calls take(line, number) for every line, from 1, line ends stripped, and names the line that is no UTF-8.
template <class Take>
void for_each_line(std::string_view bytes, const std::string& subject, Take take) {
    if (bytes.starts_with(byte_order_mark)) bytes.remove_prefix(byte_order_mark.size());
    for (std::size_t number = 1; !bytes.empty(); ++number) {
        const std::size_t end = std::min(bytes.find('\n'), bytes.size());
        std::string_view line = bytes.substr(0, end);
        bytes.remove_prefix(std::min(end + 1, bytes.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (invalid_utf8(line) != std::string_view::npos)
            input_error(subject, "UTF-8 text", "other bytes", line_number(number));
        take(line, number);
    }
}

/// The same for lines that are rows: take(line, number) of line i is the i-th call. Names a blank line with a text
/// after it: passing over it would move every later row.
template <class Take>
void for_each_row(std::string_view bytes, const std::string& subject, Take take) {
    std::size_t first_blank = 0;
    for_each_line(bytes, subject, [&](std::string_view line, std::size_t number) {
        if (blank(line)) {
            if (first_blank == 0) first_blank = number;
            return;
        }
        if (first_blank != 0)
            input_error(subject, "a text on every line, as row i is line i", "a blank line", line_number(first_blank));
        take(line, number);
    });
}

/// Takes the text of `question` out of one JSON object and passes over everything else.
class QuestionReader : public nlohmann::json_sax<nlohmann::json> {
public:
    std::optional<std::string> question;
    bool object = false; ///< the line is an object
    std::string trouble;

    bool null() override { return other(); }
    bool boolean(bool) override { return other(); }
    bool number_integer(number_integer_t) override { return other(); }
    bool number_unsigned(number_unsigned_t) override { return other(); }
    bool number_float(number_float_t, const string_t&) override { return other(); }
    bool binary(binary_t&) override { return other(); }
    bool string(string_t& text) override {
        if (!at_question()) return other();
        question = std::move(text);
        wanted_ = false;
        return true;
    }
    bool start_object(std::size_t) override {
        if (depth_ == 0) object = true;
        return enter();
    }
    bool start_array(std::size_t) override { return enter(); }
    bool key(string_t& name) override {
        wanted_ = depth_ == 1 && object && name == "question";
        return true;
    }
    bool end_object() override { return leave(); }
    bool end_array() override { return leave(); }
    bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) override {
        trouble = "a JSON syntax error at byte " + std::to_string(position);
        return false;
    }

private:
    bool at_question() const { return wanted_ && depth_ == 1; }
    bool other() {
        if (!at_question()) return true;
        trouble = "a question that is no text";
        return false;
    }
    bool enter() {
        if (!other()) return false;
        ++depth_;
        return true;
    }
    bool leave() {
        --depth_;
        return true;
    }

    std::size_t depth_ = 0;
    bool wanted_ = false;
};

} // namespace

std::size_t invalid_utf8(std::string_view text) noexcept {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    for (std::size_t i = 0; i < text.size();) {
        if (i + 8 <= text.size()) { // most text is ASCII
            std::uint64_t eight;
            std::memcpy(&eight, text.data() + i, sizeof eight);
            if ((eight & 0x8080808080808080) == 0) {
                i += 8;
                continue;
            }
        }
        const unsigned char first = byte(i);
        if (first < 0x80) {
            ++i;
            continue;
        }
        const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
        if (first < 0xc2 || first > 0xf4 || i + length > text.size()) return i;
        // The second byte has a narrower range after some first bytes: overlong forms, surrogates, above U+10FFFF.
        const unsigned char least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
        const unsigned char most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
        if (byte(i + 1) < least || byte(i + 1) > most) return i;
        for (std::size_t k = 2; k < length; ++k)
            if ((byte(i + k) & 0xc0) != 0x80) return i;
        i += length;
    }
    return std::string_view::npos;
}

std::vector<std::string> parse_lines(std::string_view bytes, const std::string& subject) {
    std::vector<std::string> lines;
    for_each_line(bytes, subject, [&](std::string_view line, std::size_t) {
        if (!blank(line)) lines.emplace_back(line);
    });
    return lines;
}

std::vector<std::string> parse_rows(std::string_view bytes, const std::string& subject) {
    std::vector<std::string> rows;
    for_each_row(bytes, subject, [&](std::string_view line, std::size_t) { rows.emplace_back(line); });
    return rows;
}

std::vector<std::string> parse_jsonl_questions(std::string_view bytes, const std::string& subject) {
    std::vector<std::string> questions;
    for_each_row(bytes, subject, [&](std::string_view line, std::size_t number) {
        QuestionReader reader;
        read_json_events(line, subject, json_kinds::question, reader, line_number(number));
        if (reader.trouble.empty() && !reader.question)
            reader.trouble = reader.object ? "an object without one" : "JSON that is no object";
        if (!reader.trouble.empty())
            input_error(subject, "a JSON object with the text \"question\"", reader.trouble, line_number(number));
        questions.push_back(std::move(*reader.question));
    });
    return questions;
}

std::string read_file(const std::filesystem::path& path, std::size_t limit, const BytesDone& between) {
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) input_error(path.string(), "a readable file", std::strerror(errno));
    const struct Closer {
        int descriptor;
        ~Closer() { close(descriptor); }
    } closer{descriptor};

    struct stat status = {};
    if (fstat(descriptor, &status) != 0) input_error(path.string(), "a readable file", std::strerror(errno));
    if (S_ISDIR(status.st_mode)) input_error(path.string(), "a file", "a folder");
    const auto too_large = [&] { input_error(path.string(), "at most " + bytes_text(limit), "a larger file"); };
    const auto announced = static_cast<std::size_t>(std::max<off_t>(status.st_size, 0));
    if (announced > limit) too_large();

    constexpr std::size_t piece = std::size_t{4} << 20;
    // Read to the end, whatever size was announced: a pipe announces none and a file may grow.
    std::string bytes;
    std::size_t size = 0;
    while (true) {
        if (size == bytes.size())
            bytes.resize(std::max(size + std::max(size / 2, std::size_t{1} << 16), announced + 1));
        const ssize_t got = read(descriptor, bytes.data() + size, std::min(piece, bytes.size() - size));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) input_error(path.string(), "a readable file", std::strerror(errno));
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
        if (size > limit) too_large();
        if (between) between(size);
    }
    bytes.resize(size);
    return bytes;
}

std::vector<std::string> read_lines(const std::filesystem::path& path) {
    return parse_lines(read_file(path), path.string());
}

std::vector<std::string> read_rows(const std::filesystem::path& path) {
    return parse_rows(read_file(path), path.string());
}

std::vector<std::string> read_questions(const std::filesystem::path& path) {
    const std::string bytes = read_file(path);
    auto questions =
        path.extension() == ".jsonl" ? parse_jsonl_questions(bytes, path.string()) : parse_rows(bytes, path.string());
    if (questions.empty()) input_error(path.string(), "at least one question", "none");
    return questions;
}

} // namespace attnscope
