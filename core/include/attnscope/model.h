// Transformer models: what their files say of them, and opening them.
//
// Vocabulary: a *model* is a configuration, a set of named weights and, as a rule, a tokenizer. It lies in a Hugging
// Face folder (config.json, model.safetensors or its shards, tokenizer.json) or in one GGUF file. Opening costs the
// headers; weights stay in the mapped files and are converted tensor by tensor when first used.
#pragma once

#include <attnscope/choices.h>
#include <attnscope/job.h>
#include <attnscope/tensor_file.h>
#include <attnscope/tokenizer.h>

#include <compare>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace attnscope {

struct ChatFormat; // <attnscope/chat.h>

/// A family shares one forward pass. llama covers Mistral, SmolLM and Qwen2 as well.
enum class Family { gpt2, gpt_neox, llama, qwen3, bert };
const char* family_name(Family family) noexcept;

enum class Activation { gelu, gelu_tanh, silu, relu };

/// Rotary position embedding of a head's first `dimensions` numbers. Source: Su et al. 2021; llama3 scaling: Llama 3.1.
struct Rotary {
    enum class Scaling { none, linear, llama3 };
    std::int64_t dimensions = 0; ///< 0 = no rotary positions
    double theta = 10000;
    Scaling scaling = Scaling::none;
    double factor = 1;
    double low_frequency_factor = 1, high_frequency_factor = 4; ///< llama3
    std::int64_t original_positions = 8192;                     ///< llama3
    bool interleaved = false; ///< pairs (2i, 2i+1) of the stored rows instead of (i, i + dimensions/2)
    bool operator==(const Rotary&) const = default;
};

struct ModelConfig {
    Family family = Family::llama;
    std::string architecture; ///< as the file names it: LlamaForCausalLM, llama, …
    std::int64_t layers = 0, heads = 0, key_value_heads = 0, head_dim = 0;
    std::int64_t hidden = 0, intermediate = 0, vocabulary = 0;
    std::int64_t positions = 0;   ///< longest context
    std::int64_t token_types = 0; ///< BERT
    double norm_epsilon = 1e-5;
    Activation activation = Activation::silu;
    Rotary rotary;
    bool tied_head = false;          ///< logits through the transposed token embedding
    bool attention_bias = false;     ///< q, k, v (Qwen2) or all four projections
    bool parallel_residual = false;  ///< GPT-NeoX: attention and feed-forward both read the layer's input
    std::int64_t sliding_window = 0; ///< keys a query sees, itself included; 0 = all before it
    std::vector<bool> windowed;      ///< layers that have the window; empty = all, if there is a window
    bool causal() const noexcept { return family != Family::bert; }
    /// Of layer `layer`, 0 = none.
    std::int64_t window(std::int64_t layer) const;
    bool operator==(const ModelConfig&) const = default;
};

/// An opened model without any arithmetic: `inspect` and the Sources panel need no more than this.
struct ModelFiles {
    std::string name; ///< of the folder or file
    std::filesystem::path path;
    std::string format; ///< safetensors | gguf | pytorch
    ModelConfig config;
    std::shared_ptr<const TensorFile> weights; ///< of all shards
    std::vector<std::filesystem::path> weight_files;
    std::uint64_t bytes = 0;      ///< of the weight files
    std::uint64_t parameters = 0; ///< elements of all weights
    bool has_tokenizer = false;
    /// llama · 30 layers · 9 heads (3 KV) · hidden 576 · Q4_1
    std::string summary() const;
    /// Of the weights file; of the concatenated hashes of the shards where there are several. Reads the files.
    /// `between` is told how many bytes are done, and may throw to end it.
    std::string sha256(const std::function<void(std::uint64_t)>& between = {}) const;
};

/// Whether `path` looks like a model: a folder with config.json, or a GGUF file. Reads a few bytes.
bool is_model(const std::filesystem::path& path);
/// Opens headers and configuration. Throws Error{input}: an architecture not known (named, the known ones listed), a
/// missing shard or tensor (named), sizes that contradict each other.
ModelFiles open_model_files(const std::filesystem::path& path);
/// The tokenizer beside or inside a model. Throws Error{input} when it has none.
std::unique_ptr<Tokenizer> open_tokenizer(const ModelFiles& files);

/// Weights converted so far, in bytes.
struct WeightMemory {
    std::uint64_t mapped = 0;    ///< used in place
    std::uint64_t converted = 0; ///< held as copies now
    std::uint64_t budget = 0;    ///< copies are dropped, least recently used first, beyond this
};

/// A model that can be run; shared by sources, jobs and panels. Thread-safe.
class LanguageModel {
public:
    virtual ~LanguageModel() = default;
    virtual const ModelFiles& files() const = 0;
    const ModelConfig& config() const { return files().config; }
    /// Made at the first call. Throws Error{input} when the model has none.
    virtual const Tokenizer& tokenizer() const = 0;
    /// How a message to the model is written; read at the first call. Throws Error{input} as open_chat_format().
    virtual const ChatFormat& chat_format() const = 0;
    virtual WeightMemory memory() const = 0;
    /// Converted weights kept at most; 0 = half of the machine's memory.
    virtual void set_memory_budget(std::uint64_t bytes) const = 0;
    /// SHA-256 of the weights, computed once; see ModelFiles::sha256().
    virtual std::string sha256(const std::function<void(std::uint64_t)>& between = {}) const = 0;
};
using ModelPtr = std::shared_ptr<const LanguageModel>;

/// Loads the compute module. Throws Error{input} as open_model_files().
ModelPtr open_language_model(const std::filesystem::path& path);

/// The model's tokenizer, or null when it has none or one of a kind that cannot be used: ids do without.
const Tokenizer* usable_tokenizer(const LanguageModel& model);
/// One text a token; none without a usable tokenizer.
std::vector<std::string> token_texts(const LanguageModel& model, const std::vector<std::int64_t>& ids);
/// What tokens are shown as: their texts, or their ids where the model has no tokenizer that can be used.
std::vector<std::string> token_labels(const LanguageModel& model, const std::vector<std::int64_t>& ids);
/// Token ids from text, checked against the model; `between` as in Tokenizer::encode().
std::vector<Token> model_tokens(const LanguageModel& model, const std::string& text,
                                const std::function<void()>& between = {});
/// Throws Error{input}: no ids, an id outside the vocabulary (position named), more than the model's positions.
void check_tokens(const LanguageModel& model, const std::vector<std::int64_t>& ids);

struct HeadChoice {
    int layer = 0, head = 0; ///< query heads
    auto operator<=>(const HeadChoice&) const = default;
};

/// Precision of a forward pass.
enum class Precision { float32, bfloat16 };
constexpr auto choices_of(Precision) {
    return std::array{Choice<Precision>{Precision::float32, "float32"},
                      Choice<Precision>{Precision::bfloat16, "bfloat16"}};
}

// ------------------------------------------------------------------ logits
struct LogitsRequest {
    ModelPtr model;
    std::vector<std::int64_t> ids;
    int top = 10;
    double gain = 1; ///< multiplies every layer's scores; infinity = top-1
    Precision precision = Precision::float32;
    bool operator==(const LogitsRequest&) const = default;
};
struct LogitsResult {
    struct Entry {
        std::int64_t id = 0;
        double logit = 0;
        std::string text; ///< empty without a tokenizer
    };
    std::int64_t tokens = 0;    ///< of the text
    std::vector<Entry> top;     ///< at the last position, ties to the lower id
    double log_sum_exp = 0;     ///< over the vocabulary at the last position
    std::optional<double> loss; ///< mean negative log-likelihood of ids[1…], nats; none for one token
};
LogitsResult compute_logits(const LogitsRequest& request, JobContext& context);

} // namespace attnscope
