// Every head of a model on the sequences of a text, while their gradient passes.
#include "analyses/jacobian/compute/entry_points.h"

#include "base/input_error.h"
#include "kernels/softmax_jacobian.h"
#include "models/gradient_pass.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

namespace attnscope::compute {

namespace {

using jacobian::LayerMaps;

constexpr std::uint64_t most_state_bytes = std::uint64_t{512} << 20;

struct Plan {
    int first_layer, last_layer;
    std::size_t sequences, length;
    int layers() const { return last_layer - first_layer + 1; }
};

Plan make_plan(const jacobian::Request& request) {
    if (!request.model) throw Error(ErrorKind::usage, "model", "an opened model", "none");
    const LanguageModel& model = *request.model;
    const ModelConfig& config = model.config();
    if (!config.causal())
        throw Error(ErrorKind::usage, model.files().name, "a model that predicts the next token", "an encoder");
    if (request.length < 1 || request.blocks < 1)
        throw Error(ErrorKind::usage, request.length < 1 ? "seq-len" : "blocks", "1 or more", "0");
    const int layers = static_cast<int>(config.layers);
    const int last = request.last_layer < 0 ? layers - 1 : request.last_layer;
    if (request.first_layer < 0 || last >= layers || request.first_layer > last)
        throw Error(ErrorKind::usage, "layers", "a range within 0 to " + std::to_string(layers - 1),
                    std::to_string(request.first_layer) + " to " + std::to_string(last));
    if (request.length > static_cast<std::size_t>(config.positions))
        input_error(model.files().name,
                    "sequences of at most " + std::to_string(config.positions) + " tokens, its longest context",
                    std::to_string(request.length));
    const std::size_t sequences = std::min(request.blocks, jacobian::sequences_in(request.ids.size(), request.length));
    if (sequences == 0)
        input_error("text", "at least " + std::to_string(request.length + 1) + " tokens, a sequence and the next token",
                    std::to_string(request.ids.size()));
    for (std::size_t i = 0; i <= sequences * request.length; ++i)
        if (request.ids[i] < 0 || request.ids[i] >= config.vocabulary)
            input_error(model.files().name, "token ids from 0 to " + std::to_string(config.vocabulary - 1),
                        std::to_string(request.ids[i]), "position " + std::to_string(i));
    return {request.first_layer, last, sequences, request.length};
}

/// Sequences first … first + count with the token that follows each.
std::vector<std::vector<std::int64_t>> texts_of(const jacobian::Request& request, std::size_t first,
                                                std::size_t count) {
    std::vector<std::vector<std::int64_t>> texts;
    for (std::size_t sequence = first; sequence < first + count; ++sequence) {
        const auto begin = request.ids.begin() + static_cast<std::ptrdiff_t>(sequence * request.length);
        texts.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(request.length) + 1);
    }
    return texts;
}

/// Copies a tile to where it belongs in maps of sequences, heads and rows.
void keep_tile(const models::AttentionGradientTile& tile, LayerMaps& maps) {
    const std::size_t at = maps.map_at(static_cast<std::size_t>(tile.text), static_cast<std::size_t>(tile.head)) +
                           static_cast<std::size_t>(tile.first_row) * maps.length;
    const auto count = static_cast<std::size_t>(tile.rows * tile.keys);
    std::copy_n(tile.probabilities, count, maps.probabilities.begin() + static_cast<std::ptrdiff_t>(at));
    std::copy_n(tile.gradients, count, maps.gradients.begin() + static_cast<std::ptrdiff_t>(at));
}

LayerMaps empty_maps(int layer, std::size_t sequences, std::size_t heads, std::size_t length) {
    LayerMaps maps{layer, sequences, heads, length, {}, {}, true};
    maps.probabilities.resize(sequences * heads * length * length);
    maps.gradients.resize(maps.probabilities.size());
    return maps;
}

/// What passes is summed layer by layer; the totals of a head grow with every round of sequences.
class Measurement {
public:
    Measurement(const Plan& plan, std::size_t heads)
        : plan_(plan), heads_(heads), totals_(static_cast<std::size_t>(plan.layers()) * heads),
          seen_(static_cast<std::size_t>(plan.layers())) {}

    void begin_round(std::size_t sequences, bool keep_maps) {
        sums_.assign(sequences * heads_, {});
        if (keep_maps) maps_ = empty_maps(plan_.last_layer, sequences, heads_, plan_.length);
    }

    void add(const models::AttentionGradientTile& tile) {
        if (tile.layer < plan_.first_layer || tile.layer > plan_.last_layer) return;
        const auto keys = static_cast<std::size_t>(tile.keys);
        sums_[static_cast<std::size_t>(tile.text) * heads_ + static_cast<std::size_t>(tile.head)] +=
            kernels::softmax_jacobian({.probabilities = tile.probabilities,
                                       .gradients = tile.gradients,
                                       .rows = static_cast<std::size_t>(tile.rows),
                                       .keys = keys,
                                       .stride = keys,
                                       .first_row = static_cast<std::size_t>(tile.first_row),
                                       .causal = true});
        if (!maps_.probabilities.empty()) keep_tile(tile, maps_);
    }

    /// True when the layer is one that is measured.
    bool finish_layer(std::int64_t layer, const jacobian::MapsSink& sink) {
        if (layer < plan_.first_layer || layer > plan_.last_layer) return false;
        const auto index = static_cast<std::size_t>(layer - plan_.first_layer);
        seen_[index] = true;
        for (std::size_t i = 0; i < sums_.size(); ++i)
            totals_[index * heads_ + i % heads_].add(std::exchange(sums_[i], {}));
        if (sink) {
            maps_.layer = static_cast<int>(layer);
            sink(maps_);
        }
        return true;
    }

    std::vector<jacobian::HeadMetrics> metrics() const {
        std::vector<jacobian::HeadMetrics> metrics;
        for (std::size_t i = 0; i < totals_.size(); ++i)
            if (seen_[i / heads_])
                metrics.push_back(
                    totals_[i].metrics(plan_.first_layer + static_cast<int>(i / heads_), static_cast<int>(i % heads_)));
        return metrics;
    }

private:
    Plan plan_;
    std::size_t heads_;
    std::vector<kernels::HeadTotals> totals_; // (layers, heads)
    std::vector<bool> seen_;                  // (layers)
    std::vector<kernels::JacobianSums> sums_; // (sequences, heads) of the layer under way
    LayerMaps maps_;
};

/// Sequences that go through the model together.
std::size_t sequences_of_a_round(const Plan& plan, const ModelConfig& config) {
    const std::uint64_t bytes =
        models::gradient_pass_bytes(config, plan.first_layer, static_cast<std::int64_t>(plan.length));
    return std::clamp<std::size_t>(most_state_bytes / std::max<std::uint64_t>(bytes, 1), 1, plan.sequences);
}

} // namespace

jacobian::Result jacobian_model(const jacobian::Request& request, JobContext& context, const jacobian::MapsSink& sink) {
    const auto start = std::chrono::steady_clock::now();
    const Plan plan = make_plan(request);
    const models::LoadedModel& model = models::loaded(*request.model);
    const auto heads = static_cast<std::size_t>(model.config().heads);
    Measurement measurement(plan, heads);
    jacobian::Result result;
    result.length = plan.length;
    result.layers = plan.layers();

    const std::size_t at_once = sink ? plan.sequences : sequences_of_a_round(plan, model.config());
    const auto predictions = static_cast<double>(plan.sequences * plan.length);
    double loss = 0;
    models::GradientPassOptions options;
    options.first_layer = plan.first_layer;
    options.prediction_weight = 1 / predictions;
    options.visitor = [&](const models::AttentionGradientTile& tile) { measurement.add(tile); };
    options.after_layer = [&](std::int64_t layer) {
        if (!measurement.finish_layer(layer, sink)) return;
        result.heads = measurement.metrics();
        result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        context.publish(std::make_shared<const jacobian::Result>(result));
    };
    for (std::size_t first = 0; first < plan.sequences; first += at_once) {
        const std::size_t count = std::min(at_once, plan.sequences - first);
        measurement.begin_round(count, static_cast<bool>(sink));
        result.sequences = first + count;
        loss += models::gradient_pass(model, texts_of(request, first, count), options, context);
    }
    result.loss = loss / predictions;
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return result;
}

jacobian::LayerMapsPtr jacobian_maps(const jacobian::MapsRequest& request, JobContext& context) {
    jacobian::Request whole = request.request;
    whole.first_layer = whole.last_layer = request.layer;
    const Plan plan = make_plan(whole);
    if (request.sequence >= plan.sequences)
        throw Error(ErrorKind::usage, "sequence", "0 to " + std::to_string(plan.sequences - 1),
                    std::to_string(request.sequence));
    const models::LoadedModel& model = models::loaded(*whole.model);
    auto maps = std::make_shared<LayerMaps>(
        empty_maps(request.layer, 1, static_cast<std::size_t>(model.config().heads), plan.length));
    models::GradientPassOptions options;
    options.first_layer = request.layer;
    options.prediction_weight = 1 / static_cast<double>(plan.sequences * plan.length);
    options.visitor = [&](const models::AttentionGradientTile& tile) {
        if (tile.layer == request.layer) keep_tile(tile, *maps);
    };
    models::gradient_pass(model, texts_of(whole, request.sequence, 1), options, context);
    return maps;
}

} // namespace attnscope::compute
