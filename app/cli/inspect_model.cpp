#include "cli/inspect_model.h"

#include "base/json_members.h"

#include <attnscope/model.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <vector>

namespace attnscope::cli {
namespace {

namespace fs = std::filesystem;

const char* activation_name(Activation activation) {
    switch (activation) {
    case Activation::gelu: return "gelu";
    case Activation::gelu_tanh: return "gelu_tanh";
    case Activation::silu: return "silu";
    case Activation::relu: return "relu";
    }
    return "?";
}

Json rotary_json(const Rotary& rotary) {
    Json json = {{"dimensions", rotary.dimensions}, {"theta", rotary.theta}, {"interleaved", rotary.interleaved}};
    if (rotary.scaling != Rotary::Scaling::none) {
        json["scaling"] = rotary.scaling == Rotary::Scaling::linear ? "linear" : "llama3";
        json["factor"] = rotary.factor;
    }
    return json;
}

Json config_json(const ModelConfig& config) {
    Json json = {{"family", family_name(config.family)},
                 {"architecture", config.architecture},
                 {"layers", config.layers},
                 {"heads", config.heads},
                 {"key_value_heads", config.key_value_heads},
                 {"head_dim", config.head_dim},
                 {"hidden", config.hidden},
                 {"intermediate", config.intermediate},
                 {"vocabulary", config.vocabulary},
                 {"positions", config.positions},
                 {"activation", activation_name(config.activation)},
                 {"norm_epsilon", config.norm_epsilon},
                 {"tied_head", config.tied_head},
                 {"attention_bias", config.attention_bias}};
    if (config.rotary.dimensions > 0) json["rotary"] = rotary_json(config.rotary);
    if (config.family == Family::gpt_neox) json["parallel_residual"] = config.parallel_residual;
    if (config.family == Family::bert) json["token_types"] = config.token_types;
    if (config.sliding_window > 0) {
        json["sliding_window"] = config.sliding_window;
        Json windows = Json::array();
        for (std::int64_t layer = 0; layer < config.layers; ++layer) windows.push_back(config.window(layer));
        json["windows"] = std::move(windows);
    }
    return json;
}

/// Tensors, elements and bytes of every dtype, the one with most elements first.
Json storage_json(const TensorFile& weights) {
    struct Share {
        DType dtype;
        std::uint64_t tensors = 0, elements = 0, bytes = 0;
    };
    std::map<DType, Share> by_dtype;
    for (const TensorInfo& tensor : weights.tensors()) {
        Share& share = by_dtype.try_emplace(tensor.dtype, Share{tensor.dtype}).first->second;
        ++share.tensors;
        share.elements += tensor.elements();
        share.bytes += tensor.bytes();
    }
    std::vector<Share> shares;
    for (const auto& [dtype, share] : by_dtype) shares.push_back(share);
    std::stable_sort(shares.begin(), shares.end(),
                     [](const Share& a, const Share& b) { return a.elements > b.elements; });
    Json json = Json::array();
    for (const Share& share : shares)
        json.push_back({{"dtype", dtype_name(share.dtype)},
                        {"tensors", share.tensors},
                        {"elements", share.elements},
                        {"bytes", share.bytes}});
    return json;
}

/// {"kind", …} as the file names it; null without a tokenizer.
Json tokenizer_json(const ModelFiles& files) {
    if (!files.has_tokenizer) return nullptr;
    if (files.format == "gguf") {
        const auto& metadata = files.weights->metadata();
        Json json = {{"kind", metadata.at("tokenizer.ggml.model")}};
        if (const auto pre = metadata.find("tokenizer.ggml.pre"); pre != metadata.end())
            json["pre_tokenizer"] = pre->second;
        return json;
    }
    if (const fs::path path = files.path / "tokenizer.json"; fs::exists(path)) {
        // The sorted form: a vocabulary is an object of very many members.
        const auto document = read_json<nlohmann::json>(path, json_kinds::tokenizer, path.string());
        const JsonMembers members(document, path.string());
        const auto model = members.find_object("model");
        return {{"kind", model ? model->text("type", "unknown") : "unknown"}, {"file", "tokenizer.json"}};
    }
    return {{"kind", "WordPiece"}, {"file", "vocab.txt"}};
}

/// 6.7 billion, 135 million, 12,345.
std::string parameters_text(std::uint64_t count) {
    char text[32];
    const auto number = static_cast<double>(count);
    if (number >= 1e9)
        std::snprintf(text, sizeof text, "%.3g billion", number / 1e9);
    else if (number >= 1e6)
        std::snprintf(text, sizeof text, "%.3g million", number / 1e6);
    else
        return std::to_string(count);
    return text;
}

} // namespace

Json inspect_model(const fs::path& path) {
    const ModelFiles files = open_model_files(path);
    Json json = {{"name", files.name},
                 {"kind", files.config.family == Family::bert ? "encoder" : "model"},
                 {"format", files.format},
                 {"bytes", files.bytes},
                 {"sha256", files.sha256()},
                 {"summary", files.summary()},
                 {"config", config_json(files.config)},
                 {"parameters", files.parameters}};
    Json weights = Json::array();
    for (const fs::path& file : files.weight_files)
        weights.push_back({{"name", file.filename().string()}, {"bytes", fs::file_size(file)}});
    json["weights"] = std::move(weights);
    json["storage"] = storage_json(*files.weights);
    json["tokenizer"] = tokenizer_json(files);
    if (!files.weights->metadata().empty()) json["metadata"] = files.weights->metadata();
    json["tensors"] = tensors_json(*files.weights);
    return json;
}

std::string model_text(const Json& model) {
    std::string out = "  " + model["summary"].get<std::string>() + "\n  " +
                      parameters_text(model["parameters"].get<std::uint64_t>()) + " parameters in " +
                      size_text(model["bytes"].get<std::uint64_t>());
    if (const std::size_t files = model["weights"].size(); files > 1) out += ", " + std::to_string(files) + " files";
    const char* separator = "\n  stored as: ";
    for (const Json& share : model["storage"]) {
        out += separator + share["dtype"].get<std::string>() + " " + size_text(share["bytes"].get<std::uint64_t>()) +
               " (" + share["tensors"].dump() + (share["tensors"] == 1 ? " tensor)" : " tensors)");
        separator = ", ";
    }
    const Json& tokenizer = model["tokenizer"];
    out += "\n  tokenizer: " + (tokenizer.is_null() ? std::string("none") : tokenizer["kind"].get<std::string>());
    if (tokenizer.is_object() && tokenizer.contains("pre_tokenizer"))
        out += " (" + tokenizer["pre_tokenizer"].get<std::string>() + ")";
    out += '\n';
    for (const auto& [key, value] : model["config"].items())
        out += "  " + key + ": " + (value.is_string() ? value.get<std::string>() : value.dump()) + '\n';
    return out;
}

} // namespace attnscope::cli
