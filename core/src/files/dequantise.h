// GGUF's quantised blocks and half-width numbers, as float32.
//
// A block holds 32 or 256 elements that share their scale d (float16) and, in some types, their offset:
//   Q4_0  (q − 8)·d     Q5_0  (q − 16)·d    Q8_0  q·d        Q4_1, Q5_1  q·d + m
//   Q4_K, Q5_K  q·(d·sₛ) − dmin·mₛ with 6-bit sₛ, mₛ of the 32 elements s      Q6_K  (q − 32)·(d·sₛ) of 16
// Sources: the GGUF specification and the layouts of ggml.
#pragma once

#include <attnscope/tensor_file.h>

#include <cstddef>

namespace attnscope {

/// `count` elements of quantised `dtype`, whole blocks that may lie at any address. Products and sums are rounded one
/// by one, so every instruction set gives the same numbers.
void dequantise(DType dtype, const std::byte* blocks, std::size_t count, float* out);
/// The same, an element at a time.
void dequantise_reference(DType dtype, const std::byte* blocks, std::size_t count, float* out);

/// IEEE 754 binary16 and bfloat16 numbers at any address; half_to_float and bfloat16_to_float are the references.
void halves_to_floats(const std::byte* halves, std::size_t count, float* out);
void bfloat16s_to_floats(const std::byte* numbers, std::size_t count, float* out);

} // namespace attnscope
