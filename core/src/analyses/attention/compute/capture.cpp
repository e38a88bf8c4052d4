// Queries and keys of one layer, taken from a forward pass.
#include "analyses/attention/compute/entry_points.h"

#include "analyses/attention/compute/head.h"
#include "models/forward.h"

#include <ATen/ops/zeros.h>

#include <string>

namespace attnscope::compute {

namespace {

using attention::Capture;

/// Keeps what a layer brings to the attention point. Nothing behind the layer is wanted, so it need not attend.
class CaptureInputs final : public models::AttentionObserver {
public:
    CaptureInputs(int layer, double gain, Capture& capture) : layer_(layer), gain_(gain), capture_(capture) {}

    double score_factor(const models::AttentionPoint&) override { return gain_; }

    void observe_inputs(const models::AttentionPoint& point) override {
        if (point.layer != layer_) return;
        capture_.heads = static_cast<int>(point.heads());
        capture_.key_value_heads = static_cast<int>(point.key_value_heads());
        capture_.head_dim = static_cast<int>(point.queries.size(3));
        capture_.tokens = point.rows();
        capture_.window = point.window;
        capture_.causal = point.causal;
        capture_.scale = point.scale;
        capture_.queries = values(point.queries);
        capture_.keys = values(point.keys);
    }

    at::Tensor replacement(const models::AttentionPoint& point) override {
        if (point.layer != layer_) return {};
        return at::zeros({point.texts(), point.heads(), point.rows(), point.values.size(3)}, point.values.options());
    }

private:
    static std::vector<float> values(const at::Tensor& tensor) {
        const at::Tensor plain = tensor.to(at::kCPU, at::kFloat).contiguous();
        const float* begin = plain.const_data_ptr<float>();
        return {begin, begin + plain.numel()};
    }

    int layer_;
    double gain_;
    Capture& capture_;
};

} // namespace

Capture attention_capture(const attention::CaptureRequest& request, JobContext& context) {
    if (!request.model) throw Error(ErrorKind::usage, "model", "an opened model", "none");
    check_gain(request.gain);
    const models::LoadedModel& model = models::loaded(*request.model);
    const std::int64_t layers = model.config().layers;
    if (request.layer < 0 || request.layer >= layers)
        throw Error(ErrorKind::usage, "layer", "0 to " + std::to_string(layers - 1), std::to_string(request.layer));
    Capture capture;
    capture.layer = request.layer;
    capture.text = request.text;
    capture.name = model.files().name + " · layer " + std::to_string(request.layer);
    CaptureInputs observer(request.layer, request.gain, capture);
    models::hidden_states(
        model, {request.text},
        {.observer = &observer, .last_layer = request.layer, .precision = request.precision, .attention_only = true},
        context);
    ATTNSCOPE_ASSERT(capture.tokens == std::ssize(request.text));
    return capture;
}

} // namespace attnscope::compute
