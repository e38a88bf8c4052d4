// Layer alignment: grams and spectra of a large random model that is made up on the fly, the pairwise formula of
// LibTorch on the same weights, and the sample model from its file.
//
// The large model has 36 layers, 32 heads over 8 key-value heads, hidden 2,560, head_dim 128; its
// weights are drawn before anything is timed. Times are of the wall clock on every core.
#include "analyses/alignment/compute/entry_points.h"
#include "analyses/alignment/compute/layers.h"
#include "models/language_model.h"

#include <attnscope/bank.h>

#include <ATen/Parallel.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/randn.h>
#include <benchmark/benchmark.h>
#include <c10/core/InferenceMode.h>
#include <sys/resource.h>

#include <chrono>
#include <memory>
#include <vector>

namespace {

using namespace attnscope;
using compute::FactorSource;
using compute::LayerFactors;
using Clock = std::chrono::steady_clock;

ThreadPool& threads() {
    static ThreadPool all;
    return all;
}

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

FactorSource large_model() {
    FactorSource source;
    source.layers = 36;
    source.heads = source.right_heads = 32;
    source.left_heads = 8;
    source.head_dim = 128;
    source.hidden = 2560;
    auto drawn = std::make_shared<std::vector<LayerFactors>>();
    const c10::InferenceMode no_gradients;
    for (int layer = 0; layer < source.layers; ++layer)
        drawn->push_back({at::randn({8, 128, 2560}), at::randn({32, 128, 2560})});
    source.read = [drawn](int layer) { return (*drawn)[static_cast<std::size_t>(layer)]; };
    return source;
}

const FactorSource& large() {
    static const FactorSource source = large_model();
    return source;
}

double peak_gigabytes() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) / 1e6;
}

/// Grams and spectra, timed apart by the stages that are reported.
void large_operators(benchmark::State& state) {
    const FactorSource& source = large();
    for (auto _ : state) {
        double grams_begin = 0, end = 0, spectra_begin = 0;
        const auto start = Clock::now();
        JobContext::Options options;
        options.on_progress = [&](const Progress& progress) {
            if (progress.stage == "spectra" && spectra_begin == 0) spectra_begin = seconds_since(start);
            if (progress.stage == "grams" && grams_begin == 0) grams_begin = seconds_since(start);
        };
        JobContext context(threads(), std::move(options));
        alignment::Operators operators;
        operators.topk = 8;
        compute::fill_operators(source, operators, context);
        end = seconds_since(start);
        benchmark::DoNotOptimize(operators.gram.data());
        state.counters["spectra s"] = grams_begin - spectra_begin;
        state.counters["grams s"] = end - grams_begin;
        state.counters["peak GB"] = peak_gigabytes();
    }
}
BENCHMARK(large_operators)->Unit(benchmark::kSecond)->UseRealTime()->Iterations(1);

/// gram[L, L′, h] = Σ (W_K,L W_K,L′ᵀ) ⊙ (W_Q,L W_Q,L′ᵀ) as most people would write it, key-value heads repeated: for
/// every entry of the table, or for those with L ≤ L′ alone. A part of the heads is timed and scaled up.
void pairwise_by_libtorch(benchmark::State& state) {
    const c10::InferenceMode no_gradients;
    const FactorSource& source = large();
    const bool wide = state.range(0) == 64, half = state.range(1) == 1;
    const int sampled = wide ? 1 : 2;
    at::set_num_threads(threads().threads());
    for (auto _ : state) {
        std::vector<at::Tensor> keys, queries;
        double seconds = 0;
        for (int head = 0; head < sampled; ++head) {
            for (int layer = 0; layer < source.layers; ++layer) {
                const LayerFactors factors = source.read(layer);
                const auto type = wide ? at::kDouble : at::kFloat;
                keys.push_back(factors.left[source.left_of(head)].to(type));
                queries.push_back(factors.right[head].to(type));
            }
            const auto start = Clock::now();
            for (std::size_t a = 0; a < keys.size(); ++a)
                for (std::size_t b = half ? a : 0; b < keys.size(); ++b)
                    benchmark::DoNotOptimize(
                        at::mm(keys[a], keys[b].t()).mul(at::mm(queries[a], queries[b].t())).sum().item<double>());
            seconds += seconds_since(start);
            keys.clear();
            queries.clear();
        }
        state.counters["all heads s"] = seconds * source.heads / sampled;
    }
}
BENCHMARK(pairwise_by_libtorch)
    ->ArgNames({"bits", "half"})
    ->Args({32, 0})
    ->Args({32, 1})
    ->Args({64, 1})
    ->Unit(benchmark::kSecond)
    ->UseRealTime()
    ->Iterations(1);

void sample_model_aligned(benchmark::State& state) {
    const auto path = find_samples().model;
    if (path.empty()) return state.SkipWithError("no sample model");
    JobContext context(threads());
    for (auto _ : state) {
        // Opened anew: nothing of it is converted yet.
        alignment::Request request;
        request.model = std::make_shared<const models::LoadedModel>(open_model_files(path));
        const alignment::Operators operators = compute::alignment_operators(request, context);
        benchmark::DoNotOptimize(compute::alignment_angles(operators, context));
        benchmark::DoNotOptimize(alignment::compute_chance(operators, context));
    }
}
BENCHMARK(sample_model_aligned)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(3);

/// What a dragged anchor costs: the profile of 36 layers and 32 heads.
void moved_anchor(benchmark::State& state) {
    alignment::Operators operators;
    operators.layers = 36;
    operators.heads = 32;
    operators.head_dim = 128;
    operators.hidden = 2560;
    operators.values = 256;
    operators.topk = 8;
    operators.gram.assign(36 * 36 * 32, 0.5);
    operators.spectrum.resize(36 * 32 * 256);
    for (std::size_t i = 0; i < operators.spectrum.size(); ++i) operators.spectrum[i] = random_normal(1, 1, i);
    alignment::Comparison comparison;
    for (auto* const table :
         {&comparison.cos, &comparison.mean_cos_pa, &comparison.min_cos_pa, &comparison.top1_overlap})
        table->assign(36 * 36 * 32, 0.5);
    int anchor = 0;
    for (auto _ : state) benchmark::DoNotOptimize(alignment::profile(operators, comparison, anchor++ % 36));
}
BENCHMARK(moved_anchor)->Unit(benchmark::kMillisecond);

} // namespace
