// Normalisers: what happens to a text before it is split. Every step keeps the text aligned with its original.
#pragma once

#include "text/aligned_text.h"
#include "text/bert_normalizer.h"
#include "text/normal_form.h"
#include "text/regular_expression.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace attnscope {

using TextStep = std::function<AlignedText(AlignedText)>;

TextStep normal_form_step(NormalForm form);
TextStep lower_case_step();
TextStep strip_accents_step();              ///< drops every mark
TextStep strip_step(bool left, bool right); ///< drops white space at the ends
TextStep prepend_step(std::string text);    ///< to a text that is not empty
TextStep replace_step(std::shared_ptr<const RegularExpression> pattern, std::string replacement);
TextStep bert_step(BertNormalizer normalizer);

/// Steps in order; `between` is called after each.
struct Normalizer {
    std::vector<TextStep> steps;
    AlignedText apply(AlignedText text, const std::function<void()>& between = {}) const;
};

} // namespace attnscope
