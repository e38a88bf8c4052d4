// The files that `attnscope jacobian` was given: maps of attention, or a model and the first tokens of a text.
#include <attnscope/jacobian_recipe.h>

#include "base/checked.h"
#include "files/model_inputs.h"

#include <algorithm>

namespace attnscope {

namespace {

/// Tokens that the sequences need, and one more: as many as fit.
std::size_t wanted_ids(const JacobianJob& job) {
    const auto all = checked_multiply(job.length, job.blocks);
    const auto ids = all ? checked_add(*all, 1) : std::nullopt;
    if (!ids || *ids > SIZE_MAX / 32)
        throw Error(ErrorKind::usage, "blocks", "fewer or shorter sequences", std::to_string(job.blocks));
    return *ids;
}

} // namespace

void load_inputs(JacobianJob& job, JobContext& context, std::vector<Warning>& warnings) {
    job.request = {};
    job.opened.reset();
    if (!job.captures.empty()) {
        context.progress(0, 0, "opening the file");
        job.opened = jacobian::open_captures(job.captures);
        return;
    }
    const std::size_t wanted = wanted_ids(job);
    job.request.model = open_input_model(job.model, context);
    job.request.length = job.length;
    job.request.blocks = job.blocks;
    job.request.first_layer = job.first_layer;
    job.request.last_layer = job.last_layer;
    job.request.ids = first_ids(job.tokens, *job.request.model, wanted);
    const std::size_t sequences = jacobian::sequences_in(job.request.ids.size(), job.length);
    if (sequences > 0 && sequences < job.blocks)
        warnings.push_back({"fewer-blocks", "the text has " + std::to_string(sequences) + " of the " +
                                                std::to_string(job.blocks) + " sequences asked for"});
}

std::vector<jacobian::Captures::Layer> jacobian_layers(const JacobianJob& job) {
    if (job.opened) return job.opened->layers();
    ATTNSCOPE_ASSERT(job.request.model);
    const ModelConfig& config = job.request.model->config();
    const int end = static_cast<int>(config.layers) - 1;
    const int last = job.last_layer < 0 ? end : std::min(job.last_layer, end);
    const std::size_t sequences = std::min(job.blocks, jacobian::sequences_in(job.request.ids.size(), job.length));
    std::vector<jacobian::Captures::Layer> layers;
    for (int layer = job.first_layer; layer <= last; ++layer)
        layers.push_back({layer, sequences, static_cast<std::size_t>(config.heads), job.length});
    return layers;
}

jacobian::Result compute_jacobian(const JacobianJob& job, JobContext& context, const jacobian::MapsSink& sink) {
    if (job.opened) return jacobian::compute(jacobian::CapturesRequest{job.opened}, context);
    return jacobian::compute(job.request, context, sink);
}

jacobian::LayerMapsPtr jacobian_maps(const JacobianJob& job, JobContext& context) {
    const auto layers = jacobian_layers(job);
    ATTNSCOPE_ASSERT(!layers.empty());
    const std::size_t index = jacobian::nearest_layer(layers, job.cursor.layer);
    const jacobian::Captures::Layer& nearest = layers[index];
    const std::size_t sequence =
        std::min(job.cursor.sequence, nearest.sequences - std::min<std::size_t>(nearest.sequences, 1));
    if (!job.opened) return jacobian::compute_maps({job.request, nearest.layer, sequence}, context);
    return jacobian::compute_maps({job.opened, index, sequence}, context);
}

std::vector<Warning> jacobian_warnings(const JacobianJob&, const jacobian::Result& result) {
    std::vector<Warning> warnings;
    const auto without = [](const jacobian::HeadMetrics& head) { return head.r_diag != head.r_diag; };
    const auto count = std::count_if(result.heads.begin(), result.heads.end(), without);
    if (count > 0) {
        const auto first = std::find_if(result.heads.begin(), result.heads.end(), without);
        warnings.push_back(
            {"no-gradient", std::to_string(count) + " of " + std::to_string(result.heads.size()) +
                                " heads have no gradient of their scores to compare with; the first is layer " +
                                std::to_string(first->layer) + ", head " + std::to_string(first->head)});
    }
    std::size_t left_out = 0, measured = 0, partly = 0;
    for (const jacobian::HeadMetrics& head : result.heads) {
        const std::size_t most = std::max(head.undefined, head.undefined_unmasked);
        left_out += most;
        measured += head.sequences;
        partly += most > 0;
    }
    if (left_out > 0)
        warnings.push_back({"cosine-undefined", "cosines of " + std::to_string(partly) + " of " +
                                                    std::to_string(result.heads.size()) +
                                                    " heads leave out sequences without a gradient of the scores, " +
                                                    std::to_string(left_out) + " of " + std::to_string(measured) +
                                                    " in all (n_undefined of each head)"});
    const auto floored = std::count_if(result.heads.begin(), result.heads.end(),
                                       [](const jacobian::HeadMetrics& head) { return head.floored > 0; });
    if (floored > 0)
        warnings.push_back({"cosine-floor", std::to_string(floored) + " of " + std::to_string(result.heads.size()) +
                                                " heads have gradients so small that their cosines are divided by 1e-8 "
                                                "rather than by the product of norms"});
    if (result.future_weight)
        warnings.push_back({"not-causal",
                            "keys after their query have weight; cos_ste_unmasked leaves their gradient out "
                            "all the same"});
    return warnings;
}

} // namespace attnscope
