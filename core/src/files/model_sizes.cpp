// Whether the weights of a model are those its configuration speaks of.
#include "base/input_error.h"
#include "files/model_config.h"

#include <array>
#include <initializer_list>

namespace attnscope {
namespace {

using Shape = std::vector<std::int64_t>;

std::string shape_text(const Shape& shape) {
    std::string text;
    for (const std::int64_t size : shape) text += (text.empty() ? "" : " × ") + std::to_string(size);
    return text.empty() ? "one number" : text;
}

/// What a family calls the tensors that give its sizes away, in a Hugging Face folder. A layer's name goes between
/// `layers` and the rest.
struct Names {
    Family family;
    const char* prefix; ///< of every name in a model with a head
    const char* embedding;
    const char* layers;
    const char* queries; ///< or queries, keys and values in one
    const char* keys;    ///< null where they are in one
};
constexpr std::array folder_names{
    Names{Family::gpt2, "transformer.", "wte.weight", "h.", "attn.c_attn.weight", nullptr},
    Names{Family::gpt_neox, "gpt_neox.", "embed_in.weight", "layers.", "attention.query_key_value.weight", nullptr},
    Names{Family::llama, "model.", "embed_tokens.weight", "layers.", "self_attn.q_proj.weight",
          "self_attn.k_proj.weight"},
    Names{Family::qwen3, "model.", "embed_tokens.weight", "layers.", "self_attn.q_proj.weight",
          "self_attn.k_proj.weight"},
    Names{Family::bert, "bert.", "embeddings.word_embeddings.weight", "encoder.layer.", "attention.self.query.weight",
          "attention.self.key.weight"},
};
constexpr Names gguf_names{Family::llama, "", "token_embd.weight", "blk.", "attn_q.weight", "attn_k.weight"};
constexpr Names gguf_fused_names{Family::gpt2, "", "token_embd.weight", "blk.", "attn_qkv.weight", nullptr};

const Names& names_of(Family family, bool gguf) {
    if (gguf) return family == Family::gpt2 || family == Family::gpt_neox ? gguf_fused_names : gguf_names;
    for (const Names& names : folder_names)
        if (names.family == family) return names;
    ATTNSCOPE_ASSERT(false && "a family without names");
    return folder_names.front();
}

class Sizes {
public:
    explicit Sizes(const TensorFile& weights) : weights_(weights), subject_(weights.path().string()) {}

    /// Under the name a model with a head has for it, or that of a bare one.
    const TensorInfo& find(const Names& names, const std::string& name) const {
        for (const std::string& candidate : {names.prefix + name, name})
            if (const TensorInfo* const tensor = weights_.find(candidate)) return *tensor;
        input_error(subject_, "tensor " + (names.prefix + name), "none");
    }
    void expect(const TensorInfo& tensor, const Shape& shape, const char* why) const {
        if (tensor.shape != shape)
            input_error(subject_, shape_text(shape) + why, shape_text(tensor.shape), tensor_place(tensor.name));
    }

private:
    const TensorFile& weights_;
    std::string subject_;
};

} // namespace

void check_model_sizes(const ModelConfig& config, const TensorFile& weights) {
    const bool gguf = weights.format() == "gguf";
    const Names& names = names_of(config.family, gguf);
    const Sizes sizes(weights);
    sizes.expect(sizes.find(names, names.embedding), {config.vocabulary, config.hidden}, " (vocabulary × hidden size)");

    const std::int64_t query_rows = config.heads * config.head_dim, key_rows = config.key_value_heads * config.head_dim;
    for (std::int64_t layer = 0; layer < config.layers; ++layer) {
        const std::string begin = names.layers + std::to_string(layer) + ".";
        const TensorInfo& queries = sizes.find(names, begin + names.queries);
        if (names.keys) {
            sizes.expect(queries, {query_rows, config.hidden}, " (heads · head_dim × hidden size)");
            sizes.expect(sizes.find(names, begin + names.keys), {key_rows, config.hidden},
                         " (key-value heads · head_dim × hidden size)");
        } else if (config.family == Family::gpt2 && !gguf) {
            sizes.expect(queries, {config.hidden, 3 * query_rows}, " (hidden size × 3 · heads · head_dim)");
        } else {
            sizes.expect(queries, {3 * query_rows, config.hidden}, " (3 · heads · head_dim × hidden size)");
        }
    }
}

} // namespace attnscope
