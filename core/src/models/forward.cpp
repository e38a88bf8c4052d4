#include "models/forward.h"

#include "data/input_error.h"
#include "kernels/attention_rows.h"
#include "kernels/devices.h"
#include "models/packed_linear.h"
#include "models/pass.h"
#include "models/thread_guard.h"

#include <ATen/Parallel.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/logaddexp.h>
#include <ATen/ops/logsumexp.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <utility>

namespace attnscope::models {
namespace {

at::Device device_of(const JobContext& context) {
    const Device device = compute::resolve_device(context.device());
    return device.kind == Device::Kind::cuda ? at::Device(at::kCUDA, static_cast<at::DeviceIndex>(device.index))
                                             : at::Device(at::kCPU);
}

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
    for (const auto& text : texts)
        next = std::copy(text.begin(), text.end(), next);
    return ids.to(device);
}

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

} // namespace

at::Tensor hidden_states(const LoadedModel& model, const std::vector<std::vector<std::int64_t>>& texts,
                         const ForwardOptions& options, JobContext& context) {
    const ModelConfig& config = model.config();
    ATTNSCOPE_ASSERT(!texts.empty());
    for (const auto& text : texts) {
        check_tokens(model, text);
        ATTNSCOPE_ASSERT(text.size() == texts.front().size());
    }
    const std::int64_t last = options.last_layer < 0 ? config.layers - 1 : options.last_layer;
    ATTNSCOPE_ASSERT(last < config.layers);
    const c10::InferenceMode no_gradients;
    const ThreadGuard threads(context.threads());
    if (model.is_encoder())
        return encoder_states(model, texts, last, options.observer, context);

    Pass pass = make_pass(model, options, context);
    if (config.rotary.dimensions > 0)
        pass.rotary = rotary_table(config.rotary, static_cast<std::int64_t>(texts.front().size()), pass.device);
    const FamilyForward& family = model.forward();
    at::Tensor hidden = family.embed(pass, id_tensor(texts, pass.device));
    if (pass.observer)
        pass.observer->observe_residual(-1, hidden);
    for (std::int64_t index = 0; index <= last; ++index) {
        context.progress(static_cast<double>(index), static_cast<double>(last + 1), "forward");
        pass.weights.prepare(index, pass.type, pass.device, context);
        hidden = family.layer(pass, index, std::move(hidden));
        if (pass.observer)
            pass.observer->observe_residual(static_cast<int>(index), hidden);
    }
    context.progress(1, 1, "forward");
    return last + 1 == config.layers ? family.finish(pass, hidden) : hidden;
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

/// ln Σ e^logit over the vocabulary for states (rows, hidden), in float64. Logits are held for some columns at a time.
at::Tensor log_normalisers(const at::Tensor& states, const kernels::PackedMatrix& head, JobContext& context,
                           const ReportPart& progress) {
    // As much of the vocabulary as keeps the logits in the cache between the product and their sum.
    constexpr std::size_t logits_per_block = std::size_t{1} << 19;
    const auto rows = static_cast<std::size_t>(states.size(0)), width = head.panel_width();
    // An odd number of panels, lest the rows of logits lie a power of two apart and share the same cache lines.
    const std::size_t panels = (logits_per_block / (rows * width)) | 1;
    const at::Tensor memory = at::empty({static_cast<std::int64_t>(rows * panels * width)}, at::kFloat);
    const at::Tensor totals = at::empty({static_cast<std::int64_t>(rows)}, at::kDouble);
    double* const total = totals.mutable_data_ptr<double>();
    for (std::size_t first = 0; first < head.panels(); first += panels) {
        progress(static_cast<double>(first) / static_cast<double>(head.panels()));
        const std::size_t end = std::min(first + panels, head.panels());
        const std::size_t columns = std::min(head.outputs(), end * width) - first * width;
        at::Tensor logits = memory.narrow(0, 0, static_cast<std::int64_t>(rows * columns))
                                .view({states.size(0), static_cast<std::int64_t>(columns)});
        linear_panels(logits, states, head, first, end, context);
        const float* const values = logits.const_data_ptr<float>();
        at::parallel_for(0, static_cast<std::int64_t>(rows), 16, [&](std::int64_t begin, std::int64_t last) {
            for (auto row = static_cast<std::size_t>(begin); row < static_cast<std::size_t>(last); ++row) {
                const double part = kernels::log_sum_exp(values + row * columns, columns);
                const double most = std::max(total[row], part), least = std::min(total[row], part);
                total[row] = first == 0 ? part : most + std::log1p(std::exp(least - most));
            }
        });
    }
    return totals;
}

/// The same where the head is a tensor (vocabulary, hidden).
at::Tensor log_normalisers(const at::Tensor& states, const at::Tensor& head, const ReportPart& progress) {
    constexpr std::int64_t logits_per_block = std::int64_t{4} << 20;
    const std::int64_t vocabulary = head.size(0);
    const std::int64_t columns = std::max<std::int64_t>(64, logits_per_block / states.size(0));
    at::Tensor total;
    for (std::int64_t id = 0; id < vocabulary; id += columns) {
        progress(static_cast<double>(id) / static_cast<double>(vocabulary));
        const at::Tensor logits = product(states, head.narrow(0, id, std::min(columns, vocabulary - id)), {});
        const at::Tensor part = at::logsumexp(logits.to(at::kFloat), 1).to(at::kDouble);
        total = total.defined() ? at::logaddexp(total, part) : part;
    }
    return total;
}

} // namespace

double loss_sum(const LoadedModel& model, const at::Tensor& hidden, std::span<const std::int64_t> ids,
                const ForwardOptions& options, JobContext& context) {
    const c10::InferenceMode no_gradients;
    const ThreadGuard threads(context.threads());
    const auto predictions = static_cast<std::int64_t>(ids.size()) - 1;
    ATTNSCOPE_ASSERT(predictions >= 1 && hidden.size(0) == predictions + 1);
    const ModelConfig& config = model.config();
    const Pass pass = make_pass(model, options, context);
    const WeightName name{-1, head_name(model) + ".weight"};
    const bool packed = takes_packed_weights(hidden);
    const auto packed_head = packed ? model.weights().packed(name, config.vocabulary, config.hidden) : nullptr;
    const at::Tensor head =
        packed ? at::Tensor() : Block(pass, -1).weight(name.part, {config.vocabulary, config.hidden});

    constexpr std::int64_t most_rows = 1024; // enough that the head is read seldom
    double sum = 0;
    for (std::int64_t first = 0; first < predictions; first += most_rows) {
        const std::int64_t rows = std::min(most_rows, predictions - first);
        const ReportPart progress = [&](double part) {
            context.progress(static_cast<double>(first) + static_cast<double>(rows) * part,
                             static_cast<double>(predictions), "loss");
        };
        const at::Tensor states = hidden.narrow(0, first, rows);
        const std::span next = ids.subspan(static_cast<std::size_t>(first) + 1, static_cast<std::size_t>(rows));
        const at::Tensor next_ids = id_tensor({{next.begin(), next.end()}}, hidden.device()).view({rows});
        const at::Tensor predicted = packed ? packed_rows(*packed_head, next_ids) : at::embedding(head, next_ids);
        const at::Tensor chosen = states.to(at::kFloat).mul(predicted.to(at::kFloat)).sum(1, false, at::kDouble);
        const at::Tensor total = packed ? log_normalisers(states, *packed_head, context, progress)
                                        : log_normalisers(states, head, progress);
        sum += total.sub(chosen).sum().item<double>();
    }
    return sum;
}

} // namespace attnscope::models
