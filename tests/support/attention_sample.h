// A captured layer of random queries and keys, as a model might have it.
#pragma once

#include <attnscope/attention.h>

#include <cmath>
#include <memory>
#include <vector>

namespace attnscope::test {

struct CaptureShape {
    std::int64_t tokens = 24;
    int heads = 4, key_value_heads = 2, head_dim = 16;
    std::int64_t window = 0;
    bool causal = true;
    double spread = 1; ///< of queries and keys
    double offset = 0; ///< of all keys: what softmax does not see
};

inline attention::CapturePtr random_capture(const CaptureShape& shape, std::uint64_t seed = 3) {
    attention::Capture capture;
    capture.layer = 1;
    capture.heads = shape.heads;
    capture.key_value_heads = shape.key_value_heads;
    capture.head_dim = shape.head_dim;
    capture.tokens = shape.tokens;
    capture.window = shape.window;
    capture.causal = shape.causal;
    capture.scale = 1 / std::sqrt(static_cast<double>(shape.head_dim));
    capture.name = "random · layer 1";
    const auto a_head = static_cast<std::size_t>(shape.tokens * shape.head_dim);
    for (std::size_t i = 0; i < a_head * static_cast<std::size_t>(shape.heads); ++i)
        capture.queries.push_back(static_cast<float>(shape.spread * random_normal(seed, 1, i)));
    for (std::size_t i = 0; i < a_head * static_cast<std::size_t>(shape.key_value_heads); ++i)
        capture.keys.push_back(static_cast<float>(shape.offset + shape.spread * random_normal(seed, 2, i)));
    for (std::int64_t t = 0; t < shape.tokens; ++t) capture.text.push_back(t % 7);
    return std::make_shared<const attention::Capture>(std::move(capture));
}

/// softmax(gain · scale · q_t Kᵀ) over what row t sees, from `first` on, in float64: weights of the keys 0 … T − 1,
/// zero where masked.
inline std::vector<double> plain_row(const attention::Capture& capture, int head, std::int64_t t, double gain,
                                     std::int64_t first = 0) {
    const auto tokens = static_cast<std::size_t>(capture.tokens), d = static_cast<std::size_t>(capture.head_dim);
    const float* query =
        capture.queries.data() + (static_cast<std::size_t>(head) * tokens + static_cast<std::size_t>(t)) * d;
    const float* keys = capture.keys.data() + static_cast<std::size_t>(capture.key_value_head(head)) * tokens * d;
    const auto begin = static_cast<std::size_t>(std::max(first, capture.first_key(t)));
    const auto end = static_cast<std::size_t>(capture.end_key(t));
    std::vector<double> scores(tokens), weights(tokens);
    double largest = -INFINITY;
    for (std::size_t j = begin; j < end; ++j) {
        for (std::size_t k = 0; k < d; ++k)
            scores[j] += static_cast<double>(query[k]) * static_cast<double>(keys[j * d + k]);
        largest = std::max(largest, scores[j]);
    }
    double sum = 0;
    for (std::size_t j = begin; j < end; ++j) {
        weights[j] = std::isinf(gain) ? scores[j] == largest : std::exp(gain * capture.scale * (scores[j] - largest));
        sum += weights[j];
    }
    for (double& weight : weights) weight /= sum > 0 ? sum : 1;
    return weights;
}

inline double entropy_of(const std::vector<double>& weights) {
    double entropy = 0;
    for (const double weight : weights) entropy -= weight > 0 ? weight * std::log(weight) : 0;
    return entropy;
}

} // namespace attnscope::test
