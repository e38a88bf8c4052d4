// What a residual request comes to on its model and text: checks, defaults, blocks and memory. Nothing is computed.
#include "analyses/residual/groups.h"
#include "base/input_error.h"

#include <attnscope/residual.h>

#include <algorithm>

namespace attnscope::residual {
namespace {

constexpr std::uint64_t float_bytes = 4;

[[noreturn]] void refuse(const char* parameter, const std::string& expected, const std::string& got) {
    throw Error(ErrorKind::usage, parameter, expected, got);
}

void check_range(const char* parameter, std::int64_t value, std::int64_t least, std::int64_t most) {
    if (value < least || value > most)
        refuse(parameter, std::to_string(least) + " to " + std::to_string(most), std::to_string(value));
}

template <class Value, class Text>
void check_distinct(const char* parameter, std::vector<Value> values, Text text) {
    std::sort(values.begin(), values.end());
    const auto twice = std::adjacent_find(values.begin(), values.end());
    if (twice != values.end()) refuse(parameter, "each one once", text(*twice) + " twice");
}

std::string number_text(int value) {
    return std::to_string(value);
}

std::string head_text(const HeadChoice& choice) {
    return std::to_string(choice.layer) + ":" + std::to_string(choice.head);
}

/// The layers asked for, increasing; by default those of the heads, or the last three.
std::vector<int> chosen_layers(const Parameters& parameters, int layers) {
    std::vector<int> chosen = parameters.layers;
    if (chosen.empty() && parameters.heads.empty()) {
        for (int layer = std::max(0, layers - 3); layer < layers; ++layer) chosen.push_back(layer);
    }
    if (!parameters.heads.empty()) {
        // A layer none of whose heads is replaced is no replaced layer.
        chosen.clear();
        for (const HeadChoice& choice : parameters.heads) chosen.push_back(choice.layer);
    }
    std::sort(chosen.begin(), chosen.end());
    chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
    return chosen;
}

std::vector<HeadChoice> chosen_heads(const Parameters& parameters, const std::vector<int>& layers, int heads) {
    std::vector<HeadChoice> chosen = parameters.heads;
    if (chosen.empty()) {
        for (const int layer : layers)
            for (int head = 0; head < heads; ++head) chosen.push_back({layer, head});
    }
    std::sort(chosen.begin(), chosen.end());
    return chosen;
}

std::vector<int> chosen_ranks(const Parameters& parameters, int head_dim) {
    if (!parameters.ranks.empty()) return parameters.ranks;
    std::vector<int> ranks;
    for (const int rank : {1, 2, 4, 8, 16, 32})
        if (rank <= head_dim) ranks.push_back(rank);
    return ranks;
}

/// Of a group of blocks on their way: where attention is split, in the feed-forward part, or at the head.
std::uint64_t working_bytes(const ModelConfig& config, Precision precision, std::int64_t seq_len, std::int64_t blocks) {
    const auto unsigned_of = [](std::int64_t value) { return static_cast<std::uint64_t>(value); };
    const std::uint64_t tokens = unsigned_of(seq_len * std::min(blocks, blocks_in_group(seq_len)));
    const std::uint64_t hidden = unsigned_of(config.hidden), heads = unsigned_of(config.heads);
    const std::uint64_t attended = heads * unsigned_of(config.head_dim);
    const std::uint64_t keys = unsigned_of(config.key_value_heads * config.head_dim);
    // The stream and its norm; queries, V*, what is left of the weights' sum, the context, ε and its projection; keys
    // and values as they are, turned and by head.
    const std::uint64_t attention = 2 * hidden + 9 * attended + 6 * keys;
    const std::uint64_t feed_forward = 3 * hidden + 2 * unsigned_of(config.intermediate);
    // Scores of a tile, a copy, and what they are made of and go into.
    constexpr std::uint64_t preferred_tile = std::uint64_t{2} << 20, most_tile = std::uint64_t{32} << 20;
    constexpr std::uint64_t fewest_rows = 64;
    const std::uint64_t rows = tokens * heads * float_bytes;
    const std::uint64_t tile =
        std::min(rows * unsigned_of(seq_len), std::clamp(rows * fewest_rows, preferred_tile, most_tile));
    // Packed weights take some rows at a time; others, the logits of a part of the vocabulary in both types.
    constexpr std::uint64_t packed_head = std::uint64_t{8} << 20, tensor_head = std::uint64_t{64} << 20;
    const std::uint64_t head = precision == Precision::float32 ? packed_head : tensor_head;
    // Half as much again for what the allocator keeps between blocks of changing sizes, as measured.
    return (tokens * std::max(attention, feed_forward) * float_bytes + 3 * tile + head) / 2 * 3;
}

} // namespace

void check_parameters(const Parameters& parameters, const LanguageModel& model) {
    const ModelConfig& config = model.config();
    if (!config.causal())
        input_error(model.files().name, "a model that predicts tokens", "an encoder, which has no perplexity");
    const auto layers = static_cast<int>(config.layers), heads = static_cast<int>(config.heads);
    for (const int layer : parameters.layers) check_range("layers", layer, 0, layers - 1);
    check_distinct("layers", parameters.layers, number_text);
    for (const HeadChoice& choice : parameters.heads) {
        check_range("heads", choice.layer, 0, layers - 1);
        check_range("heads", choice.head, 0, heads - 1);
        const auto& asked = parameters.layers;
        if (!asked.empty() && std::find(asked.begin(), asked.end(), choice.layer) == asked.end())
            refuse("heads", "heads of the chosen layers", head_text(choice));
    }
    check_distinct("heads", parameters.heads, head_text);
    for (const int rank : parameters.ranks) check_range("ranks", rank, 0, config.head_dim);
    check_distinct("ranks", parameters.ranks, number_text);
    check_range("seq-len", parameters.seq_len, 2, config.positions);
    check_range("blocks", parameters.blocks, 1, most_blocks);
    check_range("calibration-blocks", parameters.calibration_blocks, 1, most_blocks);
    check_range("top-k", parameters.top_k, 1, most_top_k);
}

Plan plan(const Request& request) {
    ATTNSCOPE_ASSERT(request.model);
    const LanguageModel& model = *request.model;
    const Parameters& parameters = request.parameters;
    check_parameters(parameters, model);
    const ModelConfig& config = model.config();
    for (std::size_t i = 0; i < request.ids.size(); ++i)
        if (request.ids[i] < 0 || request.ids[i] >= config.vocabulary)
            input_error(model.files().name, "token ids from 0 to " + std::to_string(config.vocabulary - 1),
                        std::to_string(request.ids[i]), "position " + std::to_string(i));

    Plan out;
    out.layers = chosen_layers(parameters, static_cast<int>(config.layers));
    out.heads = chosen_heads(parameters, out.layers, static_cast<int>(config.heads));
    out.ranks = chosen_ranks(parameters, static_cast<int>(config.head_dim));

    const std::int64_t there = std::ssize(request.ids) / parameters.seq_len;
    if (there < 1)
        input_error("text", "at least one block of " + std::to_string(parameters.seq_len) + " tokens",
                    std::to_string(request.ids.size()));
    out.blocks = std::min(parameters.blocks, there);
    out.leaks = parameters.calibration == Calibration::leading;
    out.first_calibration = out.leaks ? 0 : out.blocks;
    out.calibration_blocks = std::min(parameters.calibration_blocks, out.leaks ? out.blocks : there - out.blocks);
    if (out.calibration_blocks < 1)
        input_error("text",
                    "a block of " + std::to_string(parameters.seq_len) + " tokens behind the " +
                        std::to_string(out.blocks) + " evaluated ones, to calibrate on",
                    "none", "fewer evaluated blocks leave one");

    const auto tokens = static_cast<std::uint64_t>(out.blocks * parameters.seq_len);
    const std::uint64_t element = request.precision == Precision::bfloat16 ? 2 : float_bytes;
    // Of a token in front of the first replaced layer: what enters it, the context of its heads, and in float32 V*.
    const auto attended = static_cast<std::uint64_t>(config.heads * config.head_dim);
    out.prefix_bytes =
        tokens * (static_cast<std::uint64_t>(config.hidden) * element + attended * (element + float_bytes));
    out.prefix_on_disk = out.prefix_bytes > parameters.prefix_budget;
    const auto dim = static_cast<std::uint64_t>(config.head_dim);
    const std::uint64_t all_heads = out.layers.size() * static_cast<std::uint64_t>(config.heads);
    const std::uint64_t bases = all_heads * dim * dim * (2 * sizeof(double) + 2 * float_bytes);
    const std::uint64_t samples = parameters.two_nn ? all_heads * dim * most_two_nn_rows * float_bytes : 0;
    // Losses of every token: the result's own and a snapshot's.
    const std::uint64_t losses = 2 * tokens * (out.ranks.size() + 3) * float_bytes;
    out.peak_bytes =
        std::min(out.prefix_bytes, parameters.prefix_budget) + bases + samples + losses +
        working_bytes(config, request.precision, parameters.seq_len, std::max(out.blocks, out.calibration_blocks));
    return out;
}

} // namespace attnscope::residual
