#include "base/input_error.h"
#include "base/text_list.h"
#include "files/model_config.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace attnscope {
namespace {

/// The keys of one architecture: NAME.block_count and so on.
class Keys {
public:
    Keys(const GgufMetadata& metadata, std::string architecture)
        : metadata_(metadata), prefix_(std::move(architecture) + ".") {}

    std::string key(std::string_view name) const { return prefix_ + std::string(name); }
    bool contains(std::string_view name) const { return metadata_.contains(key(name)); }
    std::int64_t integer(std::string_view name, std::int64_t least, std::int64_t most) const {
        return metadata_.integer(key(name), least, most);
    }
    std::int64_t integer(std::string_view name, std::int64_t least, std::int64_t most, std::int64_t fallback) const {
        return metadata_.integer(key(name), least, most, fallback);
    }
    double number(std::string_view name, double fallback) const { return metadata_.number(key(name), fallback); }
    bool flag(std::string_view name, bool fallback) const { return metadata_.flag(key(name), fallback); }
    double epsilon(std::string_view name, double fallback) const {
        const double value = number(name, fallback);
        if (!(value >= 0 && value <= 1)) fail(name, "a number from 0 to 1", std::to_string(value));
        return value;
    }
    std::string text(std::string_view name, std::string fallback) const {
        return metadata_.text(key(name), std::move(fallback));
    }
    /// A number, or a list with one for every layer, which then have to agree.
    std::int64_t integer_of_layers(std::string_view name, std::int64_t least, std::int64_t most,
                                   std::int64_t fallback) const {
        const auto* const value = metadata_.find(key(name));
        if (!value || !std::holds_alternative<std::vector<std::int64_t>>(*value))
            return integer(name, least, most, fallback);
        const auto& list = std::get<std::vector<std::int64_t>>(*value);
        if (list.empty() || std::any_of(list.begin(), list.end(), [&](std::int64_t v) { return v != list.front(); }))
            fail(name, "the same number for every layer", "different ones");
        if (list.front() < least || list.front() > most)
            fail(name, "an integer from " + std::to_string(least) + " to " + std::to_string(most),
                 std::to_string(list.front()));
        return list.front();
    }
    [[noreturn]] void fail(std::string_view name, std::string expected, std::string got) const {
        metadata_.fail(key(name), std::move(expected), std::move(got));
    }
    /// The keys of all architectures.
    const GgufMetadata& metadata() const noexcept { return metadata_; }

private:
    const GgufMetadata& metadata_;
    std::string prefix_;
};

/// Llama 3.1 slows long wavelengths down by factors that llama.cpp writes as a tensor of divisors, one a pair of
/// dimensions. The rule behind them has the same three other constants in every model, so the largest divisor is the
/// rule's factor; whether all follow from it is checked.
void recognise_divisors(const TensorFile& weights, Rotary& rotary) {
    const TensorInfo* const tensor = weights.find("rope_freqs.weight");
    if (!tensor) return;
    const auto refuse = [&](std::string expected, std::string got) {
        input_error(weights.path().string(), std::move(expected), std::move(got), tensor_place(tensor->name));
    };
    const std::int64_t pairs = rotary.dimensions / 2;
    if (tensor->shape != std::vector{pairs})
        refuse(std::to_string(pairs) + " divisors of rotary frequencies", std::to_string(tensor->elements()));
    const FloatTensor divisors = weights.read(*tensor);
    const double factor = static_cast<double>(*std::max_element(divisors.values.begin(), divisors.values.end()));
    Rotary scaled = rotary;
    scaled.factor = factor;
    if (factor != 1) scaled.scaling = Rotary::Scaling::llama3;
    for (std::int64_t i = 0; i < pairs; ++i) {
        const double frequency =
            std::pow(rotary.theta, -2 * static_cast<double>(i) / static_cast<double>(rotary.dimensions));
        const double turns = static_cast<double>(scaled.original_positions) * frequency / (2 * std::numbers::pi);
        const double smooth = std::clamp((turns - scaled.low_frequency_factor) /
                                             (scaled.high_frequency_factor - scaled.low_frequency_factor),
                                         0.0, 1.0);
        const double expected = 1 / ((1 - smooth) / factor + smooth);
        const double got = static_cast<double>(divisors.values[static_cast<std::size_t>(i)]);
        if (!(std::abs(got - expected) <= 1e-3 * expected))
            refuse("divisors by the rule of Llama 3.1", std::to_string(got) + " for pair " + std::to_string(i));
    }
    rotary = scaled;
}

Rotary read_rotary(const Keys& keys, const ModelConfig& config, bool interleaved, const TensorFile& weights) {
    Rotary rotary;
    rotary.dimensions = keys.integer("rope.dimension_count", 2, config.head_dim, config.head_dim);
    rotary.theta = keys.number("rope.freq_base", rotary.theta);
    rotary.interleaved = interleaved;
    if (rotary.dimensions % 2 != 0)
        keys.fail("rope.dimension_count", "an even number", std::to_string(rotary.dimensions));
    if (!(rotary.theta > 1)) keys.fail("rope.freq_base", "a number above 1", std::to_string(rotary.theta));
    const std::string scaling = keys.text("rope.scaling.type", keys.contains("rope.scale_linear") ? "linear" : "none");
    if (scaling == "linear") {
        rotary.factor = keys.number("rope.scaling.factor", keys.number("rope.scale_linear", 1));
        if (!(rotary.factor >= 1))
            keys.fail("rope.scaling.factor", "a number of 1 and more", std::to_string(rotary.factor));
        if (rotary.factor > 1) rotary.scaling = Rotary::Scaling::linear;
    } else if (scaling != "none") {
        keys.fail("rope.scaling.type", "none or linear", excerpt(scaling));
    }
    recognise_divisors(weights, rotary);
    return rotary;
}

ModelConfig read_sizes(const Keys& keys) {
    ModelConfig config;
    config.layers = keys.integer("block_count", 1, most_layers);
    config.hidden = keys.integer("embedding_length", 1, widest);
    config.intermediate = keys.integer_of_layers("feed_forward_length", 1, widest, 4 * config.hidden);
    config.positions = keys.integer("context_length", 1, most_positions);
    config.heads = keys.integer_of_layers("attention.head_count", 1, widest, 0);
    if (config.heads == 0) keys.fail("attention.head_count", "a number of heads", "none");
    config.key_value_heads = keys.integer_of_layers("attention.head_count_kv", 1, config.heads, config.heads);
    if (config.heads % config.key_value_heads != 0)
        keys.fail("attention.head_count_kv", "a divisor of head_count " + std::to_string(config.heads),
                  std::to_string(config.key_value_heads));
    if (keys.contains("attention.key_length")) {
        config.head_dim = keys.integer("attention.key_length", 1, widest);
    } else if (config.hidden % config.heads != 0) {
        keys.fail("attention.head_count", "a divisor of embedding_length " + std::to_string(config.hidden),
                  std::to_string(config.heads));
    } else {
        config.head_dim = config.hidden / config.heads;
    }
    if (const auto width = keys.integer("attention.value_length", 1, widest, config.head_dim); width != config.head_dim)
        keys.fail("attention.value_length", "the " + std::to_string(config.head_dim) + " of keys",
                  std::to_string(width));
    if (const auto experts = keys.integer("expert_count", 0, widest, 0); experts > 0)
        keys.fail("expert_count", "a model without experts", std::to_string(experts));
    return config;
}

/// Of a family whose heads all have keys and values of their own and together are as wide as the hidden state.
ModelConfig read_equal_sizes(const Keys& keys) {
    const ModelConfig config = read_sizes(keys);
    if (config.key_value_heads != config.heads)
        keys.fail("attention.head_count_kv", "the " + std::to_string(config.heads) + " of head_count",
                  std::to_string(config.key_value_heads));
    if (config.heads * config.head_dim != config.hidden)
        keys.fail("attention.key_length",
                  "embedding_length " + std::to_string(config.hidden) + " over " + std::to_string(config.heads) +
                      " heads",
                  std::to_string(config.head_dim));
    return config;
}

ModelConfig gpt2(const Keys& keys, const TensorFile&) {
    ModelConfig config = read_equal_sizes(keys);
    config.norm_epsilon = keys.epsilon("attention.layer_norm_epsilon", 1e-5);
    config.activation = Activation::gelu_tanh;
    config.attention_bias = true;
    return config;
}

ModelConfig gpt_neox(const Keys& keys, const TensorFile& weights) {
    ModelConfig config = read_equal_sizes(keys);
    config.norm_epsilon = keys.epsilon("attention.layer_norm_epsilon", 1e-5);
    // No key says which; it is the one that the family has unless its config.json says otherwise.
    config.activation = Activation::gelu;
    config.rotary = read_rotary(keys, config, false, weights);
    config.parallel_residual = keys.flag("use_parallel_residual", true);
    // One bias is enough: a layer without is then one that lacks it.
    config.attention_bias =
        std::any_of(weights.tensors().begin(), weights.tensors().end(), [](const TensorInfo& tensor) {
            return tensor.name.ends_with(".attn_qkv.bias") || tensor.name.ends_with(".attn_output.bias");
        });
    return config;
}

ModelConfig bert(const Keys& keys, const TensorFile& weights) {
    ModelConfig config = read_equal_sizes(keys);
    config.norm_epsilon = keys.epsilon("attention.layer_norm_epsilon", 1e-12);
    config.activation = Activation::gelu;
    config.attention_bias = true;
    const TensorInfo* const types = weights.find("token_types.weight");
    // Not every writer counts them.
    const std::int64_t rows = types && types->shape.size() == 2 ? types->shape[0] : 2;
    config.token_types = keys.metadata().integer("tokenizer.ggml.token_type_count", 1, widest,
                                                 std::clamp(rows, std::int64_t{1}, widest));
    if (keys.flag("attention.causal", false)) keys.fail("attention.causal", "false", "true");
    return config;
}

ModelConfig llama_like(const Keys& keys, const TensorFile& weights, bool interleaved) {
    ModelConfig config = read_sizes(keys);
    config.norm_epsilon = keys.epsilon("attention.layer_norm_rms_epsilon", 1e-6);
    config.activation = Activation::silu;
    config.rotary = read_rotary(keys, config, interleaved, weights);
    config.attention_bias = weights.find("blk.0.attn_q.bias") != nullptr;
    config.sliding_window = keys.integer("attention.sliding_window", 0, most_positions, 0);
    return config;
}

ModelConfig llama(const Keys& keys, const TensorFile& weights) {
    // Rows of queries and keys are stored in the order that pairs neighbours.
    return llama_like(keys, weights, true);
}

ModelConfig qwen(const Keys& keys, const TensorFile& weights) {
    return llama_like(keys, weights, false);
}

struct Architecture {
    const char* name;
    Family family;
    ModelConfig (*read)(const Keys& keys, const TensorFile& weights);
};

/// Every architecture that is known, by general.architecture.
constexpr std::array architectures{
    Architecture{"llama", Family::llama, llama},         Architecture{"qwen2", Family::llama, qwen},
    Architecture{"qwen3", Family::qwen3, qwen},          Architecture{"gpt2", Family::gpt2, gpt2},
    Architecture{"gptneox", Family::gpt_neox, gpt_neox}, Architecture{"bert", Family::bert, bert},
};

} // namespace

std::string gguf_architectures() {
    std::string names;
    for (const Architecture& known : architectures) add_to_list(names, known.name);
    return names;
}

ModelConfig gguf_model_config(const GgufMetadata& metadata, const TensorFile& weights) {
    const std::string name = metadata.text("general.architecture");
    const auto* const architecture =
        std::find_if(architectures.begin(), architectures.end(), [&](const auto& known) { return name == known.name; });
    if (architecture == architectures.end())
        metadata.fail("general.architecture", "an architecture of " + gguf_architectures(), excerpt(name));
    const Keys keys(metadata, name);
    ModelConfig config = architecture->read(keys, weights);
    config.family = architecture->family;
    config.architecture = name;
    config.tied_head = weights.find("output.weight") == nullptr;
    const TensorInfo* const embedding = weights.find("token_embd.weight");
    if (!embedding || embedding->shape.size() != 2)
        input_error(metadata.subject(), "tensor token_embd.weight with two dimensions",
                    embedding ? "another number of them" : "none");
    // Not every writer states the vocabulary.
    config.vocabulary = keys.integer("vocab_size", 1, most_rows, std::min(embedding->shape[0], most_rows));
    return config;
}

} // namespace attnscope
