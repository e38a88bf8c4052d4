#include "text/tokenizer_parts.h"

#include <algorithm>

namespace attnscope {
namespace {

/// Whether no token has `mark` behind something else.
bool marks_begin_tokens(const Vocabulary& vocabulary, std::string_view mark) {
    return std::all_of(vocabulary.begin(), vocabulary.end(), [mark](const auto& entry) {
        const std::string_view spelling = entry.first;
        std::size_t run_end = 0;
        for (std::size_t place = spelling.find(mark); place != std::string_view::npos;
             place = spelling.find(mark, run_end)) {
            if (place != run_end) return false;
            run_end = place + mark.size();
        }
        return true;
    });
}

} // namespace

SplitStep known_split(const char* pattern, SplitBehavior behavior, bool inverted) {
    return split_step(std::make_shared<RegularExpression>(pattern, "tokenizer", ""), behavior, inverted);
}

std::vector<SplitStep> bert_split() {
    return {known_split(spaces_pattern, SplitBehavior::removed), known_split(punctuation_pattern)};
}

void set_spaces(const SpaceMark& spaces, BytePairSettings& model, PreTokenizer& pre_tokenizer) {
    if (spaces.mark.empty() || model.units != BytePairSettings::Units::characters) return;
    model.space_mark = spaces.mark;
    model.space_prefix = spaces.prefix;
    // A mark that is a token itself ends a run of unknown characters; spellings that depend on where a piece begins or
    // ends forbid other pieces.
    if (model.continuation.empty() && model.word_end.empty() && model.vocabulary.contains(spaces.mark) &&
        marks_begin_tokens(model.vocabulary, spaces.mark)) {
        pre_tokenizer.steps.push_back(split_before_runs_step(spaces.mark));
    }
}

} // namespace attnscope
