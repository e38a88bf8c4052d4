// Running a model: hidden states up to a layer, logits at chosen places, the loss of a text. The logits of all places
// are never held at once.
#pragma once

#include "models/attention_point.h"
#include "models/language_model.h"

#include <attnscope/job.h>
#include <attnscope/model.h>

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

namespace attnscope::models {

struct ForwardOptions {
    AttentionObserver* observer = nullptr;
    std::int64_t last_layer = -1; ///< −1 = all. Later layers are neither run nor converted
    Precision precision = Precision::float32;
    /// Of the last layer of a decoder only the attention is run, for an observer who wants no more: hidden_states()
    /// gives an undefined tensor.
    bool attention_only = false;
};

/// Hidden states (texts, T, hidden) behind the last layer asked for; behind the final norm too when all are run.
/// `texts` have one length. On the job's device (an encoder always on the CPU, in float32). A checkpoint before every
/// part of a layer; progress under the stage "forward". Throws Error{input} as check_tokens() and Weights::get() do.
at::Tensor hidden_states(const LoadedModel& model, const std::vector<std::vector<std::int64_t>>& texts,
                         const ForwardOptions& options, JobContext& context);

/// The same, going on from hidden states (texts, T, hidden) in front of layer `first_layer`, which it may write into;
/// not for an encoder.
at::Tensor continued_states(const LoadedModel& model, at::Tensor hidden, std::int64_t first_layer,
                            const ForwardOptions& options, JobContext& context);

/// Logits (rows, vocabulary) in float32 of hidden states (rows, hidden) behind the final norm.
at::Tensor head_logits(const LoadedModel& model, const at::Tensor& rows, const ForwardOptions& options,
                       JobContext& context);

/// −ln p(targets[r]) of hidden states (rows, hidden) behind the final norm: (rows) in float64 on the CPU.
at::Tensor token_losses(const LoadedModel& model, const at::Tensor& states, std::span<const std::int64_t> targets,
                        const ForwardOptions& options, JobContext& context);

/// Sum over t of −ln p(ids[t + 1]) with the hidden states (T, hidden) of `ids`; T ≥ 2. Divide by T − 1 for the mean.
double loss_sum(const LoadedModel& model, const at::Tensor& hidden, std::span<const std::int64_t> ids,
                const ForwardOptions& options, JobContext& context);

} // namespace attnscope::models
