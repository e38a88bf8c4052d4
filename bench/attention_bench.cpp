// Attention live: what turning the gain of one head costs, and what statistics of all heads add to a forward pass.
//
// Times are of the wall clock on every core. The model is the sample's; without it those benchmarks are left out.
#include "analyses/attention/compute/entry_points.h"
#include "models/forward.h"
#include "tests/support/attention_sample.h"

#include <attnscope/bank.h>

#include <benchmark/benchmark.h>

#include <memory>

namespace {

using namespace attnscope;
using namespace attnscope::attention;

ThreadPool& pool() {
    static ThreadPool all;
    return all;
}

JobContext& context() {
    static JobContext on_cpu(pool(),
                             {.device = {Device::Kind::cpu, 0}, .stop = {}, .on_progress = {}, .on_snapshot = {}});
    return on_cpu;
}

CapturePtr capture_of(std::int64_t tokens) {
    return test::random_capture({.tokens = tokens, .heads = 9, .key_value_heads = 3, .head_dim = 64, .spread = 1.2});
}

/// What a drag of the gain asks for: the map, and the entropies of all rows.
void turn_gain(benchmark::State& state) {
    const CapturePtr capture = capture_of(state.range(0));
    double gain = 0.5;
    for (auto _ : state) {
        gain = gain > 8 ? 0.5 : gain * 1.05;
        MapRequest request;
        request.capture = capture;
        request.head = 4;
        request.gain = gain;
        benchmark::DoNotOptimize(compute::head_map(request, context()));
        benchmark::DoNotOptimize(compute::head_rows({capture, 4, gain}, context()));
    }
}
BENCHMARK(turn_gain)->Arg(128)->Arg(1024)->Arg(4096)->Unit(benchmark::kMillisecond)->UseRealTime();

void map_of_a_long_text(benchmark::State& state) {
    const CapturePtr capture = capture_of(32768);
    MapRequest request;
    request.capture = capture;
    request.row_begin = state.range(0);
    request.row_end = state.range(1);
    request.column_begin = state.range(0);
    request.column_end = state.range(1);
    for (auto _ : state) benchmark::DoNotOptimize(compute::head_map(request, context()));
}
BENCHMARK(map_of_a_long_text)->Args({0, 32768})->Args({20000, 20512})->Unit(benchmark::kMillisecond)->UseRealTime();

void entropy_against_gain(benchmark::State& state) {
    const GainRequest request{capture_of(state.range(0)), gain_axis(), -1};
    for (auto _ : state) benchmark::DoNotOptimize(compute::gain_curves(request, context()));
}
BENCHMARK(entropy_against_gain)->Arg(128)->Arg(1024)->Unit(benchmark::kMillisecond)->UseRealTime();

ModelPtr sample_model(benchmark::State& state) {
    static ModelPtr model;
    const auto path = find_samples().model;
    if (!model && !path.empty()) model = std::make_shared<const models::LoadedModel>(open_model_files(path));
    if (!model) state.SkipWithError("no sample model");
    return model;
}

Ids some_tokens(const LanguageModel& model, std::int64_t count) {
    Ids ids;
    for (std::int64_t t = 0; t < count; ++t)
        ids.push_back(static_cast<std::int64_t>(random_bits(1, 1, static_cast<std::uint64_t>(t)) %
                                                static_cast<std::uint64_t>(model.config().vocabulary)));
    return ids;
}

void plain_forward(benchmark::State& state) {
    const ModelPtr model = sample_model(state);
    if (!model) return;
    const Ids ids = some_tokens(*model, state.range(0));
    const auto forward = [&] { return models::hidden_states(models::loaded(*model), {ids}, {}, context()); };
    benchmark::DoNotOptimize(forward()); // converts the weights
    for (auto _ : state) benchmark::DoNotOptimize(forward());
}
BENCHMARK(plain_forward)->Arg(32)->Arg(128)->Arg(1024)->Unit(benchmark::kMillisecond)->UseRealTime();

/// The same with the entropies of all heads, at a gain in every layer.
void all_heads(benchmark::State& state) {
    Request request;
    request.model = sample_model(state);
    if (!request.model) return;
    request.texts = {some_tokens(*request.model, state.range(0))};
    request.gain = 2;
    request.scores = state.range(1) != 0;
    benchmark::DoNotOptimize(compute::attention_heads(request, context())); // converts the weights
    for (auto _ : state) benchmark::DoNotOptimize(compute::attention_heads(request, context()));
}
BENCHMARK(all_heads)
    ->ArgNames({"tokens", "scores"})
    ->Args({32, 0})
    ->Args({128, 0})
    ->Args({1024, 0})
    ->Args({1024, 1})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

} // namespace
