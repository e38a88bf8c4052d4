// What stands at the attention point during a residual sweep: it gathers the moments of ε, or replaces the context.
#pragma once

#include "analyses/residual/compute/basis.h"
#include "analyses/residual/compute/split.h"

#include <attnscope/residual.h>

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <utility>

namespace attnscope::compute {

/// What chosen heads give to the output projection.
struct Replacement {
    enum class Kind {
        full,      ///< the context as it is
        leading,   ///< V*
        projected, ///< V* + Q_rank ε
    } kind = Kind::full;
    int rank = 0;
};

/// What a pass over some texts brings to the first replaced layer: the same for every replacement.
struct FirstLayer {
    at::Tensor hidden;  ///< (texts, T, hidden) in front of it
    at::Tensor leading; ///< (texts, heads, T, value_dim) V*, float32
    at::Tensor context; ///< (texts, heads, T, value_dim) Σ p_i V_i
};

class ResidualObserver final : public models::AttentionObserver {
public:
    ResidualObserver(const residual::Request& request, const residual::Plan& plan, JobContext& context);

    /// Of the layers that are met from now on.
    void replace(Replacement replacement) { replacement_ = replacement; }
    /// Residuals of the first `texts` of a pass go into the moments; 0: none. `expected_rows` tokens will come, and the
    /// first text is block `first_block`: a pass throws Error{input} naming the block, layer and head whose residuals
    /// are not finite.
    void gather(std::int64_t texts, std::int64_t expected_rows, std::int64_t first_block);
    void gather_nothing() { gathered_texts_ = 0; }
    /// What comes to this layer is kept; −1: nothing is.
    void keep_at(int layer) { kept_layer_ = layer; }
    FirstLayer take_kept() { return std::exchange(kept_, {}); }
    /// The first replaced layer is not run, but takes its attention from here, until it gets another or none.
    void go_on_from(FirstLayer first) { given_ = std::move(first); }

    const std::map<int, ResidualMoments>& moments() const { return moments_; }
    void set_basis(int layer, LayerBasis basis) { bases_[layer] = std::move(basis); }
    void drop_moments() { moments_.clear(); }

    at::Tensor known_context(int layer) override;
    at::Tensor replacement(const models::AttentionPoint& point) override;
    void observe_residual(int layer, const at::Tensor& hidden) override;

private:
    void gather_from(const AttentionSplit& split, const models::AttentionPoint& point, const SplitOptions& options);
    at::Tensor replaced(const at::Tensor& leading, const at::Tensor& context, int layer);
    at::Tensor projected(const at::Tensor& leading, const at::Tensor& context, int layer);

    const residual::Request& request_;
    const residual::Parameters& parameters_;
    JobContext& context_;
    std::map<int, at::Tensor> chosen_; ///< layer → (heads, 1, 1) whether the head is replaced; undefined: all are
    Replacement replacement_;
    std::int64_t gathered_texts_ = 0, expected_rows_ = 0, first_block_ = 0;
    std::map<int, ResidualMoments> moments_;
    std::map<int, LayerBasis> bases_;
    int kept_layer_ = -1;
    FirstLayer kept_, given_;
};

} // namespace attnscope::compute
