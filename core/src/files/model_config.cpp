#include "files/model_config.h"

#include "base/input_error.h"
#include "base/json_members.h"
#include "base/json_reader.h"
#include "base/text_list.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace attnscope {
namespace {

using PlainJson = nlohmann::json;

// ------------------------------------------------------------------ parts that families share
Activation activation(const JsonMembers& members, const char* name, const char* fallback) {
    static constexpr std::array<std::pair<const char*, Activation>, 8> known{{
        {"gelu", Activation::gelu},
        {"gelu_new", Activation::gelu_tanh},
        {"gelu_pytorch_tanh", Activation::gelu_tanh},
        {"gelu_fast", Activation::gelu_tanh},
        {"gelu_python_tanh", Activation::gelu_tanh},
        {"silu", Activation::silu},
        {"swish", Activation::silu},
        {"relu", Activation::relu},
    }};
    const std::string text = members.text(name, fallback);
    for (const auto& [spelling, value] : known)
        if (text == spelling) return value;
    members.fail(name, "gelu, gelu_new, silu or relu", excerpt(text));
}

double epsilon(const JsonMembers& members, const char* name, double fallback) {
    const double value = members.number(name, fallback);
    if (value < 0 || value > 1) members.fail(name, "a number from 0 to 1", describe(members.at(name)));
    return value;
}

void expect_flag(const JsonMembers& members, const char* name, bool expected, bool fallback) {
    if (members.flag(name, fallback) != expected)
        members.fail(name, expected ? "true" : "false", expected ? "false" : "true");
}

/// head_dim as far as it follows from the rest.
std::int64_t equal_heads(const JsonMembers& members, const char* name, const ModelConfig& config) {
    if (config.hidden % config.heads != 0)
        members.fail(name, "a divisor of the hidden size " + std::to_string(config.hidden),
                     std::to_string(config.heads));
    return config.hidden / config.heads;
}

struct RotaryNames {
    const char* theta;
    const char* fraction;
    double default_fraction;
};

void read_scaling(const JsonMembers& members, Rotary& rotary) {
    const std::string type =
        members.find("rope_type") ? members.text("rope_type") : members.text("type", std::string("default"));
    if (type == "linear") {
        rotary.scaling = Rotary::Scaling::linear;
    } else if (type == "llama3") {
        rotary.scaling = Rotary::Scaling::llama3;
        rotary.low_frequency_factor = members.number("low_freq_factor", rotary.low_frequency_factor);
        rotary.high_frequency_factor = members.number("high_freq_factor", rotary.high_frequency_factor);
        rotary.original_positions =
            members.integer("original_max_position_embeddings", 1, most_positions, rotary.original_positions);
        if (!(rotary.low_frequency_factor > 0 && rotary.high_frequency_factor > rotary.low_frequency_factor))
            members.fail("high_freq_factor", "a number above low_freq_factor, which is above 0", "another");
    } else if (type != "default") {
        members.fail("rope_type", "default, linear or llama3", excerpt(type));
    }
    if (rotary.scaling == Rotary::Scaling::none) return;
    rotary.factor = members.number("factor", 0);
    if (rotary.factor < 1)
        members.fail("factor", "a number of 1 and more",
                     members.find("factor") ? describe(members.at("factor")) : "none");
}

/// `parameters` is {rope_type, rope_theta, …}, or such an object for every type of layer, which then have to agree.
Rotary read_parameters(const JsonMembers& parameters, const RotaryNames& names, std::int64_t head_dim) {
    const PlainJson* first = nullptr;
    for (const char* const layers : {"full_attention", "sliding_attention"}) {
        const PlainJson* const own = parameters.find(layers);
        if (!own) continue;
        if (first && *own != *first) parameters.fail(layers, "the rotary positions of full_attention", "others");
        first = own;
    }
    if (first) {
        const char* const name = parameters.find("full_attention") ? "full_attention" : "sliding_attention";
        return read_parameters(parameters.object(name), names, head_dim);
    }
    Rotary rotary;
    rotary.theta = parameters.number("rope_theta", rotary.theta);
    const double fraction = parameters.number("partial_rotary_factor", names.default_fraction);
    if (!(fraction > 0 && fraction <= 1))
        parameters.fail("partial_rotary_factor", "a number above 0 and at most 1", "another");
    rotary.dimensions = static_cast<std::int64_t>(static_cast<double>(head_dim) * fraction);
    read_scaling(parameters, rotary);
    return rotary;
}

/// In the spelling of transformers 5 (rope_parameters) or the one before it (`names`, rope_scaling).
Rotary read_rotary(const JsonMembers& members, const RotaryNames& names, std::int64_t head_dim) {
    Rotary rotary;
    if (members.find("rope_parameters")) {
        rotary = read_parameters(members.object("rope_parameters"), names, head_dim);
    } else {
        rotary.theta = members.number(names.theta, members.number("rope_theta", rotary.theta));
        const double fraction = members.number(names.fraction, names.default_fraction);
        if (!(fraction > 0 && fraction <= 1)) members.fail(names.fraction, "a number above 0 and at most 1", "another");
        rotary.dimensions = static_cast<std::int64_t>(static_cast<double>(head_dim) * fraction);
        if (members.find("rope_scaling")) read_scaling(members.object("rope_scaling"), rotary);
    }
    if (!(rotary.theta > 1)) members.fail(names.theta, "a number above 1", std::to_string(rotary.theta));
    if (rotary.dimensions < 2 || rotary.dimensions % 2 != 0)
        members.fail("head_dim", "an even number of rotary dimensions", std::to_string(rotary.dimensions));
    return rotary;
}

/// Which layers see a window, if any does. `layer_types` says it layer by layer; before it, max_window_layers said
/// where windows begin.
void read_window(const JsonMembers& members, ModelConfig& config, std::int64_t first_windowed) {
    if (!members.find("sliding_window")) return;
    std::vector<bool> windowed;
    if (const PlainJson* const types = members.find("layer_types")) {
        if (!types->is_array() || types->size() != static_cast<std::size_t>(config.layers))
            members.fail("layer_types", "a list of " + std::to_string(config.layers) + " texts",
                         types->is_array() ? std::to_string(types->size()) : describe(*types));
        for (const PlainJson& type : *types) {
            if (type != "full_attention" && type != "sliding_attention")
                members.fail("layer_types", "full_attention or sliding_attention", describe(type));
            windowed.push_back(type == "sliding_attention");
        }
    } else {
        for (std::int64_t i = 0; i < config.layers; ++i) windowed.push_back(i >= first_windowed);
    }
    if (std::find(windowed.begin(), windowed.end(), true) == windowed.end()) return;
    config.sliding_window = members.integer("sliding_window", 1, most_positions);
    if (std::find(windowed.begin(), windowed.end(), false) != windowed.end()) config.windowed = std::move(windowed);
}

/// Qwen names a window it may not use.
void read_qwen_window(const JsonMembers& members, ModelConfig& config) {
    if (members.flag("use_sliding_window", false))
        read_window(members, config, members.integer("max_window_layers", 0, most_rows, 28));
}

// ------------------------------------------------------------------ families
ModelConfig gpt2(const JsonMembers& members) {
    ModelConfig config;
    config.layers = members.integer("n_layer", 1, most_layers);
    config.hidden = members.integer("n_embd", 1, widest);
    config.heads = members.integer("n_head", 1, config.hidden);
    config.key_value_heads = config.heads;
    config.head_dim = equal_heads(members, "n_head", config);
    config.intermediate = members.integer("n_inner", 1, widest, std::min(4 * config.hidden, widest));
    config.vocabulary = members.integer("vocab_size", 1, most_rows);
    config.positions = members.integer(members.find("n_positions") ? "n_positions" : "n_ctx", 1, most_rows);
    config.norm_epsilon = epsilon(members, "layer_norm_epsilon", 1e-5);
    config.activation = activation(members, "activation_function", "gelu_new");
    config.tied_head = members.flag("tie_word_embeddings", true);
    config.attention_bias = true;
    expect_flag(members, "scale_attn_weights", true, true);
    expect_flag(members, "scale_attn_by_inverse_layer_idx", false, false);
    expect_flag(members, "add_cross_attention", false, false);
    return config;
}

/// Sizes under the names that all but GPT-2 share.
ModelConfig common(const JsonMembers& members) {
    ModelConfig config;
    config.layers = members.integer("num_hidden_layers", 1, most_layers);
    config.hidden = members.integer("hidden_size", 1, widest);
    config.heads = members.integer("num_attention_heads", 1, widest);
    config.key_value_heads = config.heads;
    config.intermediate = members.integer("intermediate_size", 1, widest);
    config.vocabulary = members.integer("vocab_size", 1, most_rows);
    return config;
}

ModelConfig gpt_neox(const JsonMembers& members) {
    ModelConfig config = common(members);
    config.head_dim = equal_heads(members, "num_attention_heads", config);
    config.positions = members.integer("max_position_embeddings", 1, most_positions);
    config.norm_epsilon = epsilon(members, "layer_norm_eps", 1e-5);
    config.activation = activation(members, "hidden_act", "gelu");
    config.rotary = read_rotary(members, {"rotary_emb_base", "rotary_pct", 0.25}, config.head_dim);
    config.tied_head = members.flag("tie_word_embeddings", false);
    config.attention_bias = members.flag("attention_bias", true);
    config.parallel_residual = members.flag("use_parallel_residual", true);
    return config;
}

ModelConfig llama_sizes(const JsonMembers& members) {
    ModelConfig config = common(members);
    config.key_value_heads = members.integer("num_key_value_heads", 1, config.heads, config.heads);
    if (config.heads % config.key_value_heads != 0)
        members.fail("num_key_value_heads", "a divisor of num_attention_heads " + std::to_string(config.heads),
                     std::to_string(config.key_value_heads));
    config.head_dim = members.find("head_dim") ? members.integer("head_dim", 1, widest)
                                               : equal_heads(members, "num_attention_heads", config);
    config.positions = members.integer("max_position_embeddings", 1, most_positions);
    config.norm_epsilon = epsilon(members, "rms_norm_eps", 1e-6);
    config.activation = activation(members, "hidden_act", "silu");
    config.rotary = read_rotary(members, {"rope_theta", "partial_rotary_factor", 1}, config.head_dim);
    config.tied_head = members.flag("tie_word_embeddings", false);
    expect_flag(members, "mlp_bias", false, false);
    return config;
}

ModelConfig llama(const JsonMembers& members) {
    ModelConfig config = llama_sizes(members);
    config.attention_bias = members.flag("attention_bias", false);
    return config;
}

ModelConfig mistral(const JsonMembers& members) {
    ModelConfig config = llama_sizes(members);
    read_window(members, config, 0);
    return config;
}

ModelConfig qwen2(const JsonMembers& members) {
    ModelConfig config = llama_sizes(members);
    config.attention_bias = true; // of queries, keys and values, whatever the file says
    read_qwen_window(members, config);
    return config;
}

ModelConfig qwen3(const JsonMembers& members) {
    ModelConfig config = llama_sizes(members);
    config.attention_bias = members.flag("attention_bias", false);
    read_qwen_window(members, config);
    return config;
}

ModelConfig bert(const JsonMembers& members) {
    ModelConfig config = common(members);
    config.head_dim = equal_heads(members, "num_attention_heads", config);
    config.positions = members.integer("max_position_embeddings", 3, most_rows);
    config.token_types = members.integer("type_vocab_size", 1, widest, 2);
    config.norm_epsilon = epsilon(members, "layer_norm_eps", 1e-12);
    config.activation = Activation::gelu;
    config.tied_head = true;
    config.attention_bias = true;
    if (const std::string name = members.text("hidden_act", "gelu"); name != "gelu")
        members.fail("hidden_act", "gelu", excerpt(name));
    if (const std::string kind = members.text("position_embedding_type", "absolute"); kind != "absolute")
        members.fail("position_embedding_type", "absolute", excerpt(kind));
    expect_flag(members, "is_decoder", false, false);
    return config;
}

struct Architecture {
    const char* name;       ///< in `architectures`
    const char* model_type; ///< stands for it in a file without `architectures`
    Family family;
    ModelConfig (*read)(const JsonMembers& members);
};

/// Every architecture that is known; the first of a model_type stands for it.
constexpr std::array architectures{
    Architecture{"GPT2LMHeadModel", "gpt2", Family::gpt2, gpt2},
    Architecture{"GPT2Model", "gpt2", Family::gpt2, gpt2},
    Architecture{"GPTNeoXForCausalLM", "gpt_neox", Family::gpt_neox, gpt_neox},
    Architecture{"GPTNeoXModel", "gpt_neox", Family::gpt_neox, gpt_neox},
    Architecture{"LlamaForCausalLM", "llama", Family::llama, llama},
    Architecture{"LlamaModel", "llama", Family::llama, llama},
    Architecture{"MistralForCausalLM", "mistral", Family::llama, mistral},
    Architecture{"MistralModel", "mistral", Family::llama, mistral},
    Architecture{"Qwen2ForCausalLM", "qwen2", Family::llama, qwen2},
    Architecture{"Qwen2Model", "qwen2", Family::llama, qwen2},
    Architecture{"Qwen3ForCausalLM", "qwen3", Family::qwen3, qwen3},
    Architecture{"Qwen3Model", "qwen3", Family::qwen3, qwen3},
    Architecture{"BertModel", "bert", Family::bert, bert},
    Architecture{"BertForMaskedLM", "bert", Family::bert, bert},
    Architecture{"BertForPreTraining", "bert", Family::bert, bert},
    Architecture{"BertForNextSentencePrediction", "bert", Family::bert, bert},
    Architecture{"BertForSequenceClassification", "bert", Family::bert, bert},
    Architecture{"BertForTokenClassification", "bert", Family::bert, bert},
    Architecture{"BertForQuestionAnswering", "bert", Family::bert, bert},
};

/// Those that are listed in an error: one a model_type.
std::string known_architectures() {
    std::string names;
    const char* before = "";
    for (const Architecture& known : architectures) {
        if (std::string_view(before) != known.model_type) add_to_list(names, known.name);
        before = known.model_type;
    }
    return names;
}

const Architecture& find_architecture(const JsonMembers& members, std::string& name) {
    const char* member = "architectures";
    if (const PlainJson* const list = members.find(member)) {
        if (!list->is_array() || list->empty() || !list->front().is_string())
            members.fail(member, "a list of names", describe(*list));
        name = list->front().get<std::string>();
        for (const Architecture& known : architectures)
            if (name == known.name) return known;
    } else {
        member = "model_type";
        name = members.text(member, std::string("none"));
        for (const Architecture& known : architectures)
            if (name == known.model_type) return known;
    }
    members.fail(member, "an architecture of " + known_architectures(), excerpt(name));
}

} // namespace

ModelConfig parse_model_config(std::string_view text, const std::string& subject) {
    const PlainJson document = parse_json<PlainJson>(text, subject, json_kinds::model_config);
    const JsonMembers members(document, subject);
    std::string name;
    const Architecture& architecture = find_architecture(members, name);
    if (members.find("quantization_config")) {
        const PlainJson& method = members.at("quantization_config");
        members.fail("quantization_config", "weights as they are, or a GGUF file",
                     method.is_object() && method.contains("quant_method") ? describe(method.at("quant_method"))
                                                                           : "quantised ones");
    }
    ModelConfig config = architecture.read(members);
    config.family = architecture.family;
    config.architecture = std::move(name);
    return config;
}

ModelConfig read_model_config(const std::filesystem::path& path) {
    return parse_model_config(read_file(path, std::size_t{16} << 20), path.string());
}

} // namespace attnscope
