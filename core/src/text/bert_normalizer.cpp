#include "text/bert_normalizer.h"

#include "text/normal_form.h"

#include <utility>

namespace attnscope {
namespace {

std::vector<Character> cleaned(const std::vector<Character>& text) {
    std::vector<Character> result;
    result.reserve(text.size());
    for (Character character : text) {
        if (character.code == 0 || character.code == 0xfffd || is_control(character.code)) continue;
        if (is_space(character.code)) character.code = U' ';
        result.push_back(character);
    }
    return result;
}

std::vector<Character> with_spaced_ideographs(const std::vector<Character>& text) {
    std::vector<Character> result;
    result.reserve(text.size());
    for (const Character& character : text) {
        const bool ideograph = is_cjk_ideograph(character.code);
        if (ideograph) result.push_back({U' ', character.begin, character.begin});
        result.push_back(character);
        if (ideograph) result.push_back({U' ', character.end, character.end});
    }
    return result;
}

} // namespace

std::vector<Character> BertNormalizer::apply(std::vector<Character> text) const {
    if (clean_text) text = cleaned(text);
    if (space_cjk) text = with_spaced_ideographs(text);
    if (strip_accents) {
        text = normalized(text, NormalForm::nfd);
        std::erase_if(text, [](const Character& character) { return is_nonspacing_mark(character.code); });
    }
    if (lower_case) {
        std::vector<Character> lowered;
        lowered.reserve(text.size());
        for (const Character& character : text) append_lower_case(lowered, character);
        text = std::move(lowered);
    }
    return text;
}

} // namespace attnscope
