#include "models/bert_weights.h"

#include "base/input_error.h"
#include "models/weights.h"

#include <ATen/ops/from_blob.h>

#include <array>
#include <charconv>
#include <string_view>
#include <utility>

namespace attnscope::models {
namespace {

std::string shape_text(const std::vector<std::int64_t>& shape) {
    std::string text;
    for (const std::int64_t size : shape) text += (text.empty() ? "" : " × ") + std::to_string(size);
    return text.empty() ? "one number" : text;
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 12> bert_gguf_names{{
    {"embeddings.word_embeddings", "token_embd"},
    {"embeddings.position_embeddings", "position_embd"},
    {"embeddings.token_type_embeddings", "token_types"},
    {"embeddings.LayerNorm", "token_embd_norm"},
    {"attention.self.query", "attn_q"},
    {"attention.self.key", "attn_k"},
    {"attention.self.value", "attn_v"},
    {"attention.output.dense", "attn_output"},
    {"attention.output.LayerNorm", "attn_output_norm"},
    {"intermediate.dense", "ffn_up"},
    {"output.dense", "ffn_down"},
    {"output.LayerNorm", "layer_output_norm"},
}};

/// encoder.layer.3.output.dense.bias as blk.3.ffn_down.bias.
std::string in_gguf(std::string_view name) {
    static constexpr std::string_view layers = "encoder.layer.";
    if (!name.starts_with(layers)) return gguf_name(bert_gguf_names, -1, name);
    name.remove_prefix(layers.size());
    std::int64_t layer = 0;
    const char* const rest = std::from_chars(name.data(), name.data() + name.size(), layer).ptr;
    return gguf_name(bert_gguf_names, layer, name.substr(static_cast<std::size_t>(rest - name.data()) + 1));
}

} // namespace

const TensorInfo* BertWeights::find(const std::string& name) const {
    if (gguf_) return file_.find(in_gguf(name));
    // A model with a task's head on it keeps its encoder under `bert.`.
    for (const char* const prefix : {"", "bert."}) {
        if (const TensorInfo* const tensor = file_.find(prefix + name)) return tensor;
    }
    return nullptr;
}

at::Tensor BertWeights::read(const std::string& name, const std::vector<std::int64_t>& shape) const {
    const TensorInfo* tensor = find(name);
    // Converted TensorFlow checkpoints call a layer norm's weight and bias gamma and beta.
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 2> older{
        {{"LayerNorm.weight", "LayerNorm.gamma"}, {"LayerNorm.bias", "LayerNorm.beta"}}};
    for (const auto& [spelling, older_spelling] : older) {
        if (tensor || gguf_ || !name.ends_with(spelling)) continue;
        tensor = find(name.substr(0, name.size() - spelling.size()) + std::string(older_spelling));
    }
    const std::string subject = file_.path().string();
    if (!tensor) input_error(subject, "tensor " + (gguf_ ? in_gguf(name) : name), "none");
    if (tensor->shape != shape) input_error(subject, shape_text(shape), shape_text(tensor->shape), tensor->name);

    const FloatTensor values = file_.read(*tensor);
    // ATen has no tensor of constants; nothing here writes to a weight.
    return at::from_blob(
        const_cast<float*>(values.values.data()), shape, [owner = values.owner](void*) {}, at::kFloat);
}

} // namespace attnscope::models
