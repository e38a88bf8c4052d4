#include "models/forward.h"

#include "base/input_error.h"
#include "kernels/devices.h"
#include "models/packed_linear.h"
#include "models/parallel_parts.h"
#include "models/pass_parts.h"
#include "module/compute/thread_guard.h"

#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/logaddexp.h>
#include <ATen/ops/logsumexp.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <string>
#include <utility>

namespace attnscope::models {
namespace {

at::Device device_of(const JobContext& context) {
    const Device device = compute::resolve_device(context.device());
    return device.kind == Device::Kind::cuda ? at::Device(at::kCUDA, static_cast<at::DeviceIndex>(device.index))
                                             : at::Device(at::kCPU);
}

} // namespace

Pass make_pass(const LoadedModel& model, const ForwardOptions& options, JobContext& context) {
    return {.config = model.config(),
            .weights = model.weights(),
            .context = context,
            .observer = options.observer,
            .type = options.precision == Precision::bfloat16 ? at::kBFloat16 : at::kFloat,
            .device = device_of(context),
            .rotary = {}};
}

std::string head_name(const LoadedModel& model) {
    return model.config().tied_head ? model.forward().embedding : model.forward().head;
}

at::Tensor id_tensor(const std::vector<std::vector<std::int64_t>>& texts, at::Device device) {
    const auto length = static_cast<std::int64_t>(texts.front().size());
    at::Tensor ids = at::empty({static_cast<std::int64_t>(texts.size()), length}, at::kLong);
    std::int64_t* next = ids.mutable_data_ptr<std::int64_t>();
    for (const auto& text : texts) next = std::copy(text.begin(), text.end(), next);
    return ids.to(device);
}

namespace {

at::Tensor encoder_states(const LoadedModel& model, const std::vector<std::vector<std::int64_t>>& texts,
                          std::int64_t last_layer, AttentionObserver* observer, JobContext& context) {
    RaggedBatch batch;
    for (const auto& text : texts) {
        batch.ids.insert(batch.ids.end(), text.begin(), text.end());
        batch.lengths.push_back(static_cast<std::int64_t>(text.size()));
    }
    const at::Tensor states = model.bert().forward(batch, context, observer, last_layer);
    return states.view({static_cast<std::int64_t>(texts.size()), batch.lengths.front(), -1});
}

/// A pass over texts of `places` tokens.
Pass pass_over(const LoadedModel& model, std::int64_t places, const ForwardOptions& options, JobContext& context) {
    Pass pass = make_pass(model, options, context);
    if (model.config().rotary.dimensions > 0) pass.rotary = rotary_table(model.config().rotary, places, pass.device);
    return pass;
}

std::int64_t last_layer(const LoadedModel& model, const ForwardOptions& options) {
    const std::int64_t layers = model.config().layers;
    ATTNSCOPE_ASSERT(options.last_layer < layers);
    return options.last_layer < 0 ? layers - 1 : options.last_layer;
}

/// Layers first … last of what stands in front of them, and the final norm behind the last of all.
at::Tensor run_layers(const LoadedModel& model, const Pass& pass, at::Tensor hidden, std::int64_t first,
                      std::int64_t last) {
    const FamilyForward& family = model.forward();
    for (std::int64_t index = first; index <= last; ++index) {
        pass.context.progress(static_cast<double>(index - first), static_cast<double>(last + 1 - first), "forward");
        pass.weights.prepare(index, pass.type, pass.device, pass.context);
        hidden = family.layer(pass, index, std::move(hidden));
        if (!hidden.defined()) break;
        if (pass.observer) pass.observer->observe_residual(static_cast<int>(index), hidden);
    }
    pass.context.progress(1, 1, "forward");
    return hidden.defined() && last + 1 == model.config().layers ? family.finish(pass, hidden) : hidden;
}

} // namespace

at::Tensor hidden_states(const LoadedModel& model, const std::vector<std::vector<std::int64_t>>& texts,
                         const ForwardOptions& options, JobContext& context) {
    ATTNSCOPE_ASSERT(!texts.empty());
    for (const auto& text : texts) {
        check_tokens(model, text);
        ATTNSCOPE_ASSERT(text.size() == texts.front().size());
    }
    const std::int64_t last = last_layer(model, options);
    const c10::InferenceMode no_gradients;
    const ThreadGuard threads(context.threads());
    if (model.is_encoder()) return encoder_states(model, texts, last, options.observer, context);

    Pass pass = pass_over(model, static_cast<std::int64_t>(texts.front().size()), options, context);
    if (options.attention_only) pass.attention_only = last;
    at::Tensor hidden = model.forward().embed(pass, id_tensor(texts, pass.device));
    if (pass.observer) pass.observer->observe_residual(-1, hidden);
    return run_layers(model, pass, std::move(hidden), 0, last);
}

at::Tensor continued_states(const LoadedModel& model, at::Tensor hidden, std::int64_t first_layer,
                            const ForwardOptions& options, JobContext& context) {
    const std::int64_t last = last_layer(model, options);
    ATTNSCOPE_ASSERT(!model.is_encoder() && first_layer >= 0 && first_layer <= last);
    const c10::InferenceMode no_gradients;
    const ThreadGuard threads(context.threads());
    const Pass pass = pass_over(model, hidden.size(1), options, context);
    return run_layers(model, pass, std::move(hidden), first_layer, last);
}

at::Tensor head_logits(const LoadedModel& model, const at::Tensor& rows, const ForwardOptions& options,
                       JobContext& context) {
    const c10::InferenceMode no_gradients;
    const ThreadGuard threads(context.threads());
    const Pass pass = make_pass(model, options, context);
    return Block(pass, -1).linear(rows, head_name(model), model.config().vocabulary, false).to(at::kFloat);
}

namespace {

using ReportPart = std::function<void(double part)>;

/// ln Σ e^logit of each row of logits (rows, columns), in float64.
at::Tensor row_log_sum_exp(const at::Tensor& logits, const JobContext& context) {
    if (!logits.is_cpu()) return at::logsumexp(logits, 1).to(at::kDouble);
    constexpr std::int64_t rows_of_part = 16;
    const std::int64_t rows = logits.size(0);
    const at::Tensor sums = at::empty({rows}, logits.options().dtype(at::kDouble));
    parallel_parts<LibTorchCalls>(
        static_cast<std::size_t>((rows + rows_of_part - 1) / rows_of_part), context, [&](std::size_t part) {
            const std::int64_t first = static_cast<std::int64_t>(part) * rows_of_part;
            const std::int64_t count = std::min(rows_of_part, rows - first);
            sums.narrow(0, first, count).copy_(at::logsumexp(logits.narrow(0, first, count), 1));
        });
    return sums;
}

/// ln Σ e^logit over the vocabulary for states (rows, hidden), in float64, where the head is a tensor (vocabulary,
/// hidden). Logits are held for some columns at a time.
at::Tensor log_normalisers(const at::Tensor& states, const at::Tensor& head, const ReportPart& progress,
                           const JobContext& context) {
    constexpr std::int64_t logits_per_block = std::int64_t{4} << 20;
    const std::int64_t vocabulary = head.size(0);
    const std::int64_t columns = std::max<std::int64_t>(64, logits_per_block / states.size(0));
    at::Tensor total;
    for (std::int64_t id = 0; id < vocabulary; id += columns) {
        progress(static_cast<double>(id) / static_cast<double>(vocabulary));
        const at::Tensor logits = product(states, head.narrow(0, id, std::min(columns, vocabulary - id)), {}, context);
        const at::Tensor part = row_log_sum_exp(logits.to(at::kFloat), context);
        total = total.defined() ? at::logaddexp(total, part) : part;
    }
    return total;
}

} // namespace

at::Tensor token_losses(const LoadedModel& model, const at::Tensor& states, std::span<const std::int64_t> targets,
                        const ForwardOptions& options, JobContext& context) {
    const c10::InferenceMode no_gradients;
    const ThreadGuard threads(context.threads());
    const auto predictions = static_cast<std::int64_t>(targets.size());
    ATTNSCOPE_ASSERT(predictions >= 1 && states.size(0) == predictions);
    const ModelConfig& config = model.config();
    const Pass pass = make_pass(model, options, context);
    const WeightName name{-1, head_name(model) + ".weight"};
    const bool packed = takes_packed_weights(states);
    const auto packed_head =
        packed ? model.weights().packed(name, config.vocabulary, config.hidden, context.stop()) : nullptr;
    const at::Tensor head =
        packed ? at::Tensor() : Block(pass, -1).weight(name.part, {config.vocabulary, config.hidden});

    constexpr std::int64_t most_rows = 1024; // enough that the head is read seldom
    const at::Tensor losses = at::empty({predictions}, at::kDouble);
    for (std::int64_t first = 0; first < predictions; first += most_rows) {
        const std::int64_t rows = std::min(most_rows, predictions - first);
        const ReportPart progress = [&](double part) {
            context.progress(static_cast<double>(first) + static_cast<double>(rows) * part,
                             static_cast<double>(predictions), "loss");
        };
        const at::Tensor some = states.narrow(0, first, rows);
        const std::span next = targets.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(rows));
        const at::Tensor next_ids = id_tensor({{next.begin(), next.end()}}, states.device()).view({rows});
        if (packed) {
            losses.narrow(0, first, rows).copy_(softmax_losses(some, *packed_head, next_ids, context, progress));
            continue;
        }
        const at::Tensor predicted = at::embedding(head, next_ids);
        const at::Tensor chosen = some.to(at::kFloat).mul(predicted.to(at::kFloat)).sum(1, false, at::kDouble);
        losses.narrow(0, first, rows).copy_(log_normalisers(some, head, progress, context).sub(chosen));
    }
    return losses;
}

double loss_sum(const LoadedModel& model, const at::Tensor& hidden, std::span<const std::int64_t> ids,
                const ForwardOptions& options, JobContext& context) {
    const auto predictions = static_cast<std::int64_t>(ids.size()) - 1;
    ATTNSCOPE_ASSERT(predictions >= 1 && hidden.size(0) == predictions + 1);
    const c10::InferenceMode no_gradients;
    const at::Tensor losses = token_losses(model, hidden.narrow(0, 0, predictions), ids.subspan(1), options, context);
    const double* const loss = losses.const_data_ptr<double>();
    return std::accumulate(loss, loss + predictions, 0.0); // in order, which LibTorch's sum over its threads is not
}

} // namespace attnscope::models
