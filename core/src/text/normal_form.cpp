#include "text/normal_form.h"

#include <attnscope/error.h>

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <cstdint>

namespace attnscope {
namespace {

bool composes(NormalForm form) {
    return form == NormalForm::nfc || form == NormalForm::nfkc;
}

const icu::Normalizer2& normalizer(NormalForm form) {
    UErrorCode failure = U_ZERO_ERROR;
    const icu::Normalizer2* result = nullptr;
    switch (form) {
    case NormalForm::nfc: result = icu::Normalizer2::getNFCInstance(failure); break;
    case NormalForm::nfd: result = icu::Normalizer2::getNFDInstance(failure); break;
    case NormalForm::nfkc: result = icu::Normalizer2::getNFKCInstance(failure); break;
    case NormalForm::nfkd: result = icu::Normalizer2::getNFKDInstance(failure); break;
    }
    ATTNSCOPE_ASSERT(U_SUCCESS(failure) && result);
    return *result;
}

std::uint8_t combining_class(const Character& character) {
    return character.code < 0x300 ? 0 : u_getCombiningClass(static_cast<UChar32>(character.code));
}

void append_decomposed(std::vector<Character>& result, const Character& character, const icu::Normalizer2& form) {
    icu::UnicodeString parts;
    if (character.code < 0x80 || !form.getDecomposition(static_cast<UChar32>(character.code), parts)) {
        result.push_back(character);
        return;
    }
    for (std::int32_t i = 0; i < parts.length(); i = parts.moveIndex32(i, 1))
        result.push_back({static_cast<char32_t>(parts.char32At(i)), character.begin, character.end});
}

/// Marks behind what they mark, in the order of their classes.
void put_in_canonical_order(std::vector<Character>& text) {
    const auto marks = [](const Character& character) { return combining_class(character) != 0; };
    for (auto begin = text.begin(); begin != text.end();) {
        begin = std::find_if(begin, text.end(), marks);
        const auto end = std::find_if_not(begin, text.end(), marks);
        std::stable_sort(
            begin, end, [](const Character& a, const Character& b) { return combining_class(a) < combining_class(b); });
        begin = end;
    }
}

std::vector<Character> composed(const std::vector<Character>& text, const icu::Normalizer2& form) {
    std::vector<Character> result;
    result.reserve(text.size());
    std::size_t starter = text.size(); // in the result; beyond it while there is none
    int last_class = -1;               // of the last character kept behind the starter; -1 = none kept
    for (const Character& character : text) {
        const int rank = combining_class(character);
        // Blocked from the starter by a kept character of the same or a higher class.
        if (starter < result.size() && last_class < rank) {
            const UChar32 pair =
                form.composePair(static_cast<UChar32>(result[starter].code), static_cast<UChar32>(character.code));
            if (pair >= 0) {
                Character& kept = result[starter];
                kept = {static_cast<char32_t>(pair), std::min(kept.begin, character.begin),
                        std::max(kept.end, character.end)};
                continue;
            }
        }
        if (rank == 0) {
            starter = result.size();
            last_class = -1;
        } else {
            last_class = rank;
        }
        result.push_back(character);
    }
    return result;
}

} // namespace

std::vector<Character> normalized(const std::vector<Character>& text, NormalForm form) {
    std::vector<Character> result;
    result.reserve(text.size());
    for (const Character& character : text) append_decomposed(result, character, normalizer(form));
    put_in_canonical_order(result);
    return composes(form) ? composed(result, normalizer(form)) : result;
}

bool is_normalized(std::string_view utf8, NormalForm form) {
    if (utf8.size() > std::size_t{INT32_MAX}) return false;
    UErrorCode failure = U_ZERO_ERROR;
    const icu::StringPiece bytes(utf8.data(), static_cast<std::int32_t>(utf8.size()));
    return normalizer(form).isNormalizedUTF8(bytes, failure) && U_SUCCESS(failure);
}

} // namespace attnscope
