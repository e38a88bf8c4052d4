#include "text/text_steps.h"

#include <algorithm>
#include <utility>

namespace attnscope {
namespace {

bool is_ascii(const std::string& text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

} // namespace

TextStep normal_form_step(NormalForm form) {
    return [form](AlignedText text) {
        return is_normalized(text.bytes(), form) ? text : AlignedText(normalized(text.characters(), form));
    };
}

TextStep lower_case_step() {
    return [](AlignedText text) {
        std::vector<Character> lowered;
        lowered.reserve(text.bytes().size());
        for (const Character& character : text.characters()) append_lower_case(lowered, character);
        return AlignedText(lowered);
    };
}

TextStep strip_accents_step() {
    return [](AlignedText text) {
        if (is_ascii(text.bytes())) return text;
        std::vector<Character> kept = text.characters();
        std::erase_if(kept, [](const Character& character) { return is_mark(character.code); });
        return AlignedText(kept);
    };
}

TextStep strip_step(bool left, bool right) {
    return [left, right](AlignedText text) {
        const std::vector<Character> characters = decode_utf8(text.bytes());
        std::size_t begin = 0, end = characters.size();
        while (left && begin < end && is_space(characters[begin].code)) ++begin;
        while (right && begin < end && is_space(characters[end - 1].code)) --end;
        if (begin == end) return AlignedText();
        return text.part({characters[begin].begin, characters[end - 1].end});
    };
}

TextStep prepend_step(std::string text) {
    return [added = std::move(text)](AlignedText text) {
        if (text.bytes().empty()) return text;
        AlignedText result;
        result.append(added, text.source({0, 0}));
        result.append(text, {0, text.bytes().size()});
        return result;
    };
}

TextStep replace_step(std::shared_ptr<const RegularExpression> pattern, std::string replacement) {
    return [pattern = std::move(pattern), replacement = std::move(replacement)](AlignedText text) {
        std::vector<ByteRange> found;
        RegularExpression::Search(*pattern).find_all(text.bytes(), found);
        if (found.empty()) return text;
        AlignedText result;
        std::size_t done = 0;
        for (const ByteRange& match : found) {
            result.append(text, {done, match.begin});
            result.append(replacement, text.source(match));
            done = match.end;
        }
        result.append(text, {done, text.bytes().size()});
        return result;
    };
}

TextStep bert_step(BertNormalizer normalizer) {
    return [normalizer](AlignedText text) { return AlignedText(normalizer.apply(text.characters())); };
}

AlignedText Normalizer::apply(AlignedText text, const std::function<void()>& between) const {
    for (const TextStep& step : steps) {
        text = step(std::move(text));
        if (between) between();
    }
    return text;
}

} // namespace attnscope
