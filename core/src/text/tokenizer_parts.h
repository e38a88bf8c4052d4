// Parts that tokenizers from different files share.
#pragma once

#include "text/byte_pair_model.h"
#include "text/split_steps.h"

#include <cstddef>
#include <memory>
#include <string>

namespace attnscope {

/// Bytes of a token in a file; longer ones are refused.
inline constexpr std::size_t longest_token = 4096;

/// How GPT-2 splits a text before the byte level. Source: Radford et al. 2019.
inline constexpr const char* gpt2_pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
inline constexpr const char* spaces_pattern = R"(\s)";
inline constexpr const char* number_pattern = R"(\p{N})";
inline constexpr const char* punctuation_pattern = R"([\p{P}!-/:-@\[-`{-~])"; ///< ASCII symbols included
inline constexpr const char* words_pattern = R"(\w+|[^\w\s]+)";
/// SentencePiece's mark for a space.
inline constexpr const char* lower_one_eighth_block = "\u2581";

/// Splits at a pattern of the program's own.
SplitStep known_split(const char* pattern, SplitBehavior behavior = SplitBehavior::isolated, bool inverted = false);
/// Words apart at white space, punctuation character by character.
std::vector<SplitStep> bert_split();

/// A mark that stands for spaces, and where one is set that was not in the text.
struct SpaceMark {
    std::string mark;
    BytePairSettings::SpacePrefix prefix = BytePairSettings::SpacePrefix::none;
};
/// Tells the model of the mark, and splits before marks where that cannot change the tokens: short pieces come again.
void set_spaces(const SpaceMark& spaces, BytePairSettings& model, PreTokenizer& pre_tokenizer);

} // namespace attnscope
