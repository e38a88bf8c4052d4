#include "analyses/cv/compute/activations.h"

#include "models/attention_point.h"
#include "models/forward.h"
#include "models/language_model.h"
#include "module/compute/thread_guard.h"

#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <vector>

namespace attnscope::compute {

namespace {

using cv::Kind;

/// Stands in a forward pass and measures what passes.
class ActivationMeasurement final : public models::AttentionObserver {
public:
    ActivationMeasurement(int first, MatrixCollection& matrices, JobContext& context)
        : first_(first), matrices_(matrices), context_(context) {}

    at::Tensor replacement(const models::AttentionPoint& point) override {
        if (point.layer < first_) return {};
        // The context is what the model would have made of it; making it here is how it is seen.
        at::Tensor attended = models::attend(point, nullptr, context_);
        add(Kind::act_query, point.layer, point.queries);
        add(Kind::act_key, point.layer, point.keys);
        add(Kind::act_value, point.layer, point.values);
        add(Kind::act_post, point.layer, attended);
        measure_waiting();
        return attended;
    }

    void observe_residual(int layer, const at::Tensor& hidden) override {
        if (layer >= 0 && layer < first_) return;
        waiting_.push_back(
            {layer < 0 ? MatrixPlace{Kind::act_emb, -1, -1} : MatrixPlace{Kind::residual, layer, -1}, hidden[0]});
        measure_waiting();
        matrices_.publish(context_);
    }

private:
    struct Waiting {
        MatrixPlace place;
        at::Tensor rows; // (T, width)
    };

    /// heads (1, heads, T, width)
    void add(Kind kind, int layer, const at::Tensor& heads) {
        for (std::int64_t head = 0; head < heads.size(1); ++head)
            waiting_.push_back({{kind, layer, static_cast<int>(head)}, heads[0][head]});
    }

    void measure_waiting() {
        context_.parallel_for(waiting_.size(), [&](std::size_t task, int) {
            const c10::InferenceMode no_gradients;
            const models::ThreadGuard one(1);
            matrices_.measure(waiting_[task].place, waiting_[task].rows, context_);
        });
        waiting_.clear();
    }

    int first_;
    MatrixCollection& matrices_;
    JobContext& context_;
    std::vector<Waiting> waiting_;
};

} // namespace

std::size_t measure_activations(const cv::ModelRequest& request, int first, int last, MatrixCollection& matrices,
                                JobContext& context) {
    const models::LoadedModel& model = models::loaded(*request.model);
    cv::Ids text = request.text;
    if (model.config().causal()) {
        // Later tokens do not change what earlier ones become.
        std::size_t most = static_cast<std::size_t>(model.config().positions);
        if (request.parameters.pool > 0) most = std::min(most, request.parameters.pool);
        text.resize(std::min(text.size(), most));
    }
    const std::size_t tokens = text.size();
    // The forward pass must not speak of progress: its stage is part of this one.
    JobContext silent = context.part();
    ActivationMeasurement measurement(first, matrices, context);
    models::hidden_states(model, {std::move(text)},
                          {.observer = &measurement, .last_layer = last, .precision = request.precision}, silent);
    return tokens;
}

} // namespace attnscope::compute
