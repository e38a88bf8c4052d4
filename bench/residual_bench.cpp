// Residual sweeps of the sample model: 4 blocks of 256 tokens with 5 ranks, 8 ranks against the whole model run again
// for each, and the basis of a head against a singular value decomposition of its samples.
#include "analyses/residual/compute/basis.h"
#include "analyses/residual/compute/entry_points.h"
#include "models/forward.h"

#include <attnscope/bank.h>

#include <ATen/ops/empty.h>
#include <ATen/ops/linalg_svd.h>
#include <benchmark/benchmark.h>
#include <c10/core/InferenceMode.h>

#include <chrono>
#include <memory>
#include <vector>

namespace {

using namespace attnscope;

constexpr std::int64_t seq_len = 256, blocks = 4;

struct Sample {
    ThreadPool pool;
    JobContext context{pool, {.device = {Device::Kind::cpu, 0}, .stop = {}, .on_progress = {}, .on_snapshot = {}}};
    residual::Request request;

    explicit Sample(benchmark::State& state) {
        const std::filesystem::path path = find_samples().model;
        if (path.empty()) {
            state.SkipWithError("no sample model");
            return;
        }
        const auto model = std::make_shared<const models::LoadedModel>(open_model_files(path));
        request.model = model;
        for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(seq_len * (blocks + 1)); ++i)
            request.ids.push_back(static_cast<std::int64_t>(random_bits(1, 2, i) %
                                                            static_cast<std::uint64_t>(model->config().vocabulary)));
        request.parameters.seq_len = seq_len;
        request.parameters.blocks = blocks;
        request.parameters.calibration_blocks = 1;
        whole_model(); // weights are converted once
    }

    /// The loss of all blocks, one after the other through every layer: what a rank costs without anything kept.
    double whole_model() {
        const models::LoadedModel& model = models::loaded(*request.model);
        const c10::InferenceMode no_gradients;
        double sum = 0;
        for (std::int64_t block = 0; block < blocks; ++block) {
            const auto begin = request.ids.begin() + block * seq_len;
            const std::vector<std::int64_t> text(begin, begin + seq_len);
            const at::Tensor hidden = models::hidden_states(model, {text}, {}, context);
            sum += models::loss_sum(model, hidden[0], text, {}, context);
        }
        return sum;
    }
};

/// Layers 27–29: five ranks, A, B and the baseline.
void residual_sweep_of_five_ranks(benchmark::State& state) {
    Sample sample(state);
    if (!sample.request.model) return;
    sample.request.parameters.layers = {27, 28, 29};
    sample.request.parameters.ranks = {1, 4, 8, 16, 32};
    for (auto _ : state) benchmark::DoNotOptimize(compute::residual_sweep(sample.request, sample.context));
}
BENCHMARK(residual_sweep_of_five_ranks)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(2);

/// Eight ranks from layer `range` on; the counter is how many times quicker they are than the whole model for each.
void residual_eight_ranks(benchmark::State& state) {
    Sample sample(state);
    if (!sample.request.model) return;
    for (auto layer = static_cast<int>(state.range(0)); layer < 30; ++layer)
        sample.request.parameters.layers.push_back(layer);
    sample.request.parameters.ranks = {1, 2, 4, 8, 16, 24, 32, 48};
    const auto seconds = [](auto work) {
        const auto start = std::chrono::steady_clock::now();
        work();
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    };
    double swept = 0, again = 0;
    for (auto _ : state) {
        std::vector<double> when;
        JobContext watched(sample.pool,
                           {.device = {Device::Kind::cpu, 0},
                            .stop = {},
                            .on_progress = {},
                            .on_snapshot = [&](std::shared_ptr<const void> snapshot) {
                                when.push_back(std::static_pointer_cast<const residual::Result>(snapshot)->seconds);
                            }});
        compute::residual_sweep(sample.request, watched);
        swept += when.back() - when[when.size() - 9]; // the ranks alone: what both ways share is left out
        for (int rank = 0; rank < 8; ++rank) again += seconds([&] { benchmark::DoNotOptimize(sample.whole_model()); });
    }
    state.counters["times_quicker"] = again / swept;
    state.counters["s/rank"] = swept / 8 / static_cast<double>(state.iterations());
}
BENCHMARK(residual_eight_ranks)->Arg(27)->Arg(20)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(1);

constexpr std::int64_t rows = 8192, width = 64;

at::Tensor residuals() {
    at::Tensor made = at::empty({1, rows, width}, at::kFloat);
    float* const values = made.mutable_data_ptr<float>();
    for (std::int64_t i = 0; i < made.numel(); ++i)
        values[i] =
            static_cast<float>(random_normal(3, 1, static_cast<std::uint64_t>(i)) / static_cast<double>(1 + i % width));
    return made;
}

void residual_basis(benchmark::State& state) {
    const c10::InferenceMode no_gradients;
    const at::Tensor samples = residuals();
    ThreadPool pool;
    JobContext context(pool);
    for (auto _ : state) {
        compute::ResidualMoments moments(rows, 0);
        moments.add(samples, {}, context);
        benchmark::DoNotOptimize(compute::leading_directions(moments.matrix(false)[0]));
    }
}
BENCHMARK(residual_basis)->Unit(benchmark::kMillisecond)->UseRealTime();

void residual_basis_libtorch_svd(benchmark::State& state) {
    const c10::InferenceMode no_gradients;
    const at::Tensor samples = residuals()[0];
    for (auto _ : state) benchmark::DoNotOptimize(at::linalg_svd(samples, false));
}
BENCHMARK(residual_basis_libtorch_svd)->Unit(benchmark::kMillisecond)->UseRealTime();

} // namespace
