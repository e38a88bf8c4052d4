// Every matrix of a model: weights layer by layer side by side, then the activations of a text as a forward pass goes.
#include "analyses/cv/compute/entry_points.h"

#include "analyses/cv/compute/activations.h"
#include "analyses/cv/compute/matrices.h"
#include "models/language_model.h"
#include "models/projections.h"
#include "module/compute/thread_guard.h"

#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <chrono>
#include <string>

namespace attnscope::compute {

namespace {

using cv::Kind;

struct Layers {
    int first, last;
    std::size_t count() const { return static_cast<std::size_t>(last - first + 1); }
};

Layers check_request(const cv::ModelRequest& request) {
    if (!request.model) throw Error(ErrorKind::usage, "model", "an opened model", "none");
    if (!request.weights && request.text.empty())
        throw Error(ErrorKind::usage, "matrices", "weights, or a text for activations", "neither");
    const auto layers = static_cast<int>(request.model->config().layers);
    const int last = request.last_layer < 0 ? layers - 1 : request.last_layer;
    if (request.first_layer < 0 || last >= layers || request.first_layer > last)
        throw Error(ErrorKind::usage, "layers", "a range within 0 to " + std::to_string(layers - 1),
                    std::to_string(request.first_layer) + " to " + std::to_string(last));
    return {request.first_layer, last};
}

std::vector<MatrixPlace> weight_places(const ModelConfig& config, int layer) {
    std::vector<MatrixPlace> places;
    for (int head = 0; head < config.heads; ++head) places.push_back({Kind::query, layer, head});
    for (const Kind kind : {Kind::key, Kind::value})
        for (int head = 0; head < config.key_value_heads; ++head) places.push_back({kind, layer, head});
    places.push_back({Kind::out_proj, layer, -1});
    return places;
}

std::vector<MatrixPlace> activation_places(const ModelConfig& config, int layer) {
    std::vector<MatrixPlace> places;
    for (int head = 0; head < config.heads; ++head) places.push_back({Kind::act_query, layer, head});
    for (const Kind kind : {Kind::act_key, Kind::act_value})
        for (int head = 0; head < config.key_value_heads; ++head) places.push_back({kind, layer, head});
    for (int head = 0; head < config.heads; ++head) places.push_back({Kind::act_post, layer, head});
    places.push_back({Kind::residual, layer, -1});
    return places;
}

void plan_matrices(const cv::ModelRequest& request, const Layers& layers, MatrixCollection& matrices) {
    const ModelConfig& config = request.model->config();
    const auto plan = [&](const MatrixPlace& outside, auto places) {
        matrices.expect({outside});
        for (int layer = layers.first; layer <= layers.last; ++layer) matrices.expect(places(config, layer));
    };
    if (request.weights) plan({Kind::embedding, -1, -1}, weight_places);
    if (!request.text.empty()) plan({Kind::act_emb, -1, -1}, activation_places);
}

/// A layer a task, with its matrices one after the other: most are small.
void measure_weights(const models::LoadedModel& model, const Layers& layers, MatrixCollection& matrices,
                     JobContext& context) {
    context.parallel_for(layers.count() + 1, [&](std::size_t task, int) {
        const c10::InferenceMode no_gradients;
        const models::ThreadGuard one(1);
        if (task == 0) {
            matrices.measure({Kind::embedding, -1, -1}, models::token_embedding(model, context.stop()), context);
            return;
        }
        const int layer = layers.first + static_cast<int>(task) - 1;
        const models::Projections weights = models::attention_projections(model, layer);
        const auto by_head = [&](Kind kind, const at::Tensor& heads) {
            for (std::int64_t head = 0; head < heads.size(0); ++head)
                matrices.measure({kind, layer, static_cast<int>(head)}, heads[head], context);
        };
        by_head(Kind::query, weights.query);
        by_head(Kind::key, weights.key);
        by_head(Kind::value, weights.value);
        matrices.measure({Kind::out_proj, layer, -1}, weights.output, context);
        matrices.publish(context);
    });
}

} // namespace

cv::ModelResult cv_model(const cv::ModelRequest& request, JobContext& context) {
    const auto start = std::chrono::steady_clock::now();
    const Layers layers = check_request(request);
    const models::LoadedModel& model = models::loaded(*request.model);
    MatrixCollection matrices(request.parameters, context.seed());
    plan_matrices(request, layers, matrices);
    std::size_t tokens = 0;
    if (request.weights) measure_weights(model, layers, matrices, context);
    if (!request.text.empty()) tokens = measure_activations(request, layers.first, layers.last, matrices, context);
    cv::ModelResult result = matrices.finish();
    result.text_tokens = tokens;
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return result;
}

} // namespace attnscope::compute
