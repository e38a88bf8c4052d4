#include "models/rotary.h"

#include "kernels/layer_rows.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace attnscope::models {

std::vector<double> rotary_frequencies(const Rotary& rotary) {
    const auto dimensions = static_cast<double>(rotary.dimensions);
    std::vector<double> frequencies;
    for (std::int64_t i = 0; i < rotary.dimensions / 2; ++i) {
        double frequency = std::pow(rotary.theta, -2 * static_cast<double>(i) / dimensions);
        if (rotary.scaling == Rotary::Scaling::linear) {
            frequency /= rotary.factor;
        } else if (rotary.scaling == Rotary::Scaling::llama3) {
            // Turns within the original context: many stay as they were, few are slowed, and between lies a ramp.
            const double turns = static_cast<double>(rotary.original_positions) * frequency / (2 * std::numbers::pi);
            const double kept = std::clamp((turns - rotary.low_frequency_factor) /
                                               (rotary.high_frequency_factor - rotary.low_frequency_factor),
                                           0.0, 1.0);
            frequency *= (1 - kept) / rotary.factor + kept;
        }
        frequencies.push_back(frequency);
    }
    return frequencies;
}

RotaryTable rotary_table(const Rotary& rotary, std::int64_t places, at::Device device) {
    const std::vector<double> frequencies = rotary_frequencies(rotary);
    const auto pairs = static_cast<std::int64_t>(frequencies.size());
    at::Tensor cosines = at::empty({places, pairs}, at::kFloat), sines = at::empty({places, pairs}, at::kFloat);
    float* cosine = cosines.mutable_data_ptr<float>();
    float* sine = sines.mutable_data_ptr<float>();
    for (std::int64_t place = 0; place < places; ++place) {
        for (const double frequency : frequencies) {
            const double angle = static_cast<double>(place) * frequency;
            *cosine++ = static_cast<float>(std::cos(angle));
            *sine++ = static_cast<float>(std::sin(angle));
        }
    }
    return {cosines.to(device), sines.to(device), rotary.interleaved};
}

namespace {

/// heads (texts, heads, T, head_dim) of float32 on the CPU, the numbers of a head side by side.
void rotate_in_rows(at::Tensor& heads, const RotaryTable& table) {
    const std::int64_t count = heads.size(1), places = heads.size(2), pairs = table.cosines.size(1);
    const std::int64_t text_stride = heads.stride(0), head_stride = heads.stride(1), place_stride = heads.stride(2);
    float* const values = heads.mutable_data_ptr<float>();
    const float* const cosines = table.cosines.const_data_ptr<float>();
    const float* const sines = table.sines.const_data_ptr<float>();
    const auto layout = table.interleaved ? kernels::PairLayout::neighbours : kernels::PairLayout::halves;
    constexpr std::int64_t numbers_per_task = 8192;
    const std::int64_t grain = std::max<std::int64_t>(1, numbers_per_task / (2 * pairs * count));
    at::parallel_for(0, heads.size(0) * places, grain, [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t row = first; row < last; ++row) {
            const std::int64_t place = row % places;
            float* head = values + row / places * text_stride + place * place_stride;
            for (std::int64_t h = 0; h < count; ++h, head += head_stride)
                kernels::rotate_row(head, cosines + place * pairs, sines + place * pairs,
                                    static_cast<std::size_t>(pairs), layout);
        }
    });
}

} // namespace

void rotate(at::Tensor& heads, const RotaryTable& table) {
    const std::int64_t pairs = table.cosines.size(1);
    if (heads.is_cpu() && heads.scalar_type() == at::kFloat && heads.stride(-1) == 1 && !heads.requires_grad())
        return rotate_in_rows(heads, table);
    at::Tensor first = table.interleaved ? heads.slice(-1, 0, 2 * pairs, 2) : heads.narrow(-1, 0, pairs);
    at::Tensor second = table.interleaved ? heads.slice(-1, 1, 2 * pairs, 2) : heads.narrow(-1, pairs, pairs);
    const at::Tensor turned = first.mul(table.cosines).sub_(second.mul(table.sines));
    second.copy_(second.mul(table.cosines).add_(first.mul(table.sines)));
    first.copy_(turned);
}

} // namespace attnscope::models
