// The character model of the softmax-gradient experiment: a small pre-LayerNorm transformer, and its training.
//
//   h = embedding[character] + position[t]
//   h = h + out(attention(in(LayerNorm(h)))),  h = h + down(GELU(up(LayerNorm(h))))      for every layer, up to 4 ×
//   width logits = head(LayerNorm(h))                                                          the head is not the
//   embedding
//
// Embeddings, positions and weights start as N(0, .02²), biases at 0, norms at 1 with ε 1e-5; GELU is the exact one.
// Random feedback matrices are N(0, .02²) too: the initial scale of the weights they stand for. A pass runs on the
// calling thread alone; passes of one model may run side by side.
#pragma once

#include "models/char_gpt_functions.h"

#include <attnscope/jacobian_experiment.h>
#include <attnscope/job.h>

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

namespace attnscope::models {

/// Characters to read and those to predict, (count, length) each.
struct Windows {
    std::int64_t count = 0, length = 0;
    std::vector<std::int64_t> inputs, targets;

    std::int64_t predictions() const noexcept { return count * length; }
    /// Windows `first` … `first + some − 1`.
    Windows part(std::int64_t first, std::int64_t some) const;
};

class CharGpt {
public:
    CharGpt(const jacobian::CharGptShape& shape, std::size_t vocabulary, const jacobian::Combination& combination,
            std::uint64_t seed);

    /// The numbers of a flat gradient; new_gradients() are zeros.
    std::int64_t size() const noexcept { return parameters_.numel(); }
    at::Tensor new_gradients() const;

    /// Σ −ln p of the windows' predictions, nats.
    double loss(const Windows& windows) const;
    /// The same, and its gradient divided by `predictions`, as the model's combination has it, added to
    /// `gradients`.
    double loss(const Windows& windows, double predictions, at::Tensor& gradients, const AttentionTap& tap = {}) const;
    at::Tensor logits(const Windows& windows) const; ///< (count, length, vocabulary)

    /// A step of AdamW along the sum of `gradients`, in their order; the same bits for every number of threads.
    void update(std::span<const at::Tensor> gradients, double learning_rate, ThreadPool& pool);

    int updates() const noexcept { return updates_; }
    enum class Kept { all, parameters };
    TrainingState state(Kept kept) const;
    /// The reverse of state(Kept::all). Throws Error{input} for the state of another model.
    void restore(const TrainingState& state);
    at::Tensor& parameters() noexcept { return parameters_; } ///< flat; call refresh() after changing them
    void refresh();                                           ///< makes feedback that depends on the weights

private:
    class Forward;

    jacobian::CharGptShape shape_;
    jacobian::Combination combination_;
    std::vector<jacobian::CharGptPart> parts_;
    at::Tensor parameters_, first_moments_, second_moments_; // flat
    at::Tensor feedback_;                                    // flat as the parameters, for their weights; or none
    std::vector<at::Tensor> direct_;                         // (vocabulary, width) a layer, of direct feedback
    int updates_ = 0;
};

} // namespace attnscope::models
