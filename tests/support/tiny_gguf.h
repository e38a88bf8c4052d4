// GGUF files put together by hand, so that tests can put them together wrongly, and a whole model of a few thousand
// numbers in one.
#pragma once

#include "files/elements.h"
#include "support/archives.h"

#include <attnscope/job.h>
#include <attnscope/tensor_file.h>

#include <cstdint>
#include <initializer_list>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace attnscope::test {

class TinyGguf {
public:
    std::uint32_t version = 3;
    std::uint64_t alignment = 32; ///< of the data; written as general.alignment when another
    // Lies; the true counts where negative.
    std::int64_t claimed_tensors = -1, claimed_values = -1;

    TinyGguf& text(std::string_view key, std::string_view value) { return raw_value(key, 8, sized(value)); }
    TinyGguf& integer(std::string_view key, std::uint32_t value) { return raw_value(key, 4, raw(value)); }
    TinyGguf& number(std::string_view key, float value) { return raw_value(key, 6, raw(value)); }
    TinyGguf& flag(std::string_view key, bool value) { return raw_value(key, 7, raw<std::uint8_t>(value)); }
    TinyGguf& texts(std::string_view key, const std::vector<std::string>& values) {
        std::string bytes;
        for (const std::string& value : values) bytes += sized(value);
        return list(key, 8, values.size(), bytes);
    }
    TinyGguf& integers(std::string_view key, const std::vector<std::int32_t>& values) {
        return list(key, 5, values.size(), bytes_of(values));
    }
    TinyGguf& numbers(std::string_view key, const std::vector<float>& values) {
        return list(key, 6, values.size(), bytes_of(values));
    }
    TinyGguf& list(std::string_view key, std::uint32_t kind, std::uint64_t count, std::string_view bytes) {
        return raw_value(key, 9, raw(kind) + raw(count) + std::string(bytes));
    }
    /// Any number as the kind, any bytes as the value. A key that is there is replaced.
    TinyGguf& raw_value(std::string_view key, std::uint32_t kind, std::string bytes) {
        for (Value& value : values_)
            if (value.key == key) {
                value.bytes = raw(kind) + std::move(bytes);
                return *this;
            }
        return repeat_value(key, kind, std::move(bytes));
    }
    /// The same without looking.
    TinyGguf& repeat_value(std::string_view key, std::uint32_t kind, std::string bytes) {
        values_.push_back({std::string(key), raw(kind) + std::move(bytes)});
        return *this;
    }
    TinyGguf& drop(std::string_view key) {
        std::erase_if(values_, [&](const Value& value) { return value.key == key; });
        std::erase_if(tensors_, [&](const Tensor& tensor) { return tensor.name == key; });
        return *this;
    }

    /// `shape` is row-major and stored the other way round; `type` is the number in the file.
    struct Tensor {
        std::string name;
        std::vector<std::uint64_t> shape;
        std::uint32_t type = 0;
        std::string data;
        std::int64_t claimed_offset = -1; ///< the true one where negative
    };
    TinyGguf& tensor(Tensor tensor) {
        tensors_.push_back(std::move(tensor));
        return *this;
    }
    TinyGguf& tensor(std::string_view name, std::vector<std::uint64_t> shape, const std::vector<float>& values) {
        return tensor({std::string(name), std::move(shape), 0, bytes_of(values)});
    }
    /// Random numbers about `mean`, the same every time.
    TinyGguf& random(std::string_view name, std::vector<std::uint64_t> shape, float mean = 0, float deviation = .4f) {
        std::vector<float> values(std::accumulate(shape.begin(), shape.end(), std::uint64_t{1}, std::multiplies<>()));
        for (std::size_t i = 0; i < values.size(); ++i)
            values[i] = mean + deviation * static_cast<float>(random_normal(11, tensors_.size(), i));
        return tensor(name, std::move(shape), values);
    }
    std::vector<Tensor>& tensors() { return tensors_; }

    std::string header() const {
        std::string bytes =
            "GGUF" + raw(version) +
            raw(claimed_tensors < 0 ? std::uint64_t{tensors_.size()} : static_cast<std::uint64_t>(claimed_tensors));
        const std::uint64_t values = values_.size() + (alignment != 32);
        bytes += raw(claimed_values < 0 ? values : static_cast<std::uint64_t>(claimed_values));
        if (alignment != 32)
            bytes += sized("general.alignment") + raw<std::uint32_t>(4) + raw(static_cast<std::uint32_t>(alignment));
        for (const Value& value : values_) bytes += sized(value.key) + value.bytes;
        std::uint64_t offset = 0;
        for (const Tensor& tensor : tensors_) {
            bytes += sized(tensor.name) + raw(static_cast<std::uint32_t>(tensor.shape.size()));
            for (std::size_t k = tensor.shape.size(); k-- > 0;) bytes += raw(tensor.shape[k]);
            bytes += raw(tensor.type) +
                     raw(tensor.claimed_offset < 0 ? offset : static_cast<std::uint64_t>(tensor.claimed_offset));
            offset = aligned(offset + tensor.data.size());
        }
        return bytes;
    }
    std::string str() const {
        std::string bytes = header();
        bytes.resize(aligned(bytes.size()));
        const std::size_t begin = bytes.size();
        for (const Tensor& tensor : tensors_) {
            bytes.resize(begin + aligned(bytes.size() - begin));
            bytes += tensor.data;
        }
        return bytes;
    }

    static std::string sized(std::string_view text) { return raw(std::uint64_t{text.size()}) + std::string(text); }
    template <class Number>
    static std::string bytes_of(const std::vector<Number>& values) {
        return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Number)};
    }

private:
    struct Value {
        std::string key, bytes;
    };
    std::uint64_t aligned(std::uint64_t size) const { return (size + alignment - 1) / alignment * alignment; }

    std::vector<Value> values_;
    std::vector<Tensor> tensors_;
};

/// Sizes of the tiny language models, here and in tiny_models.h.
struct TinySizes {
    static constexpr int layers = 2, heads = 4, key_value_heads = 2, head_dim = 8, hidden = 32, intermediate = 48;
    static constexpr int vocabulary = 40, positions = 64;
};

/// The header of a model of `architecture` gptneox, without tensors.
inline TinyGguf tiny_neox_header() {
    using S = TinySizes;
    TinyGguf file;
    file.text("general.architecture", "gptneox").integer("gptneox.block_count", S::layers);
    file.integer("gptneox.context_length", S::positions).integer("gptneox.embedding_length", S::hidden);
    file.integer("gptneox.feed_forward_length", S::intermediate).integer("gptneox.attention.head_count", S::heads);
    file.integer("gptneox.rope.dimension_count", S::head_dim / 4).flag("gptneox.use_parallel_residual", true);
    return file.number("gptneox.attention.layer_norm_epsilon", 1e-5f);
}

/// A model of `architecture` llama, qwen2 or qwen3, its weights float32, without a tokenizer and with a tied head.
inline TinyGguf tiny_gguf_model(const std::string& architecture = "llama") {
    using S = TinySizes;
    TinyGguf file;
    file.text("general.architecture", architecture).text("general.name", "tiny");
    const auto key = [&](const char* name) { return architecture + "." + name; };
    file.integer(key("block_count"), S::layers).integer(key("context_length"), S::positions);
    file.integer(key("embedding_length"), S::hidden).integer(key("feed_forward_length"), S::intermediate);
    file.integer(key("attention.head_count"), S::heads).integer(key("attention.head_count_kv"), S::key_value_heads);
    file.number(key("attention.layer_norm_rms_epsilon"), 1e-5f).number(key("rope.freq_base"), 10000);

    constexpr std::uint64_t queries = S::heads * S::head_dim, keys = S::key_value_heads * S::head_dim;
    file.random("token_embd.weight", {S::vocabulary, S::hidden}).random("output_norm.weight", {S::hidden}, 1, .1f);
    for (int i = 0; i < S::layers; ++i) {
        const std::string layer = "blk." + std::to_string(i) + ".";
        file.random(layer + "attn_norm.weight", {S::hidden}, 1, .1f);
        file.random(layer + "attn_q.weight", {queries, S::hidden}).random(layer + "attn_k.weight", {keys, S::hidden});
        file.random(layer + "attn_v.weight", {keys, S::hidden});
        file.random(layer + "attn_output.weight", {S::hidden, queries});
        if (architecture == "qwen2") {
            file.random(layer + "attn_q.bias", {queries}).random(layer + "attn_k.bias", {keys});
            file.random(layer + "attn_v.bias", {keys});
        }
        if (architecture == "qwen3") {
            file.random(layer + "attn_q_norm.weight", {S::head_dim}, 1, .1f);
            file.random(layer + "attn_k_norm.weight", {S::head_dim}, 1, .1f);
        }
        file.random(layer + "ffn_norm.weight", {S::hidden}, 1, .1f);
        file.random(layer + "ffn_gate.weight", {S::intermediate, S::hidden});
        file.random(layer + "ffn_up.weight", {S::intermediate, S::hidden});
        file.random(layer + "ffn_down.weight", {S::hidden, S::intermediate});
    }
    return file;
}

} // namespace attnscope::test
