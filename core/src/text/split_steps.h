// Pre-tokenizers: how a text is split into the pieces that a tokenizer's model sees one by one.
#pragma once

#include "text/aligned_text.h"
#include "text/regular_expression.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace attnscope {

/// Pieces of a text in order; what lies in none of them is dropped.
struct Pieces {
    AlignedText text;
    std::vector<ByteRange> ranges; ///< none is empty
};

using SplitStep = std::function<void(Pieces&)>;

/// What becomes of the matches a piece is split at.
enum class SplitBehavior { removed, isolated, merged_with_previous, merged_with_next, contiguous };

/// `inverted` splits at what lies between the matches.
SplitStep split_step(std::shared_ptr<const RegularExpression> pattern, SplitBehavior behavior, bool inverted = false);
/// Sets `prefix` before every piece that does not begin with it; `first_only`: only where the original begins.
SplitStep prefix_step(std::string prefix, bool first_only = false);
SplitStep replace_in_pieces_step(char from, std::string to);
/// Spells every byte by its character of the byte alphabet.
SplitStep spell_bytes_step();
/// Splits before every run of `mark` that follows something else.
SplitStep split_before_runs_step(std::string mark);

struct PreTokenizer {
    std::vector<SplitStep> steps;
    bool gives_bytes = false; ///< a spelling of bytes that would come last is left to the model
    /// `between` is called after each step.
    Pieces split(AlignedText text, const std::function<void()>& between = {}) const;
};

} // namespace attnscope
