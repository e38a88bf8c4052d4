// A text as numbers of its characters.
#include <attnscope/jacobian_experiment.h>
#include <attnscope/tensor_file.h>

#include "base/input_error.h"
#include "files/text_files.h"
#include "text/characters.h"

#include <algorithm>
#include <cstdio>

namespace attnscope::jacobian {
namespace {

constexpr std::size_t most_text_bytes = std::size_t{256} << 20;
constexpr std::size_t code_points = 0x110000;

using Between = std::function<void()>;

constexpr std::size_t piece = std::size_t{1} << 20;

std::function<void(std::uint64_t)> after_bytes(const Between& between) {
    if (!between) return {};
    return [&between](std::uint64_t) { between(); };
}

/// As invalid_utf8(), piece by piece.
std::size_t first_invalid(std::string_view bytes, const Between& between) {
    const auto continues = [&](std::size_t place) { return (static_cast<unsigned char>(bytes[place]) & 0xc0) == 0x80; };
    std::size_t begin = 0;
    while (begin < bytes.size()) {
        std::size_t end = std::min(begin + piece, bytes.size());
        for (int back = 0; back < 3 && end < bytes.size() && continues(end); ++back) --end;
        if (invalid_utf8(bytes.substr(begin, end - begin)) != std::string_view::npos) {
            // Bytes that only continue a character may have been cut wrongly: the rest as a whole decides.
            const std::size_t wrong = invalid_utf8(bytes.substr(begin));
            return wrong == std::string_view::npos ? wrong : begin + wrong;
        }
        begin = end;
        if (between) between();
    }
    return std::string_view::npos;
}

void check_encoding(std::string_view bytes, const std::string& subject, const Between& between) {
    const std::size_t wrong = first_invalid(bytes, between);
    if (wrong == std::string_view::npos) return;
    char got[16];
    std::snprintf(got, sizeof got, "0x%02x", static_cast<unsigned char>(bytes[wrong]));
    input_error(subject, "text in UTF-8", got, "byte " + std::to_string(wrong));
}

} // namespace

ExperimentTextPtr experiment_text(std::string_view bytes, std::string name, const Between& between) {
    check_encoding(bytes, name, between);
    auto text = std::make_shared<ExperimentText>();
    text->ids.reserve(bytes.size());
    std::vector<std::int32_t> numbers(code_points, -1);
    for (std::size_t place = 0; place < bytes.size();) {
        const Character character = character_at(bytes, place);
        place = character.end;
        text->ids.push_back(static_cast<std::int32_t>(character.code));
        if (std::int32_t& number = numbers[character.code]; number < 0) {
            number = 0;
            text->vocabulary.push_back(character.code);
        }
        if (between && text->ids.size() % piece == 0) between();
    }
    const std::size_t distinct = text->vocabulary.size();
    if (distinct < 2)
        input_error(name, "a text of two distinct characters or more", distinct == 0 ? "an empty one" : "one with one");
    if (distinct > most_experiment_characters)
        input_error(name, "at most " + std::to_string(most_experiment_characters) + " distinct characters",
                    std::to_string(distinct));
    std::sort(text->vocabulary.begin(), text->vocabulary.end());
    for (std::size_t number = 0; number < distinct; ++number)
        numbers[text->vocabulary[number]] = static_cast<std::int32_t>(number);
    for (std::size_t i = 0; i < text->ids.size(); ++i) {
        text->ids[i] = numbers[static_cast<std::size_t>(text->ids[i])];
        if (between && i % piece == piece - 1) between();
    }
    text->sha256 = sha256(bytes, after_bytes(between));
    text->name = std::move(name);
    return text;
}

ExperimentTextPtr open_experiment_text(const std::filesystem::path& path, const Between& between) {
    return experiment_text(read_file(path, most_text_bytes, after_bytes(between)), path.filename().string(), between);
}

void check_experiment_text(const ExperimentText& text, int block) {
    const auto window = static_cast<std::size_t>(block) + 1;
    if (text.training() >= window) return;
    const std::size_t least = (window * 10 + 8) / 9;
    input_error(text.name,
                "at least " + std::to_string(least) + " characters, so that nine tenths hold a block of " +
                    std::to_string(block) + " and the one after it",
                std::to_string(text.ids.size()));
}

} // namespace attnscope::jacobian
