#include "models/forward.h"

#include "data/input_error.h"
#include "kernels/devices.h"
#include "models/pass.h"
#include "models/thread_guard.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/logsumexp.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>

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
    for (std::int64_t index = 0; index <= last; ++index) {
        context.progress(static_cast<double>(index), static_cast<double>(last + 1), "forward");
        pass.weights.prepare(index, pass.type, pass.device, context);
        hidden = family.layer(pass, index, std::move(hidden));
    }
    context.progress(1, 1, "forward");
    return last + 1 == config.layers ? family.finish(pass, hidden) : hidden;
}

at::Tensor head_logits(const LoadedModel& model, const at::Tensor& rows, const ForwardOptions& options,
                       JobContext& context) {
    const c10::InferenceMode no_gradients;
    const ThreadGuard threads(context.threads());
    const Pass pass = make_pass(model, options, context);
    const FamilyForward& family = model.forward();
    return Block(pass, -1)
        .linear(rows, model.config().tied_head ? family.embedding : family.head, model.config().vocabulary, false)
        .to(at::kFloat);
}

double loss_sum(const LoadedModel& model, const at::Tensor& hidden, std::span<const std::int64_t> ids,
                const ForwardOptions& options, JobContext& context) {
    const c10::InferenceMode no_gradients;
    const ThreadGuard threads(context.threads());
    const auto predictions = static_cast<std::int64_t>(ids.size()) - 1;
    ATTNSCOPE_ASSERT(predictions >= 1 && hidden.size(0) == predictions + 1);
    // Enough rows to read the head's weight seldom, few enough that their logits stay small.
    constexpr std::int64_t logit_bytes = std::int64_t{16} << 20;
    const std::int64_t rows = std::max<std::int64_t>(16, logit_bytes / (4 * model.config().vocabulary));
    double sum = 0;
    for (std::int64_t first = 0; first < predictions; first += rows) {
        context.progress(static_cast<double>(first), static_cast<double>(predictions), "loss");
        const std::int64_t count = std::min(rows, predictions - first);
        const at::Tensor logits = head_logits(model, hidden.narrow(0, first, count), options, context);
        const at::Tensor next = id_tensor({{ids.begin() + first + 1, ids.begin() + first + 1 + count}}, logits.device());
        const at::Tensor chosen = logits.gather(1, next.view({count, 1})).squeeze(1);
        sum += at::logsumexp(logits, 1).sub_(chosen).sum(at::kDouble).item<double>();
    }
    return sum;
}

} // namespace attnscope::models
