// BERT's text normaliser: what happens to a text before it is split into words.
#pragma once

#include "text/characters.h"

#include <vector>

namespace attnscope {

/// As Devlin et al. 2018, in the reference library's order: clean, space ideographs, strip accents, lower-case.
struct BertNormalizer {
    bool clean_text = true;    ///< drop NUL, U+FFFD and control characters; white space becomes a blank
    bool space_cjk = true;     ///< a blank on both sides of every CJK ideograph
    bool strip_accents = true; ///< decompose canonically and drop nonspacing marks
    bool lower_case = true;

    std::vector<Character> apply(std::vector<Character> text) const;
};

} // namespace attnscope
