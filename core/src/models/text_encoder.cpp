#include "models/text_encoder.h"

#include "base/input_error.h"
#include "base/json_members.h"
#include "base/json_reader.h"
#include "files/gguf.h"
#include "files/model_config.h"
#include "models/bert.h"
#include "module/compute/thread_guard.h"

#include <attnscope/model.h>

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <memory>
#include <mutex>
#include <numeric>
#include <utility>

namespace attnscope::compute {
namespace {

namespace fs = std::filesystem;
using models::Bert;
using models::RaggedBatch;

// Enough tokens to keep a matrix product busy, few enough that their activations stay in the cache and that a layer is
// done well within the time between two checkpoints, which takes about this many operations on one core.
constexpr std::int64_t most_tokens_per_batch = 512, fewest_tokens_per_batch = 64;
constexpr std::int64_t operations_per_layer = 2'000'000'000;

std::size_t tokens_per_batch(const ModelConfig& config) {
    const std::int64_t operations_per_token = 2 * config.hidden * (4 * config.hidden + 2 * config.intermediate);
    return static_cast<std::size_t>(
        std::clamp(operations_per_layer / operations_per_token, fewest_tokens_per_batch, most_tokens_per_batch));
}

constexpr std::size_t texts_per_task = 64;

/// Ids of one text, cut to `longest`: what the tokenizer sets around it stays, the end of the text goes.
std::vector<std::int64_t> cut_ids(const std::vector<Token>& tokens, std::size_t longest) {
    const auto added = [](const Token& token) { return token.begin == token.end; };
    std::size_t cut_end = tokens.size();
    while (cut_end > 0 && added(tokens[cut_end - 1])) --cut_end;
    const std::size_t excess = tokens.size() > longest ? tokens.size() - longest : 0;
    const std::size_t cut_begin = cut_end - std::min(excess, cut_end);
    std::vector<std::int64_t> ids;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        if (i < cut_begin || i >= cut_end) ids.push_back(tokens[i].id);
    }
    return ids;
}

/// Texts order[first … last).
struct Batch {
    std::size_t first, last;
};

class BertTextEncoder final : public TextEncoder {
public:
    BertTextEncoder(fs::path path, std::unique_ptr<Tokenizer> tokenizer, std::shared_ptr<const TensorFile> weights,
                    const ModelConfig& config, std::size_t longest)
        : path_(std::move(path)), tokenizer_(std::move(tokenizer)), weights_(std::move(weights)),
          model_(config, *weights_), longest_(longest) {}

    std::size_t dimension() const override { return static_cast<std::size_t>(model_.config().hidden); }
    std::string name() const override { return path_.filename().string(); }
    std::string summary() const override {
        const ModelConfig& config = model_.config();
        return "bert · " + std::to_string(config.layers) + " layers · " + std::to_string(config.heads) +
               " heads · hidden " + std::to_string(config.hidden);
    }
    std::string sha256(const BytesDone& between) const override {
        // Two threads may both compute it the first time; they store the same text. No lock is held while `between`
        // waits.
        if (const auto known = std::atomic_load(&sha256_)) return *known;
        const auto hex = std::make_shared<const std::string>(sha256_file(weights_->path(), between));
        std::atomic_store(&sha256_, hex);
        return *hex;
    }
    const Tokenizer& tokenizer() const override { return *tokenizer_; }

    std::vector<float> encode(std::span<const std::string> texts, JobContext& context,
                              const std::function<void(std::size_t, std::span<const float>)>& finished) const override {
        const std::vector<std::vector<std::int64_t>> ids = tokenize(texts, context);
        std::vector<float> embeddings(texts.size() * dimension());

        // Neighbours in this order have about equal lengths. The longest first, so that memory is at its most and
        // the time left is overestimated at the start rather than at the end.
        std::vector<std::size_t> order(texts.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::stable_sort(order.begin(), order.end(),
                         [&](std::size_t a, std::size_t b) { return ids[a].size() > ids[b].size(); });
        std::size_t total = 0;
        for (const auto& text : ids) total += text.size();
        const auto threads = static_cast<std::size_t>(context.threads());
        const std::size_t wanted = std::min(tokens_per_batch(model_.config()), (total + threads - 1) / threads);

        std::vector<Batch> batches;
        for (std::size_t first = 0; first < order.size(); first = batches.back().last)
            batches.push_back(take_batch(ids, order, first, wanted));

        // A batch a thread: no barrier inside a matrix product, so busy neighbours cost only what they take.
        const models::ThreadGuard calling_thread(1);
        std::mutex telling;
        std::size_t done = 0;
        context.progress(0, static_cast<double>(total), "embedding");
        context.parallel_for(batches.size(), [&](std::size_t task, int) {
            const auto [first, last] = batches[task];
            const RaggedBatch tokens = tokens_of(ids, std::span(order).subspan(first, last - first));
            embed(tokens, std::span(order).subspan(first, last - first), context, embeddings);
            const std::lock_guard lock(telling);
            for (std::size_t i = first; finished && i < last; ++i)
                finished(order[i], std::span(embeddings).subspan(order[i] * dimension(), dimension()));
            done += tokens.ids.size();
            context.progress(static_cast<double>(done), static_cast<double>(total), "embedding");
        });
        context.progress(1, 1, "embedding");
        return embeddings;
    }

private:
    std::vector<std::vector<std::int64_t>> tokenize(std::span<const std::string> texts, JobContext& context) const {
        std::vector<std::vector<std::int64_t>> ids(texts.size());
        context.parallel_for((texts.size() + texts_per_task - 1) / texts_per_task, [&](std::size_t task, int) {
            const std::size_t first = task * texts_per_task;
            const std::size_t last = std::min(first + texts_per_task, texts.size());
            for (std::size_t i = first; i < last; ++i) {
                ids[i] = cut_ids(tokenizer_->encode(texts[i]), longest_);
                if (ids[i].empty()) input_error("text " + std::to_string(i), "at least one token", "none");
            }
            context.progress(static_cast<double>(last), static_cast<double>(texts.size()), "tokenizing");
        });
        return ids;
    }

    static Batch take_batch(const std::vector<std::vector<std::int64_t>>& ids, std::span<const std::size_t> order,
                            std::size_t first, std::size_t wanted) {
        std::size_t last = first;
        for (std::size_t tokens = 0; last < order.size(); ++last) {
            tokens += ids[order[last]].size();
            if (last > first && tokens > wanted) break;
        }
        return {first, last};
    }

    static RaggedBatch tokens_of(const std::vector<std::vector<std::int64_t>>& ids,
                                 std::span<const std::size_t> texts) {
        RaggedBatch batch;
        for (const std::size_t index : texts) {
            batch.ids.insert(batch.ids.end(), ids[index].begin(), ids[index].end());
            batch.lengths.push_back(static_cast<std::int64_t>(ids[index].size()));
        }
        return batch;
    }

    /// Row indices[i] of `embeddings` becomes the unit mean of the hidden states of the batch's text i.
    void embed(const RaggedBatch& batch, std::span<const std::size_t> indices, JobContext& context,
               std::vector<float>& embeddings) const {
        const c10::InferenceMode no_gradients;
        // Left so on a thread of the pool: what runs there is parallel already.
        if (at::get_num_threads() != 1) at::set_num_threads(1);
        const at::Tensor hidden = model_.forward(batch, context).contiguous();
        const std::size_t width = dimension();
        const float* token = hidden.const_data_ptr<float>();
        std::vector<double> sum(width);
        for (std::size_t i = 0; i < indices.size(); ++i) {
            std::fill(sum.begin(), sum.end(), 0.0);
            for (std::int64_t t = 0; t < batch.lengths[i]; ++t, token += width) {
                for (std::size_t k = 0; k < width; ++k) sum[k] += token[k];
            }
            // The mean's own length cancels: sum and mean point the same way.
            const double norm = std::sqrt(std::inner_product(sum.begin(), sum.end(), sum.begin(), 0.0));
            if (!(norm > 0) || !std::isfinite(norm)) {
                input_error(weights_->path().string(), "weights that give finite embeddings", "one that is not");
            }
            const std::span row = std::span(embeddings).subspan(indices[i] * width, width);
            for (std::size_t k = 0; k < width; ++k) row[k] = static_cast<float>(sum[k] / norm);
        }
    }

    fs::path path_; // the folder, or the GGUF file
    std::unique_ptr<Tokenizer> tokenizer_;
    std::shared_ptr<const TensorFile> weights_;
    Bert model_;
    std::size_t longest_; // tokens of a text, those set around it included
    mutable std::shared_ptr<const std::string> sha256_;
};

nlohmann::json read_config(const fs::path& path) {
    return read_json<nlohmann::json>(path, json_kinds::model_config, path.string());
}

/// The reference library pools as this file says; only the mean is done here.
void check_pooling(const fs::path& path) {
    if (!fs::exists(path)) return;
    const nlohmann::json document = read_config(path);
    const JsonMembers members(document, path.string());
    for (const char* const mode :
         {"pooling_mode_cls_token", "pooling_mode_max_tokens", "pooling_mode_mean_sqrt_len_tokens",
          "pooling_mode_weightedmean_tokens", "pooling_mode_lasttoken"}) {
        if (members.flag(mode, false)) members.fail(mode, "mean pooling", "another");
    }
}

/// The tokenizer beside or inside an encoder; `config` is what says its vocabulary.
std::unique_ptr<Tokenizer> fitting_tokenizer(const fs::path& path, const std::string& config, std::int64_t vocabulary,
                                             std::int64_t longest) {
    std::unique_ptr<Tokenizer> tokenizer = open_tokenizer(path);
    if (tokenizer->vocabulary_size() > static_cast<std::size_t>(vocabulary)) {
        input_error(config, "vocab_size of at least the tokenizer's " + std::to_string(tokenizer->vocabulary_size()),
                    std::to_string(vocabulary));
    }
    if (const std::size_t fixed = tokenizer->encode("").size(); fixed >= static_cast<std::size_t>(longest)) {
        input_error(path.string(), "fewer than " + std::to_string(longest) + " tokens around a text",
                    std::to_string(fixed));
    }
    return tokenizer;
}

std::shared_ptr<const TextEncoder> open_bert(const fs::path& folder) {
    const ModelConfig config = read_model_config(folder / "config.json");
    auto longest = config.positions;
    if (const fs::path path = folder / "sentence_bert_config.json"; fs::exists(path)) {
        const nlohmann::json document = read_config(path);
        longest = JsonMembers(document, path.string()).integer("max_seq_length", 3, config.positions, longest);
    }
    check_pooling(folder / "1_Pooling" / "config.json");

    std::unique_ptr<Tokenizer> tokenizer =
        fitting_tokenizer(folder, (folder / "config.json").string(), config.vocabulary, longest);
    for (const char* const name : {"model.safetensors", "pytorch_model.bin"}) {
        if (!fs::exists(folder / name)) continue;
        return std::make_shared<BertTextEncoder>(folder, std::move(tokenizer), open_tensor_file(folder / name), config,
                                                 static_cast<std::size_t>(longest));
    }
    input_error(folder.string(), "model.safetensors or pytorch_model.bin", "neither");
}

struct Family {
    const char* model_type;
    std::shared_ptr<const TextEncoder> (*open)(const fs::path& folder);
};

/// Every architecture that is known as a sentence encoder, by `model_type` of its config.json.
constexpr std::array families{Family{"bert", open_bert}};

std::string family_names() {
    std::string names;
    for (const Family& family : families) names += (names.empty() ? "" : ", ") + std::string(family.model_type);
    return names;
}

/// A GGUF file with its tokenizer inside. How long texts may be there and how they are pooled, its header says.
std::shared_ptr<const TextEncoder> open_gguf_encoder(const fs::path& file) {
    const std::string subject = file.string();
    const GgufMetadata metadata = read_gguf_metadata(file);
    const std::string architecture = metadata.text("general.architecture");
    if (architecture != families.front().model_type)
        metadata.fail("general.architecture", "an encoder of architecture " + family_names(), excerpt(architecture));
    // RoBERTa goes by the same architecture and has another tokenizer.
    if (const std::string kind = metadata.text("tokenizer.ggml.model"); kind != "bert")
        metadata.fail("tokenizer.ggml.model", "bert", excerpt(kind));
    // 0 leaves pooling open, as does no word on it: it is the mean then, as in a folder.
    constexpr const char* pooling = "bert.pooling_type";
    if (const std::int64_t type = metadata.integer(pooling, 0, INT32_MAX, 1); type > 1) {
        static constexpr std::array others{"2 (the first token)", "3 (the last token)", "4 (a ranking)"};
        const auto other = static_cast<std::size_t>(type - 2);
        metadata.fail(pooling, "1, mean pooling", other < others.size() ? others[other] : std::to_string(type));
    }

    ModelFiles files = open_model_files(file);
    const ModelConfig& config = files.config;
    std::unique_ptr<Tokenizer> tokenizer = fitting_tokenizer(file, subject, config.vocabulary, config.positions);
    return std::make_shared<BertTextEncoder>(file, std::move(tokenizer), files.weights, config,
                                             static_cast<std::size_t>(config.positions));
}

} // namespace

std::shared_ptr<const TextEncoder> open_text_encoder(const fs::path& path) {
    std::error_code failure;
    const fs::path folder = fs::canonical(path, failure);
    if (!failure && !fs::is_directory(folder) && is_model(folder)) return open_gguf_encoder(folder);
    if (failure || !fs::is_directory(folder)) {
        input_error(path.string(), "the folder of an encoder, or a GGUF file",
                    failure ? "nothing there" : "another file");
    }
    if (!fs::exists(folder / "config.json")) input_error(folder.string(), "config.json", "none");
    const nlohmann::json config = read_config(folder / "config.json");
    const std::string type = JsonMembers(config, (folder / "config.json").string()).text("model_type", "none");
    for (const Family& family : families) {
        if (type == family.model_type) return family.open(folder);
    }
    input_error((folder / "config.json").string(), "an encoder of architecture " + family_names(), excerpt(type),
                "model_type");
}

} // namespace attnscope::compute
