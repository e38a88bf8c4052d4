// The families of models that can be run, each a name map and three functions.
#pragma once

#include "models/pass.h"
#include "models/weights.h"

#include <attnscope/model.h>

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace attnscope::models {

struct FamilyForward {
    Family family;
    WeightNames names;
    const char* embedding; ///< the token embedding, which is the head as well where the two are tied
    const char* head;      ///< a head of its own; null in a family without one
    /// ids (texts, T) → (texts, T, hidden): tokens, and learned positions where the family has them.
    at::Tensor (*embed)(const Pass& pass, const at::Tensor& ids);
    /// (texts, T, hidden) → (texts, T, hidden). May write into its input.
    at::Tensor (*layer)(const Pass& pass, std::int64_t index, at::Tensor hidden);
    /// The norm between the last layer and the head.
    at::Tensor (*finish)(const Pass& pass, const at::Tensor& hidden);
};

extern const FamilyForward gpt2, gpt_neox, llama, qwen3;

/// Throws Error{input} for a family without a forward pass of its own here.
const FamilyForward& family_forward(Family family, const std::string& model);

} // namespace attnscope::models
