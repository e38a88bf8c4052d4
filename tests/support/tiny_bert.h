// A folder with a BERT of a few hundred numbers, and its forward pass in plain loops to compare with.
#pragma once

#include "support/tiny_gguf.h"

#include <attnscope/job.h>
#include <attnscope/tensor_file.h>

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace attnscope::test {

class TinyBert {
public:
    static constexpr int layers = 2, heads = 2, hidden = 8, intermediate = 12, positions = 16, vocabulary = 12;
    struct Weight {
        std::vector<std::int64_t> shape;
        std::vector<float> values;
    };

    TinyBert() {
        add("embeddings.word_embeddings.weight", {vocabulary, hidden});
        add("embeddings.position_embeddings.weight", {positions, hidden});
        add("embeddings.token_type_embeddings.weight", {2, hidden});
        add_norm("embeddings.LayerNorm");
        for (int i = 0; i < layers; ++i) {
            const std::string layer = "encoder.layer." + std::to_string(i);
            for (const char* const part : {"query", "key", "value"}) {
                add_linear(layer + ".attention.self." + part, hidden, hidden);
            }
            add_linear(layer + ".attention.output.dense", hidden, hidden);
            add_norm(layer + ".attention.output.LayerNorm");
            add_linear(layer + ".intermediate.dense", intermediate, hidden);
            add_linear(layer + ".output.dense", hidden, intermediate);
            add_norm(layer + ".output.LayerNorm");
        }
    }

    std::map<std::string, Weight> weights;
    nlohmann::json config = {{"model_type", "bert"},
                             {"num_hidden_layers", layers},
                             {"num_attention_heads", heads},
                             {"hidden_size", hidden},
                             {"intermediate_size", intermediate},
                             {"vocab_size", vocabulary},
                             {"max_position_embeddings", positions},
                             {"type_vocab_size", 2},
                             {"hidden_act", "gelu"},
                             {"layer_norm_eps", 1e-12}};

    /// config.json, model.safetensors with `prefix` before every name, vocab.txt.
    void write(const std::filesystem::path& folder, const std::string& prefix = {}) const {
        write_file(folder / "config.json", config.dump());
        std::vector<TensorToWrite> tensors;
        for (const auto& [name, weight] : weights) {
            tensors.push_back({prefix + name, DType::f32, weight.shape, std::as_bytes(std::span(weight.values))});
        }
        write_safetensors(folder / "model.safetensors", tensors, {});
        write_file(folder / "vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nb\nc\nd\ne\n##a\n##b\n,\n");
    }

    /// The same model in one file, in which the tokens of vocab.txt have a mark before words and no ## inside them.
    TinyGguf gguf() const {
        TinyGguf file;
        file.text("general.architecture", "bert").integer("bert.block_count", layers);
        file.integer("bert.context_length", positions).integer("bert.embedding_length", hidden);
        file.integer("bert.feed_forward_length", intermediate).integer("bert.attention.head_count", heads);
        file.number("bert.attention.layer_norm_epsilon", 1e-12f).flag("bert.attention.causal", false);
        file.integer("bert.pooling_type", 1).integer("tokenizer.ggml.token_type_count", 2);
        file.text("tokenizer.ggml.model", "bert");
        file.texts("tokenizer.ggml.tokens", {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "\u2581a", "\u2581b", "\u2581c",
                                             "\u2581d", "\u2581e", "a", "b", "\u2581,"});
        file.integers("tokenizer.ggml.token_type", {3, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1});
        file.integer("tokenizer.ggml.cls_token_id", 2).integer("tokenizer.ggml.seperator_token_id", 3);
        file.integer("tokenizer.ggml.unknown_token_id", 1).integer("tokenizer.ggml.padding_token_id", 0);
        for (const auto& [name, weight] : weights) {
            const std::vector<std::uint64_t> shape(weight.shape.begin(), weight.shape.end());
            file.tensor(name_in_gguf(name), shape, weight.values);
        }
        return file;
    }

    /// Unit mean of the last hidden states of one text, with the scores of every head multiplied by `gain`.
    std::vector<double> embed(const std::vector<std::int64_t>& ids, double gain = 1) const {
        const std::size_t length = ids.size();
        Rows x(length, Row(hidden));
        for (std::size_t t = 0; t < length; ++t) {
            for (std::size_t k = 0; k < hidden; ++k) {
                x[t][k] = at("embeddings.word_embeddings.weight", static_cast<std::size_t>(ids[t]) * hidden + k) +
                          at("embeddings.position_embeddings.weight", t * hidden + k) +
                          at("embeddings.token_type_embeddings.weight", k);
            }
        }
        normalise(x, "embeddings.LayerNorm");
        for (int i = 0; i < layers; ++i) {
            const std::string layer = "encoder.layer." + std::to_string(i);
            Rows y = linear(attend(x, layer + ".attention.self.", gain), layer + ".attention.output.dense");
            add_rows(y, x);
            normalise(y, layer + ".attention.output.LayerNorm");
            Rows inner = linear(y, layer + ".intermediate.dense");
            for (Row& row : inner) {
                for (double& value : row) value *= 0.5 * (1 + std::erf(value / std::sqrt(2.0)));
            }
            x = linear(inner, layer + ".output.dense");
            add_rows(x, y);
            normalise(x, layer + ".output.LayerNorm");
        }
        Row sum(hidden);
        for (const Row& row : x) {
            for (std::size_t k = 0; k < hidden; ++k) sum[k] += row[k];
        }
        double norm = 0;
        for (const double value : sum) norm += value * value;
        for (double& value : sum) value /= std::sqrt(norm);
        return sum;
    }

private:
    static std::string name_in_gguf(const std::string& name) {
        static const std::map<std::string, std::string> names{{"embeddings.word_embeddings", "token_embd"},
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
                                                              {"output.LayerNorm", "layer_output_norm"}};
        const std::string front = "encoder.layer.";
        const std::size_t end = name.rfind('.');
        if (!name.starts_with(front)) return names.at(name.substr(0, end)) + name.substr(end);
        const std::size_t part = name.find('.', front.size()) + 1;
        return "blk." + name.substr(front.size(), part - front.size()) + names.at(name.substr(part, end - part)) +
               name.substr(end);
    }

    using Row = std::vector<double>;
    using Rows = std::vector<Row>;

    void add(const std::string& name, std::vector<std::int64_t> shape, double offset = 0, double scale = 0.4) {
        std::size_t count = 1;
        for (const std::int64_t size : shape) count *= static_cast<std::size_t>(size);
        Weight weight{std::move(shape), std::vector<float>(count)};
        for (std::size_t i = 0; i < count; ++i) {
            weight.values[i] = static_cast<float>(offset + scale * random_normal(7, weights.size(), i));
        }
        weights.emplace(name, std::move(weight));
    }
    void add_linear(const std::string& name, std::int64_t outputs, std::int64_t inputs) {
        add(name + ".weight", {outputs, inputs});
        add(name + ".bias", {outputs});
    }
    void add_norm(const std::string& name) {
        add(name + ".weight", {hidden}, 1, 0.1);
        add(name + ".bias", {hidden}, 0, 0.1);
    }

    double at(const std::string& name, std::size_t i) const { return weights.at(name).values.at(i); }

    Rows linear(const Rows& input, const std::string& name) const {
        const std::vector<float>& bias = weights.at(name + ".bias").values;
        const std::vector<float>& weight = weights.at(name + ".weight").values;
        Rows output;
        for (const Row& row : input) {
            Row& result = output.emplace_back(bias.begin(), bias.end());
            for (std::size_t o = 0; o < bias.size(); ++o) {
                for (std::size_t k = 0; k < row.size(); ++k) result[o] += weight[o * row.size() + k] * row[k];
            }
        }
        return output;
    }
    static void add_rows(Rows& to, const Rows& from) {
        for (std::size_t t = 0; t < to.size(); ++t) {
            for (std::size_t k = 0; k < to[t].size(); ++k) to[t][k] += from[t][k];
        }
    }
    void normalise(Rows& rows, const std::string& name) const {
        for (Row& row : rows) {
            double mean = 0, variance = 0;
            for (const double value : row) mean += value / hidden;
            for (const double value : row) variance += (value - mean) * (value - mean) / hidden;
            for (std::size_t k = 0; k < hidden; ++k) {
                row[k] =
                    (row[k] - mean) / std::sqrt(variance + 1e-12) * at(name + ".weight", k) + at(name + ".bias", k);
            }
        }
    }
    Rows attend(const Rows& x, const std::string& name, double gain) const {
        const Rows q = linear(x, name + "query"), k = linear(x, name + "key"), v = linear(x, name + "value");
        constexpr std::size_t width = hidden / heads;
        Rows context(x.size(), Row(hidden));
        for (std::size_t h = 0; h < heads; ++h) {
            for (std::size_t t = 0; t < x.size(); ++t) {
                Row weight(x.size());
                double total = 0;
                for (std::size_t s = 0; s < x.size(); ++s) {
                    double score = 0;
                    for (std::size_t c = h * width; c < (h + 1) * width; ++c) score += q[t][c] * k[s][c];
                    total += weight[s] = std::exp(gain * score / std::sqrt(static_cast<double>(width)));
                }
                for (std::size_t s = 0; s < x.size(); ++s) {
                    for (std::size_t c = h * width; c < (h + 1) * width; ++c)
                        context[t][c] += weight[s] / total * v[s][c];
                }
            }
        }
        return context;
    }
};

} // namespace attnscope::test
