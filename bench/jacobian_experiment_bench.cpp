// The softmax-gradient experiment: a step of the default training (32 windows of 64 characters, 0.8 million
// parameters), measurements left out, as a mean over 40 of them. peers.py has the same model in PyTorch.
#include "analyses/jacobian/compute/experiment.h"

#include <benchmark/benchmark.h>

#include <memory>
#include <string>

namespace {

using namespace attnscope;

constexpr int steps = 40;

void training_step(benchmark::State& state, jacobian::Combination combination) {
    std::string text;
    for (std::uint64_t i = 0; i < 200'000; ++i) text.push_back(static_cast<char>(' ' + random_bits(1, 1, i) % 65));
    jacobian::ExperimentRequest request;
    request.text = jacobian::experiment_text(text, "random");
    request.combinations = {combination};
    request.steps = steps;
    request.every = 0;
    ThreadPool threads;
    JobContext context(threads);
    for (auto _ : state) benchmark::DoNotOptimize(compute::jacobian_experiment(request, context));
    state.counters["step_ms"] =
        benchmark::Counter(1e-3 * steps, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

BENCHMARK_CAPTURE(training_step, full, jacobian::Combination{})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->Iterations(1);
BENCHMARK_CAPTURE(training_step, fa_diag,
                  jacobian::Combination{jacobian::Method::feedback_alignment, jacobian::SoftmaxGradient::diagonal})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->Iterations(1);

} // namespace
