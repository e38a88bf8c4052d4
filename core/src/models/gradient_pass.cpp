#include "models/gradient_pass.h"

#include "base/input_error.h"
#include "models/fixed_product.h"
#include "models/parallel_parts.h"
#include "models/pass_parts.h"
#include "module/compute/thread_guard.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/mm.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

namespace attnscope::models {
namespace {

/// Tokens whose activations of one layer are held at once, unless one text has more.
constexpr std::int64_t tokens_of_a_layer = 1024;

/// Takes the place of attention wherever its gradient is wanted.
class DifferentiableAttention final : public AttentionObserver {
public:
    DifferentiableAttention(const AttentionGradientVisitor& visitor, JobContext& context)
        : shifted_([&visitor, this](AttentionGradientTile tile) {
              tile.text += first_text;
              visitor(tile);
          }),
          context_(context) {}

    at::Tensor replacement(const AttentionPoint& point) override {
        return point.queries.requires_grad() ? differentiable_attention(point, shifted_, context_) : at::Tensor();
    }

    std::int64_t first_text = 0; ///< of the texts that are in the layer

private:
    AttentionGradientVisitor shifted_;
    JobContext& context_;
};

/// output = work(leaf) with a graph, and from the gradient of one that of the other.
template <class Work>
at::Tensor pull_back(const at::Tensor& input, const Work& work,
                     const std::function<at::Tensor(const at::Tensor& output)>& output_gradient) {
    at::Tensor leaf = input.detach().requires_grad_(true);
    at::Tensor output;
    {
        const c10::AutoGradMode graph(true);
        output = work(leaf);
    }
    output.backward(output_gradient(output.detach()));
    return leaf.grad();
}

struct Loss {
    double sum;
    at::Tensor gradient; ///< of the states (texts, T, hidden) behind the final norm
};

/// out = rows · matrix, on the CPU by as many threads as there are. Throws Cancelled.
void multiply(at::Tensor out, const at::Tensor& rows, const at::Tensor& matrix, const JobContext& context) {
    if (out.is_cpu())
        multiply_in_blocks(out, rows, matrix, {}, context);
    else
        at::mm_out(out, rows, matrix);
    context.checkpoint();
}

/// Logits (rows, vocabulary) become the gradient of the loss by them, times `weight`. targets (rows); losses (rows).
void gradients_of_logits(at::Tensor logits, const at::Tensor& targets, double weight, double* losses) {
    const at::Tensor next = targets.unsqueeze(1);
    const at::Tensor normaliser = at::logsumexp(logits, 1, true);
    const at::Tensor chosen = logits.gather(1, next);
    const at::Tensor lost = normaliser.to(at::kDouble).sub_(chosen).cpu();
    std::copy_n(lost.const_data_ptr<double>(), lost.numel(), losses);
    logits.sub_(normaliser).exp_();
    logits.scatter_(1, next, chosen.sub(normaliser).expm1()); // p − 1 without cancellation where p is near 1
    logits.mul_(weight);
}

/// The same, some rows a thread.
void losses_of_logits(const at::Tensor& logits, const at::Tensor& targets, double weight, double* losses,
                      const JobContext& context) {
    if (!logits.is_cpu()) return gradients_of_logits(logits, targets, weight, losses);
    constexpr std::int64_t numbers_of_part = std::int64_t{1} << 18;
    const std::int64_t rows = logits.size(0), most = std::max<std::int64_t>(1, numbers_of_part / logits.size(1));
    parallel_parts<LibTorchCalls>(static_cast<std::size_t>((rows + most - 1) / most), context, [&](std::size_t part) {
        const std::int64_t first = static_cast<std::int64_t>(part) * most, count = std::min(most, rows - first);
        gradients_of_logits(logits.narrow(0, first, count), targets.narrow(0, first, count), weight, losses + first);
    });
}

/// targets (texts · T)
Loss loss_of_states(const Pass& pass, const LoadedModel& model, const at::Tensor& states, const at::Tensor& targets,
                    double weight) {
    constexpr double operations_of_a_part = 4e9;
    constexpr std::int64_t fewest_rows = 16;
    const ModelConfig& config = pass.config;
    const at::Tensor head = Block(pass, -1).weight(head_name(model) + ".weight", {config.vocabulary, config.hidden});
    const at::Tensor rows = states.reshape({-1, config.hidden}), gradient = at::empty_like(rows);
    const auto fitting = static_cast<std::int64_t>(operations_of_a_part / (2.0 * static_cast<double>(head.numel())));
    const std::int64_t most = std::max(fewest_rows, fitting), total = rows.size(0);
    const at::Tensor memory = at::empty({std::min(most, total), config.vocabulary}, rows.options());
    Loss loss{0, {}};
    std::vector<double> losses(static_cast<std::size_t>(total));
    for (std::int64_t first = 0; first < total; first += most) {
        pass.context.progress(static_cast<double>(first), static_cast<double>(total), "loss");
        const std::int64_t count = std::min(most, total - first);
        const at::Tensor logits = memory.narrow(0, 0, count), part = gradient.narrow(0, first, count);
        multiply(logits, rows.narrow(0, first, count), head.t(), pass.context);
        losses_of_logits(logits, targets.narrow(0, first, count), weight, losses.data() + first, pass.context);
        multiply(part, logits, head, pass.context);
    }
    loss.sum = std::accumulate(losses.begin(), losses.end(), 0.0);
    loss.gradient = gradient.view(states.sizes());
    return loss;
}

} // namespace

std::uint64_t gradient_pass_bytes(const ModelConfig& config, std::int64_t first_layer, std::int64_t length) {
    // What enters each layer, the states behind the last and their gradients.
    const auto states = static_cast<std::uint64_t>(config.layers - first_layer + 4);
    return states * static_cast<std::uint64_t>(length * config.hidden) * sizeof(float);
}

double gradient_pass(const LoadedModel& model, const std::vector<std::vector<std::int64_t>>& texts,
                     const GradientPassOptions& options, JobContext& context) {
    const ModelConfig& config = model.config();
    ATTNSCOPE_ASSERT(!model.is_encoder() && !texts.empty() && texts.front().size() > 1);
    const c10::AutoGradMode no_graph(false);
    const ThreadGuard threads(context.threads());
    const auto count = static_cast<std::int64_t>(texts.size());
    const auto length = static_cast<std::int64_t>(texts.front().size()) - 1;

    DifferentiableAttention attention(options.visitor, context);
    ForwardOptions forward;
    forward.observer = &attention;
    Pass pass = make_pass(model, forward, context);
    pass.differentiable = true;
    if (config.rotary.dimensions > 0) pass.rotary = rotary_table(config.rotary, length, pass.device);
    const FamilyForward& family = model.forward();
    const at::Tensor ids = id_tensor(texts, pass.device);

    at::Tensor hidden = family.embed(pass, ids.narrow(1, 0, length));
    std::vector<at::Tensor> entering(static_cast<std::size_t>(config.layers));
    for (std::int64_t layer = 0; layer < config.layers; ++layer) {
        context.progress(static_cast<double>(layer), static_cast<double>(config.layers), "forward");
        if (layer >= options.first_layer) entering[static_cast<std::size_t>(layer)] = hidden;
        hidden = family.layer(pass, layer, std::move(hidden));
    }

    double sum = 0;
    at::Tensor gradient = pull_back(
        hidden, [&](const at::Tensor& leaf) { return family.finish(pass, leaf); },
        [&](const at::Tensor& states) {
            const Loss loss =
                loss_of_states(pass, model, states, ids.narrow(1, 1, length).reshape({-1}), options.prediction_weight);
            sum = loss.sum;
            return loss.gradient;
        });
    hidden.reset();
    if (!std::isfinite(sum)) input_error(model.files().name, "a finite loss", std::isnan(sum) ? "NaN" : "infinity");

    const std::int64_t at_once = std::max<std::int64_t>(1, tokens_of_a_layer / length);
    const std::int64_t last = config.layers - 1;
    for (std::int64_t layer = last; layer >= options.first_layer; --layer) {
        at::Tensor& input = entering[static_cast<std::size_t>(layer)];
        const auto layers = static_cast<double>(config.layers - options.first_layer);
        for (std::int64_t first = 0; first < count; first += at_once) {
            const std::int64_t taken = std::min(at_once, count - first);
            context.progress(static_cast<double>(last - layer) +
                                 static_cast<double>(first) / static_cast<double>(count),
                             layers, "gradients");
            attention.first_text = first;
            at::Tensor part = gradient.narrow(0, first, taken);
            const at::Tensor below = pull_back(
                input.narrow(0, first, taken), [&](const at::Tensor& leaf) { return family.layer(pass, layer, leaf); },
                [&](const at::Tensor&) { return part; });
            // A job that was cancelled left its products undone.
            context.checkpoint();
            part.copy_(below);
        }
        input.reset();
        if (options.after_layer) options.after_layer(layer);
    }
    return sum;
}

} // namespace attnscope::models
