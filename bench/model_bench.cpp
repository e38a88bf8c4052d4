// The sample language model: opened and run for the first time, forward passes, and attention by itself.
#include "kernels/attention_rows.h"
#include "models/forward.h"

#include <attnscope/bank.h>

#include <ATen/ops/empty.h>
#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

namespace {

using namespace attnscope;

std::vector<std::int64_t> some_ids(std::int64_t count, std::int64_t vocabulary) {
    std::vector<std::int64_t> ids;
    for (std::int64_t i = 0; i < count; ++i)
        ids.push_back(static_cast<std::int64_t>(random_bits(1, 2, static_cast<std::uint64_t>(i)) %
                                                static_cast<std::uint64_t>(vocabulary)));
    return ids;
}

std::shared_ptr<const models::LoadedModel> open_sample(benchmark::State& state) {
    const std::filesystem::path path = find_samples().model;
    if (path.empty()) {
        state.SkipWithError("no sample model");
        return nullptr;
    }
    return std::make_shared<const models::LoadedModel>(open_model_files(path));
}

JobContext::Options on_the_cpu() {
    return {.device = {Device::Kind::cpu, 0}, .stop = {}, .on_progress = {}, .on_snapshot = {}};
}

/// From the file to the first logits of 32 tokens.
void model_first_logits(benchmark::State& state) {
    ThreadPool pool;
    JobContext context(pool, on_the_cpu());
    for (auto _ : state) {
        const auto model = open_sample(state);
        if (!model) return;
        LogitsRequest request;
        request.model = model;
        request.ids = some_ids(32, model->config().vocabulary);
        benchmark::DoNotOptimize(compute::logits(request, context));
    }
}
BENCHMARK(model_first_logits)->Unit(benchmark::kMillisecond)->UseRealTime();

/// Hidden states of all layers, weights already converted.
void model_forward(benchmark::State& state) {
    const auto model = open_sample(state);
    if (!model) return;
    ThreadPool pool;
    JobContext context(pool, on_the_cpu());
    const auto ids = some_ids(state.range(0), model->config().vocabulary);
    benchmark::DoNotOptimize(models::hidden_states(*model, {ids}, {}, context));
    for (auto _ : state) benchmark::DoNotOptimize(models::hidden_states(*model, {ids}, {}, context));
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(model_forward)->Arg(32)->Arg(128)->Arg(1024)->Unit(benchmark::kMillisecond)->UseRealTime();

/// The same with every row's entropy and largest weight.
void model_forward_watched(benchmark::State& state) {
    const auto model = open_sample(state);
    if (!model) return;
    struct Watcher : models::AttentionObserver {
        double entropy = 0;
        bool wants_probabilities(const models::AttentionPoint&) override { return true; }
        void observe(const models::AttentionPoint&, const models::AttentionTile& tile) override {
            entropy += tile.entropy.sum().item<double>();
        }
    } watcher;
    ThreadPool pool;
    JobContext context(pool, on_the_cpu());
    const auto ids = some_ids(state.range(0), model->config().vocabulary);
    const models::ForwardOptions options{.observer = &watcher, .last_layer = -1, .precision = Precision::float32};
    benchmark::DoNotOptimize(models::hidden_states(*model, {ids}, options, context));
    for (auto _ : state) benchmark::DoNotOptimize(models::hidden_states(*model, {ids}, options, context));
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(model_forward_watched)->Arg(128)->Arg(1024)->Unit(benchmark::kMillisecond)->UseRealTime();

/// Logits of the last token and the loss of all.
void model_logits(benchmark::State& state) {
    const auto model = open_sample(state);
    if (!model) return;
    ThreadPool pool;
    JobContext context(pool, on_the_cpu());
    LogitsRequest request;
    request.model = model;
    request.ids = some_ids(state.range(0), model->config().vocabulary);
    benchmark::DoNotOptimize(compute::logits(request, context));
    for (auto _ : state) benchmark::DoNotOptimize(compute::logits(request, context));
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(model_logits)->Arg(32)->Arg(128)->Arg(1024)->Unit(benchmark::kMillisecond)->UseRealTime();

/// One layer's attention with the sample model's heads: LibTorch's fused one (0) and tiles (1).
void attention_point(benchmark::State& state) {
    const std::int64_t rows = state.range(0);
    const auto tensor = [&](std::int64_t heads) { return at::empty({1, heads, rows, 64}, at::kFloat).normal_(); };
    const models::AttentionPoint point{.layer = 0,
                                       .queries = tensor(9),
                                       .keys = tensor(3),
                                       .values = tensor(3),
                                       .scale = 0.125,
                                       .causal = true,
                                       .window = 0};
    ThreadPool pool;
    JobContext context(pool, on_the_cpu());
    for (auto _ : state) {
        benchmark::DoNotOptimize(state.range(1) == 1 ? models::attend_in_tiles(point, 1, nullptr, context)
                                                     : models::attend(point, nullptr, context));
    }
}
BENCHMARK(attention_point)->ArgsProduct({{32, 128, 1024}, {0, 1}})->Unit(benchmark::kMicrosecond)->UseRealTime();

void attention_row(benchmark::State& state) {
    const auto count = static_cast<std::size_t>(state.range(0));
    std::vector<float> scores(count), row(count);
    for (std::size_t j = 0; j < count; ++j) scores[j] = static_cast<float>(random_normal(1, 3, j));
    for (auto _ : state) {
        row = scores;
        benchmark::DoNotOptimize(kernels::attention_row(row.data(), count, 1));
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(attention_row)->Arg(128)->Arg(1024)->Arg(32768);

} // namespace
