#include "analyses/residual/compute/observer.h"

#include "analyses/residual/groups.h"
#include "base/input_error.h"
#include "models/fixed_product.h"

#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <string>
#include <utility>

namespace attnscope::compute {

using residual::Form;

ResidualObserver::ResidualObserver(const residual::Request& request, const residual::Plan& plan, JobContext& context)
    : request_(request), parameters_(request.parameters), context_(context) {
    const std::int64_t heads = request.model->config().heads;
    for (const int layer : plan.layers) {
        const at::Tensor mask = at::zeros({heads, 1, 1}, at::kBool);
        std::int64_t count = 0;
        for (const residual::HeadChoice& choice : plan.heads) {
            if (choice.layer != layer) continue;
            mask.mutable_data_ptr<bool>()[choice.head] = true;
            ++count;
        }
        chosen_[layer] = count == heads ? at::Tensor() : mask;
    }
}

void ResidualObserver::gather(std::int64_t texts, std::int64_t expected_rows, std::int64_t first_block) {
    gathered_texts_ = texts;
    expected_rows_ = expected_rows;
    first_block_ = first_block;
}

void ResidualObserver::observe_residual(int layer, const at::Tensor& hidden) {
    if (kept_layer_ >= 0 && layer == kept_layer_ - 1) kept_.hidden = hidden.clone();
}

at::Tensor ResidualObserver::known_context(int layer) {
    const bool known = given_.context.defined() && layer == chosen_.begin()->first;
    return known ? replaced(given_.leading, given_.context, layer) : at::Tensor();
}

at::Tensor ResidualObserver::replacement(const models::AttentionPoint& point) {
    if (!chosen_.contains(point.layer)) return {};
    const bool gathers = gathered_texts_ > 0, keeps = point.layer == kept_layer_;
    if (!gathers && !keeps && replacement_.kind == Replacement::Kind::full)
        return models::attend_in_tiles(point, 1.0, nullptr, context_);
    const SplitOptions options{.top_k = parameters_.top_k,
                               .exclude_sink = parameters_.exclude_sink,
                               .with_tail = gathers && parameters_.form != Form::context};
    const AttentionSplit split = split_attention(point, options, context_);
    if (gathers) gather_from(split, point, options);
    if (keeps) {
        kept_.leading = split.leading;
        kept_.context = split.context;
    }
    return replaced(split.leading, split.context, point.layer);
}

at::Tensor ResidualObserver::replaced(const at::Tensor& leading, const at::Tensor& context, int layer) {
    if (replacement_.kind == Replacement::Kind::full) return context;
    const at::Tensor all =
        replacement_.kind == Replacement::Kind::leading ? leading : projected(leading, context, layer);
    const at::Tensor heads = all.to(context.scalar_type()), &mask = chosen_.at(layer);
    return mask.defined() ? at::where(mask.to(heads.device()), heads, context) : heads;
}

void ResidualObserver::gather_from(const AttentionSplit& split, const models::AttentionPoint& point,
                                   const SplitOptions& options) {
    at::Tensor residuals;
    switch (parameters_.form) {
    case Form::context: residuals = split.context.to(at::kFloat).sub(split.leading); break;
    case Form::tail: residuals = split.tail; break;
    case Form::tail_normalized:
        residuals = at::where(split.tail_weight.gt(0), split.tail.div(split.tail_weight.clamp_min(1e-30)),
                              at::zeros({}, split.tail.options()));
        break;
    }
    // Points that are equal by construction would be each other's nearest neighbours, at a distance of rounding.
    std::vector<std::int64_t> sampled;
    if (parameters_.two_nn) sampled = rows_with_residual(point, options, parameters_.form == Form::tail_normalized);
    auto moments = moments_.find(point.layer);
    if (moments == moments_.end()) {
        const auto most = static_cast<std::int64_t>(residual::most_two_nn_rows);
        const std::int64_t expected = expected_rows_ / point.rows() * std::ssize(sampled);
        moments = moments_.emplace(point.layer, ResidualMoments(expected, sampled.empty() ? 0 : most)).first;
    }
    for (std::int64_t text = 0; text < std::min(gathered_texts_, residuals.size(0)); ++text) {
        context_.checkpoint();
        moments->second.add(residuals[text], sampled, context_);
        // Eigenvectors of sums that are not finite would be refused by LAPACK, or be made of nothing.
        if (const std::int64_t head = moments->second.head_without_finite_sums(); head >= 0)
            input_error(request_.model->files().name, "finite residuals", "NaN or infinity",
                        "calibration block " + std::to_string(first_block_ + text) + ", layer " +
                            std::to_string(point.layer) + ", head " + std::to_string(head));
    }
}

at::Tensor ResidualObserver::projected(const at::Tensor& leading, const at::Tensor& context, int layer) {
    LayerBasis& basis = bases_.at(layer);
    basis.encoder = basis.encoder.to(leading.device());
    basis.decoder = basis.decoder.to(leading.device());
    const std::int64_t width = basis.encoder.size(2), rank = replacement_.rank;
    // Through the directions that stay or through those that go, whichever are fewer: no rank costs more than half of
    // them, and none and all of them are exactly A and B.
    const bool stay = 2 * rank <= width;
    if (rank == 0) return leading;
    const at::Tensor whole = context.to(at::kFloat);
    if (rank == width) return whole;
    const std::int64_t first = stay ? 0 : rank, count = stay ? rank : width - rank;
    const at::Tensor parts =
        models::multiply_by_head(whole.sub(leading), basis.encoder.narrow(2, first, count), context_);
    const at::Tensor change =
        models::multiply_by_head(parts, basis.decoder.narrow(2, first, count).transpose(1, 2), context_);
    return stay ? leading.add(change) : whole.sub(change);
}

} // namespace attnscope::compute
