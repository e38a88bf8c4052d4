#include "models/forward.h"

#include "data/input_error.h"
#include "kernels/devices.h"
#include "models/pass.h"
#include "models/thread_guard.h"

#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/logaddexp.h>
#include <ATen/ops/logsumexp.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
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

double loss_sum(const LoadedModel& model, const at::Tensor& hidden, std::span<const std::int64_t> ids,
                const ForwardOptions& options, JobContext& context) {
    const c10::InferenceMode no_gradients;
    const ThreadGuard threads(context.threads());
    const auto predictions = static_cast<std::int64_t>(ids.size()) - 1;
    ATTNSCOPE_ASSERT(predictions >= 1 && hidden.size(0) == predictions + 1);
    const ModelConfig& config = model.config();
    const Pass pass = make_pass(model, options, context);
    const at::Tensor head =
        Block(pass, -1).weight(head_name(model) + ".weight", {config.vocabulary, config.hidden});
    // Blocks of logits: many rows, so that the head is read seldom, of part of the vocabulary.
    constexpr std::int64_t most_rows = 1024, logits_per_block = std::int64_t{4} << 20;
    double sum = 0;
    for (std::int64_t first = 0; first < predictions; first += most_rows) {
        const std::int64_t rows = std::min(most_rows, predictions - first);
        const at::Tensor states = hidden.narrow(0, first, rows);
        const at::Tensor next = id_tensor({{ids.begin() + first + 1, ids.begin() + first + 1 + rows}}, hidden.device());
        const at::Tensor chosen =
            states.to(at::kFloat).mul(at::embedding(head, next.view({rows})).to(at::kFloat)).sum(1, false, at::kDouble);
        const std::int64_t columns = std::max<std::int64_t>(64, logits_per_block / rows);
        at::Tensor total;
        for (std::int64_t id = 0; id < config.vocabulary; id += columns) {
            context.progress(static_cast<double>(first) + static_cast<double>(rows) * static_cast<double>(id) /
                                                              static_cast<double>(config.vocabulary),
                             static_cast<double>(predictions), "loss");
            const at::Tensor logits = product(states, head.narrow(0, id, std::min(columns, config.vocabulary - id)), {});
            const at::Tensor part = at::logsumexp(logits.to(at::kFloat), 1).to(at::kDouble);
            total = total.defined() ? at::logaddexp(total, part) : part;
        }
        sum += total.sub(chosen).sum().item<double>();
    }
    return sum;
}

} // namespace attnscope::models
