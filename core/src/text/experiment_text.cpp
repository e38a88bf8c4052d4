// A text as numbers of its characters.
#include <attnscope/jacobian_experiment.h>
#include <attnscope/tensor_file.h>

#include "data/input_error.h"
#include "data/text_files.h"
#include "text/characters.h"

#include <algorithm>
#include <cstdio>

namespace attnscope::jacobian {
namespace {

constexpr std::size_t most_text_bytes = std::size_t{256} << 20;
constexpr std::size_t code_points = 0x110000;

void check_encoding(std::string_view bytes, const std::string& subject) {
    const std::size_t wrong = invalid_utf8(bytes);
    if (wrong == std::string_view::npos) return;
    char got[16];
    std::snprintf(got, sizeof got, "0x%02x", static_cast<unsigned char>(bytes[wrong]));
    input_error(subject, "text in UTF-8", got, "byte " + std::to_string(wrong));
}

} // namespace

ExperimentTextPtr experiment_text(std::string_view bytes, std::string name) {
    check_encoding(bytes, name);
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
    for (std::int32_t& id : text->ids) id = numbers[static_cast<std::size_t>(id)];
    text->sha256 = sha256(bytes);
    text->name = std::move(name);
    return text;
}

ExperimentTextPtr open_experiment_text(const std::filesystem::path& path) {
    return experiment_text(read_file(path, most_text_bytes), path.filename().string());
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
