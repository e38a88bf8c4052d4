// The forward pass of a tiny language model in float64 and plain loops, to compare with.
#pragma once

#include "support/tiny_models.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

namespace attnscope::test {

class PlainForward {
public:
    using Row = std::vector<double>;
    using Rows = std::vector<Row>;

    explicit PlainForward(const TinyModel& model, double gain_ = 1) : model_(model), gain_factor_(gain_) {}

    /// Logits at every position, (T, vocabulary).
    Rows logits(const std::vector<std::int64_t>& ids) const {
        const std::string type = text("model_type");
        if (type == "gpt2") return gpt2(ids);
        return type == "gpt_neox" ? neox(ids) : llama(ids);
    }

    static double log_sum_exp(const Row& row) {
        const double top = *std::max_element(row.begin(), row.end());
        double sum = 0;
        for (const double value : row) sum += std::exp(value - top);
        return top + std::log(sum);
    }
    double loss(const std::vector<std::int64_t>& ids) const {
        const Rows rows = logits(ids);
        double sum = 0;
        for (std::size_t t = 0; t + 1 < ids.size(); ++t)
            sum += log_sum_exp(rows[t]) - rows[t][static_cast<std::size_t>(ids[t + 1])];
        return sum / static_cast<double>(ids.size() - 1);
    }

private:
    std::string text(const char* name) const { return model_.config.at(name).get<std::string>(); }
    std::size_t size(const char* name) const { return model_.config.at(name).get<std::size_t>(); }
    double at(const std::string& name, std::size_t i) const {
        return static_cast<double>(model_.weights.at(name).values.at(i));
    }
    bool has(const std::string& name) const { return model_.weights.contains(name); }

    /// `columns`: the weight is (inputs, outputs).
    Rows linear(const Rows& input, const std::string& name, bool columns = false) const {
        const auto& weight = model_.weights.at(name + ".weight");
        const std::size_t inputs = input.front().size(), outputs = weight.values.size() / inputs;
        Rows output(input.size(), Row(outputs));
        for (std::size_t t = 0; t < input.size(); ++t) {
            for (std::size_t o = 0; o < outputs; ++o) {
                double sum = has(name + ".bias") ? at(name + ".bias", o) : 0;
                for (std::size_t k = 0; k < inputs; ++k)
                    sum += input[t][k] * static_cast<double>(weight.values[columns ? k * outputs + o : o * inputs + k]);
                output[t][o] = sum;
            }
        }
        return output;
    }
    Rows rows_of(const std::string& name, const std::vector<std::int64_t>& ids) const {
        const auto& weight = model_.weights.at(name);
        const auto width = static_cast<std::size_t>(weight.shape[1]);
        Rows rows;
        for (const std::int64_t id : ids) {
            const auto begin = weight.values.begin() + id * static_cast<std::int64_t>(width);
            rows.emplace_back(begin, begin + static_cast<std::int64_t>(width));
        }
        return rows;
    }
    static Rows added(Rows a, const Rows& b) {
        for (std::size_t t = 0; t < a.size(); ++t)
            std::transform(a[t].begin(), a[t].end(), b[t].begin(), a[t].begin(), std::plus<>());
        return a;
    }
    /// Layer norm where there is a bias, else root-mean-square norm.
    Rows normed(Rows rows, const std::string& name, double epsilon) const {
        const bool centred = has(name + ".bias");
        for (Row& row : rows) {
            const auto width = static_cast<double>(row.size());
            double mean = 0, squares = 0;
            for (const double value : row) mean += centred ? value / width : 0;
            for (const double value : row) squares += (value - mean) * (value - mean) / width;
            for (std::size_t k = 0; k < row.size(); ++k)
                row[k] = (row[k] - mean) / std::sqrt(squares + epsilon) * at(name + ".weight", k) +
                         (centred ? at(name + ".bias", k) : 0);
        }
        return rows;
    }
    static Rows mapped(Rows rows, double (*function)(double)) {
        for (Row& row : rows) std::transform(row.begin(), row.end(), row.begin(), function);
        return rows;
    }
    static double gelu(double x) { return 0.5 * x * (1 + std::erf(x / std::numbers::sqrt2)); }
    static double gelu_tanh(double x) {
        return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
    }
    static double silu(double x) { return x / (1 + std::exp(-x)); }

    using Head = Rows; // (T, head_dim)
    /// Columns first … first + width of every row.
    static Head columns(const Rows& rows, std::size_t first, std::size_t width) {
        Head head;
        for (const Row& row : rows) {
            const auto begin = row.begin() + static_cast<std::ptrdiff_t>(first);
            head.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(width));
        }
        return head;
    }
    double frequency(std::size_t pair, std::size_t dimensions, double theta) const {
        double value = std::pow(theta, -2.0 * static_cast<double>(pair) / static_cast<double>(dimensions));
        if (!model_.config.contains("rope_scaling")) return value;
        const auto& scaling = model_.config["rope_scaling"];
        const double factor = scaling["factor"];
        if (scaling["rope_type"] == "linear") return value / factor;
        const double low = scaling["low_freq_factor"], high = scaling["high_freq_factor"];
        const double original = scaling["original_max_position_embeddings"];
        const double wavelength = 2 * std::numbers::pi / value;
        if (wavelength < original / high) return value;
        if (wavelength > original / low) return value / factor;
        const double smooth = (original / wavelength - low) / (high - low);
        return (1 - smooth) * value / factor + smooth * value;
    }
    Head turned(Head head, std::size_t dimensions, double theta) const {
        const std::size_t half = dimensions / 2;
        for (std::size_t t = 0; t < head.size(); ++t) {
            for (std::size_t i = 0; i < half; ++i) {
                const double angle = static_cast<double>(t) * frequency(i, dimensions, theta);
                const double a = head[t][i], b = head[t][i + half];
                head[t][i] = a * std::cos(angle) - b * std::sin(angle);
                head[t][i + half] = b * std::cos(angle) + a * std::sin(angle);
            }
        }
        return head;
    }
    /// Appends the context of one head to every row of `out`.
    void attend(const Head& q, const Head& k, const Head& v, std::size_t window, Rows& out) const {
        const double scale = gain_factor_ / std::sqrt(static_cast<double>(q.front().size()));
        for (std::size_t t = 0; t < q.size(); ++t) {
            const std::size_t first = window > 0 && t + 1 > window ? t + 1 - window : 0;
            Row weights;
            for (std::size_t s = first; s <= t; ++s) {
                double score = 0;
                for (std::size_t c = 0; c < q[t].size(); ++c) score += q[t][c] * k[s][c];
                weights.push_back(score);
            }
            const double top = *std::max_element(weights.begin(), weights.end());
            double total = 0;
            for (double& weight : weights)
                total += weight = std::isinf(scale) ? double(weight == top) : std::exp(scale * (weight - top));
            for (std::size_t c = 0; c < v.front().size(); ++c) {
                double sum = 0;
                for (std::size_t s = first; s <= t; ++s) sum += weights[s - first] / total * v[s][c];
                out[t].push_back(sum);
            }
        }
    }

    Rows gpt2(const std::vector<std::int64_t>& ids) const {
        const std::string root = "transformer.";
        std::vector<std::int64_t> places;
        for (std::size_t t = 0; t < ids.size(); ++t) places.push_back(static_cast<std::int64_t>(t));
        Rows x = added(rows_of(root + "wte.weight", ids), rows_of(root + "wpe.weight", places));
        const std::size_t heads = size("n_head"), hidden = size("n_embd"), width = hidden / heads;
        for (std::size_t i = 0; i < size("n_layer"); ++i) {
            const std::string layer = root + "h." + std::to_string(i) + ".";
            const Rows qkv = linear(normed(x, layer + "ln_1", 1e-5), layer + "attn.c_attn", true);
            Rows context(ids.size());
            for (std::size_t h = 0; h < heads; ++h)
                attend(columns(qkv, h * width, width), columns(qkv, hidden + h * width, width),
                       columns(qkv, 2 * hidden + h * width, width), 0, context);
            x = added(linear(context, layer + "attn.c_proj", true), x);
            const Rows inner = mapped(linear(normed(x, layer + "ln_2", 1e-5), layer + "mlp.c_fc", true), gelu_tanh);
            x = added(linear(inner, layer + "mlp.c_proj", true), x);
        }
        return linear(normed(x, root + "ln_f", 1e-5), root + "wte");
    }

    Rows neox(const std::vector<std::int64_t>& ids) const {
        const std::string root = "gpt_neox.";
        Rows x = rows_of(root + "embed_in.weight", ids);
        const std::size_t heads = size("num_attention_heads"), width = size("hidden_size") / heads;
        const auto turning =
            static_cast<std::size_t>(static_cast<double>(width) * model_.config["rotary_pct"].get<double>());
        const double theta = model_.config["rotary_emb_base"];
        for (std::size_t i = 0; i < size("num_hidden_layers"); ++i) {
            const std::string layer = root + "layers." + std::to_string(i) + ".";
            const Rows qkv = linear(normed(x, layer + "input_layernorm", 1e-5), layer + "attention.query_key_value");
            Rows context(ids.size());
            for (std::size_t h = 0; h < heads; ++h) {
                const std::size_t first = 3 * h * width;
                attend(turned(columns(qkv, first, width), turning, theta),
                       turned(columns(qkv, first + width, width), turning, theta),
                       columns(qkv, first + 2 * width, width), 0, context);
            }
            const Rows attended = added(linear(context, layer + "attention.dense"), x);
            const Rows& read = model_.config["use_parallel_residual"].get<bool>() ? x : attended;
            const Rows inner = mapped(
                linear(normed(read, layer + "post_attention_layernorm", 1e-5), layer + "mlp.dense_h_to_4h"), gelu);
            x = added(linear(inner, layer + "mlp.dense_4h_to_h"), attended);
        }
        return linear(normed(x, root + "final_layer_norm", 1e-5), "embed_out");
    }

    Rows llama(const std::vector<std::int64_t>& ids) const {
        const std::string root = "model.";
        Rows x = rows_of(root + "embed_tokens.weight", ids);
        const std::size_t heads = size("num_attention_heads"), width = size("head_dim");
        const std::size_t group = heads / size("num_key_value_heads");
        const double theta = model_.config["rope_theta"], epsilon = model_.config["rms_norm_eps"];
        for (std::size_t i = 0; i < size("num_hidden_layers"); ++i) {
            const std::string layer = root + "layers." + std::to_string(i) + ".";
            const Rows input = normed(x, layer + "input_layernorm", epsilon);
            const Rows q = linear(input, layer + "self_attn.q_proj"), k = linear(input, layer + "self_attn.k_proj"),
                       v = linear(input, layer + "self_attn.v_proj");
            const auto head = [&](const Rows& rows, std::size_t h, const std::string& norm) {
                Head out = columns(rows, h * width, width);
                if (has(layer + norm + ".weight")) out = normed(out, layer + norm, epsilon);
                return turned(out, width, theta);
            };
            Rows context(ids.size());
            for (std::size_t h = 0; h < heads; ++h)
                attend(head(q, h, "self_attn.q_norm"), head(k, h / group, "self_attn.k_norm"),
                       columns(v, h / group * width, width), window(i), context);
            x = added(linear(context, layer + "self_attn.o_proj"), x);
            const Rows read = normed(x, layer + "post_attention_layernorm", epsilon);
            Rows inner = mapped(linear(read, layer + "mlp.gate_proj"), silu);
            const Rows up = linear(read, layer + "mlp.up_proj");
            for (std::size_t t = 0; t < inner.size(); ++t)
                std::transform(inner[t].begin(), inner[t].end(), up[t].begin(), inner[t].begin(), std::multiplies<>());
            x = added(linear(inner, layer + "mlp.down_proj"), x);
        }
        const bool tied = model_.config["tie_word_embeddings"];
        return linear(normed(x, root + "norm", epsilon), tied ? root + "embed_tokens" : "lm_head");
    }
    std::size_t window(std::size_t layer) const {
        if (!model_.config.contains("sliding_window")) return 0;
        const auto types = model_.config.find("layer_types");
        return types == model_.config.end() || (*types)[layer] == "sliding_attention" ? size("sliding_window") : 0;
    }

    const TinyModel& model_;
    double gain_factor_;
};

/// `count` ids below the vocabulary.
inline std::vector<std::int64_t> random_ids(std::size_t count, std::uint64_t seed = 1) {
    std::vector<std::int64_t> ids;
    for (std::size_t i = 0; i < count; ++i)
        ids.push_back(static_cast<std::int64_t>(random_bits(seed, 21, i) % TinySizes::vocabulary));
    return ids;
}

} // namespace attnscope::test
