// The softmax Jacobian: everything said of a head from 5·10⁷ probabilities, by LibTorch op by op on the same maps, and
// all heads of the sample model.
//
// Times are of the wall clock on every core.
#include "analyses/jacobian/compute/entry_points.h"
#include "kernels/softmax_jacobian.h"
#include "models/language_model.h"

#include <attnscope/bank.h>

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/where.h>
#include <benchmark/benchmark.h>
#include <c10/core/InferenceMode.h>

#include <cmath>
#include <memory>
#include <vector>

namespace {

using namespace attnscope;

// 12 heads of 16 sequences: 5·10⁷ probabilities.
constexpr std::size_t sequences = 16, heads = 12, length = 512;

ThreadPool& threads() {
    static ThreadPool all;
    return all;
}

JobContext& context() {
    static JobContext on_cpu(threads(), {.device = {Device::Kind::cpu, 0}, .stop = {}});
    return on_cpu;
}

const jacobian::LayerMaps& maps() {
    static const jacobian::LayerMaps made = [] {
        jacobian::LayerMaps maps{0, sequences, heads, length, {}, {}, true};
        maps.probabilities.resize(sequences * heads * length * length);
        maps.gradients.resize(maps.probabilities.size());
        threads().run(sequences * heads, [&](std::size_t map, int) {
            for (std::size_t row = 0; row < length; ++row) {
                float* const a = maps.probabilities.data() + (map * length + row) * length;
                float* const g = maps.gradients.data() + (map * length + row) * length;
                double sum = 0;
                for (std::size_t key = 0; key < length; ++key) {
                    const std::uint64_t bits = random_bits(1, map * length + row, key);
                    g[key] = static_cast<float>(static_cast<std::uint32_t>(bits)) * 0x1p-31f - 1;
                    a[key] = key <= row ? std::exp(static_cast<float>(bits >> 32) * 0x1p-30f) : 0;
                    sum += static_cast<double>(a[key]);
                }
                for (std::size_t key = 0; key <= row; ++key) a[key] /= static_cast<float>(sum);
            }
        });
        return maps;
    }();
    return made;
}

void count_probabilities(benchmark::State& state) {
    state.counters["probabilities/s"] = benchmark::Counter(static_cast<double>(maps().probabilities.size()),
                                                           benchmark::Counter::kIsIterationInvariantRate);
}

/// In one sweep; `causal` spares the keys that a query does not see but for their g.
void metrics_fused(benchmark::State& state) {
    const jacobian::LayerMaps& given = maps();
    const bool causal = state.range(0) != 0;
    std::vector<kernels::JacobianSums> sums(sequences * heads);
    for (auto _ : state) {
        threads().run(sums.size(), [&](std::size_t map, int) {
            const std::size_t at = map * length * length;
            sums[map] = kernels::softmax_jacobian_map(given.probabilities.data() + at, given.gradients.data() + at,
                                                      length, causal);
        });
        for (std::size_t head = 0; head < heads; ++head) {
            kernels::HeadTotals totals;
            for (std::size_t sequence = 0; sequence < sequences; ++sequence) totals.add(sums[sequence * heads + head]);
            benchmark::DoNotOptimize(totals.metrics(0, static_cast<int>(head)));
        }
    }
    count_probabilities(state);
}
BENCHMARK(metrics_fused)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond)->UseRealTime();

/// The same as most people would write it, in float32, a head at a time.
void metrics_libtorch(benchmark::State& state) {
    const c10::InferenceMode no_gradients;
    at::set_num_threads(threads().threads());
    const auto view = [](const std::vector<float>& values) {
        return at::from_blob(const_cast<float*>(values.data()), {sequences, heads, length, length}, at::kFloat);
    };
    const at::Tensor all_a = view(maps().probabilities), all_g = view(maps().gradients);
    const at::Tensor live = at::ones({length, length}, at::kBool).tril();
    const auto norm = [](const at::Tensor& map) { return map.square().sum({-2, -1}).mean(); };
    const auto cosine = [](const at::Tensor& left, const at::Tensor& right) {
        const at::Tensor a = left.reshape({sequences, -1}), b = right.reshape({sequences, -1});
        return a.mul(b).sum(1).div(a.norm(2, 1).mul(b.norm(2, 1)).clamp_min(1e-8)).mean();
    };
    for (auto _ : state) {
        for (std::int64_t head = 0; head < static_cast<std::int64_t>(heads); ++head) {
            const at::Tensor a = all_a.select(1, head), g = all_g.select(1, head);
            const at::Tensor full = a * (g - (a * g).sum(-1, true)), diagonal = a * (1 - a) * g,
                             lateral = full - diagonal;
            const at::Tensor energy = norm(full), positive = a > 0;
            double said = a.sum().div(positive.sum()).item<double>();
            said += (a * at::where(positive, a, 1).log()).sum(-1).mean().item<double>();
            said += norm(diagonal).div(energy).item<double>() + norm(lateral).div(energy).item<double>();
            said += (diagonal * lateral).sum({-2, -1}).mean().div(energy).item<double>();
            said += cosine(diagonal, full).item<double>() + cosine(g, full).item<double>();
            said += cosine(at::where(live, g, 0), full).item<double>();
            benchmark::DoNotOptimize(said);
        }
    }
    count_probabilities(state);
}
BENCHMARK(metrics_libtorch)->Unit(benchmark::kMillisecond)->UseRealTime();

/// Every head of the sample model on 8 sequences of 64 tokens; the first round converts the weights.
void sample_model(benchmark::State& state) {
    const auto path = find_samples().model;
    if (path.empty()) {
        state.SkipWithError("no sample model");
        return;
    }
    jacobian::Request request;
    request.model = std::make_shared<const models::LoadedModel>(open_model_files(path));
    request.blocks = 8;
    for (std::uint64_t i = 0; i <= request.length * request.blocks; ++i)
        request.ids.push_back(static_cast<std::int64_t>(random_bits(2, 0, i) % 40'000));
    for (auto _ : state) benchmark::DoNotOptimize(compute::jacobian_model(request, context(), {}));
}
BENCHMARK(sample_model)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(2);

} // namespace
