// Rotary position embedding: pairs of a head's numbers turned by an angle that grows with the token's place.
// Source: Su et al. 2021; linear scaling: Chen et al. 2023; llama3 scaling: Llama 3.1.
#pragma once

#include <attnscope/model.h>

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace attnscope::models {

/// Angle a place of every pair, (dimensions/2).
std::vector<double> rotary_frequencies(const Rotary& rotary);

/// Cosines and sines of the angles at places 0 … T−1, (T, dimensions/2) float32 each.
struct RotaryTable {
    at::Tensor cosines, sines;
    bool interleaved = false;
};
RotaryTable rotary_table(const Rotary& rotary, std::int64_t places, at::Device device);

/// Turns heads (texts, heads, T, head_dim) in place; numbers beyond the rotary dimensions stay as they are.
void rotate(at::Tensor& heads, const RotaryTable& table);

} // namespace attnscope::models
