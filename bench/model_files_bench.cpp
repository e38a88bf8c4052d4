// Opening a model, and its weights as float32: bytes of floats written a second, on one core.
#include "files/dequantise.h"
#include "files/elements.h"

#include <attnscope/bank.h>
#include <attnscope/model.h>

#include <benchmark/benchmark.h>

#include <filesystem>
#include <string>
#include <vector>

namespace {

using namespace attnscope;

// 16 MB of floats: what a projection of a small model takes, and more than a second-level cache holds.
constexpr std::size_t elements = std::size_t{1} << 22;

void convert(benchmark::State& state, DType dtype, void (*dequantised)(DType, const std::byte*, std::size_t, float*)) {
    std::vector<std::byte> bytes(elements / block_elements(dtype) * block_size(dtype));
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<std::byte>(i * 37 % 251 & 0x3f); // scales that are neither huge nor subnormal
    std::vector<float> values(elements);
    for (auto _ : state) {
        dequantised(dtype, bytes.data(), elements, values.data());
        benchmark::ClobberMemory();
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(elements * sizeof(float)));
}

void widen(benchmark::State& state, void (*widened)(const std::byte*, std::size_t, float*)) {
    std::vector<std::byte> bytes(elements * 2);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 37 % 251 & 0x3f);
    std::vector<float> values(elements);
    for (auto _ : state) {
        widened(bytes.data(), elements, values.data());
        benchmark::ClobberMemory();
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(elements * sizeof(float)));
}

void open_sample_model(benchmark::State& state) {
    const std::filesystem::path path = find_samples().model;
    if (path.empty()) return state.SkipWithError("no sample model");
    for (auto _ : state) benchmark::DoNotOptimize(open_model_files(path));
}

BENCHMARK_CAPTURE(convert, q4_0, DType::q4_0, dequantise);
BENCHMARK_CAPTURE(convert, q4_1, DType::q4_1, dequantise);
BENCHMARK_CAPTURE(convert, q5_0, DType::q5_0, dequantise);
BENCHMARK_CAPTURE(convert, q5_1, DType::q5_1, dequantise);
BENCHMARK_CAPTURE(convert, q8_0, DType::q8_0, dequantise);
BENCHMARK_CAPTURE(convert, q4_k, DType::q4_k, dequantise);
BENCHMARK_CAPTURE(convert, q5_k, DType::q5_k, dequantise);
BENCHMARK_CAPTURE(convert, q6_k, DType::q6_k, dequantise);
BENCHMARK_CAPTURE(convert, q4_k_reference, DType::q4_k, dequantise_reference);
BENCHMARK_CAPTURE(widen, float16, halves_to_floats);
BENCHMARK_CAPTURE(widen, bfloat16, bfloat16s_to_floats);
BENCHMARK(open_sample_model)->Unit(benchmark::kMillisecond);

} // namespace
