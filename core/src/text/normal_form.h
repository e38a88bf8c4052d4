// Unicode normal forms of a text that stays aligned with its original.
#pragma once

#include "text/characters.h"

#include <string_view>
#include <vector>

namespace attnscope {

enum class NormalForm { nfc, nfd, nfkc, nfkd };

/// A decomposed character keeps its source's range, a composed one spans those of its parts.
/// Source: Unicode Standard Annex 15.
std::vector<Character> normalized(const std::vector<Character>& text, NormalForm form);
/// Whether `utf8` is in that form already; a quick check for most texts.
bool is_normalized(std::string_view utf8, NormalForm form);

} // namespace attnscope
