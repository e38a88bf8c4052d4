// CV bands: simplices a second from a table of distances and from rows, batched determinants by LibTorch on the same
// simplices, one matrix with everything that is said of it, and the heads of the sample model.
//
// Times are of the wall clock on every core. Random Gaussian rows, 512 × 64 unless said otherwise.
#include "analyses/cv/compute/entry_points.h"
#include "analyses/cv/compute/pool.h"
#include "analyses/cv/compute/tuples.h"
#include "models/language_model.h"

#include <attnscope/bank.h>

#include <ATen/Parallel.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/linalg_det.h>
#include <benchmark/benchmark.h>
#include <c10/core/InferenceMode.h>

#include <memory>
#include <vector>

namespace {

using namespace attnscope;

constexpr std::size_t pool_rows = 512, dimensions = 64;
constexpr std::size_t part = 4096;

ThreadPool& threads() {
    static ThreadPool all;
    return all;
}

JobContext& context() {
    static JobContext on_cpu(threads(), {.device = {Device::Kind::cpu, 0}, .stop = {}});
    return on_cpu;
}

const std::vector<float>& rows() {
    static const std::vector<float> values = [] {
        std::vector<float> made(pool_rows * dimensions);
        for (std::size_t i = 0; i < made.size(); ++i) made[i] = static_cast<float>(random_normal(1, 1, i));
        return made;
    }();
    return values;
}

kernels::RowView view() {
    return {rows().data(), pool_rows, dimensions, dimensions};
}

std::vector<std::uint32_t> draw(std::size_t count, int corners) {
    std::vector<std::uint32_t> tuples(count * static_cast<std::size_t>(corners));
    compute::SimplexSource::drawn(pool_rows, corners, count, 1, 0).fill(0, count, tuples.data());
    return tuples;
}

void count_simplices(benchmark::State& state, std::size_t simplices) {
    state.counters["simplices/s"] =
        benchmark::Counter(static_cast<double>(simplices), benchmark::Counter::kIsIterationInvariantRate);
}

/// Volumes of given simplices from a pool whose distances are there.
void volumes(benchmark::State& state, const compute::CvPool& pool, std::size_t count) {
    const int corners = static_cast<int>(state.range(0));
    const auto tuples = draw(count, corners);
    std::vector<double> out(count);
    for (auto _ : state) {
        threads().run(count / part, [&](std::size_t task, int) {
            pool.volumes(tuples.data() + task * part * static_cast<std::size_t>(corners), corners, part,
                         out.data() + task * part);
        });
        benchmark::DoNotOptimize(out.data());
    }
    count_simplices(state, count);
}

void volumes_from_distances(benchmark::State& state) {
    const compute::CvPool pool = compute::make_pool(view(), "rows", 1e9, 5, {context()});
    volumes(state, pool, 1024 * part);
}
BENCHMARK(volumes_from_distances)->DenseRange(3, 8)->Unit(benchmark::kMillisecond)->UseRealTime();

void volumes_from_rows(benchmark::State& state) {
    compute::CvPool pool = compute::make_pool(view(), "rows", 1, 5, {context()});
    volumes(state, pool, 64 * part);
}
BENCHMARK(volumes_from_rows)->Arg(5)->Unit(benchmark::kMillisecond)->UseRealTime();

/// The same as most people would write it: corners gathered, edges, their Gram matrices, their determinants; float64.
void volumes_by_libtorch(benchmark::State& state) {
    const c10::InferenceMode no_gradients;
    constexpr std::int64_t count = 64 * part, corners = 5;
    const auto tuples = draw(count, corners);
    const at::Tensor indices =
        at::from_blob(const_cast<std::uint32_t*>(tuples.data()), {count * corners}, at::kInt).to(at::kLong);
    const at::Tensor points = at::from_blob(const_cast<float*>(rows().data()), {pool_rows, dimensions}).to(at::kDouble);
    at::set_num_threads(threads().threads());
    for (auto _ : state) {
        const at::Tensor chosen = points.index_select(0, indices).view({count, corners, dimensions});
        const at::Tensor edges = chosen.narrow(1, 1, corners - 1).sub(chosen.narrow(1, 0, 1));
        benchmark::DoNotOptimize(at::linalg_det(at::bmm(edges, edges.transpose(1, 2))).div(576).sqrt());
    }
    count_simplices(state, count);
}
BENCHMARK(volumes_by_libtorch)->Unit(benchmark::kMillisecond)->UseRealTime();

/// Determinants alone, of Gram matrices that are there.
void determinants_by_libtorch(benchmark::State& state) {
    const c10::InferenceMode no_gradients;
    constexpr std::int64_t count = 64 * part, corners = 5;
    const auto tuples = draw(count, corners);
    const at::Tensor indices =
        at::from_blob(const_cast<std::uint32_t*>(tuples.data()), {count * corners}, at::kInt).to(at::kLong);
    const at::Tensor points = at::from_blob(const_cast<float*>(rows().data()), {pool_rows, dimensions}).to(at::kDouble);
    const at::Tensor chosen = points.index_select(0, indices).view({count, corners, dimensions});
    const at::Tensor edges = chosen.narrow(1, 1, corners - 1).sub(chosen.narrow(1, 0, 1));
    const at::Tensor grams = at::bmm(edges, edges.transpose(1, 2));
    at::set_num_threads(threads().threads());
    for (auto _ : state) benchmark::DoNotOptimize(at::linalg_det(grams));
    count_simplices(state, count);
}
BENCHMARK(determinants_by_libtorch)->Unit(benchmark::kMillisecond)->UseRealTime();

/// Everything that is said of a matrix, its simplices drawn as they are measured.
void one_matrix(benchmark::State& state) {
    const auto samples = static_cast<std::size_t>(state.range(0));
    cv::Request request;
    request.bank = make_bank("rows", pool_rows, dimensions, rows());
    request.parameters.samples = samples;
    for (auto _ : state) benchmark::DoNotOptimize(compute::cv_matrix(request, context()));
    count_simplices(state, samples);
}
BENCHMARK(one_matrix)
    ->Arg(300)
    ->Arg(3000)
    ->Arg(1'000'000)
    ->Arg(50'000'000)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

void sample_model(benchmark::State& state) {
    const auto path = find_samples().model;
    if (path.empty()) return state.SkipWithError("no sample model");
    cv::ModelRequest request;
    request.parameters.samples = 3000;
    if (state.range(0) > 0) {
        request.weights = false;
        for (std::int64_t token = 0; token < state.range(0); ++token)
            request.text.push_back(1000 + token * 37 % 40'000);
    }
    for (auto _ : state) {
        // Opened anew: nothing of it is converted yet.
        request.model = std::make_shared<const models::LoadedModel>(open_model_files(path));
        benchmark::DoNotOptimize(compute::cv_model(request, context()));
    }
}
BENCHMARK(sample_model)->Arg(0)->Arg(512)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(3);

} // namespace
