// Retrieval on a bank of the size of WordNet: 117,659 × 384, the real one where it was made, else random unit rows.
//
// Times are of the wall clock on every core. Counters p50_ms and p95_ms are of single requests.
#include "analyses/retrieval/compute/entry_points.h"
#include "kernels/retrieval_pass.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <numbers>
#include <string>

namespace {

using namespace attnscope;
using retrieval::Mode;

constexpr std::size_t memories = 117659, dimension = 384, sample_memories = 20000;

retrieval::BankPtr random_bank(std::size_t n) {
    std::vector<float> rows(n * dimension);
    for (std::size_t i = 0; i < n; ++i) {
        double squares = 0;
        for (std::size_t k = 0; k < dimension; ++k) {
            // A common direction, as embeddings have, and noise.
            const double value = 0.5 + std::numbers::sqrt2 * (random_uniform(1, 1, i * dimension + k) - 0.5) * 2;
            rows[i * dimension + k] = static_cast<float>(value);
            squares += value * value;
        }
        for (std::size_t k = 0; k < dimension; ++k) rows[i * dimension + k] /= static_cast<float>(std::sqrt(squares));
    }
    return make_bank("random", n, dimension, std::move(rows));
}

/// ATTNSCOPE_BENCH_BANK names a bank to use instead of the random one.
retrieval::BankPtr bank_of(std::size_t n) {
    static retrieval::BankPtr large, sample;
    retrieval::BankPtr& bank = n == memories ? large : sample;
    if (!bank) {
        const char* path = std::getenv("ATTNSCOPE_BENCH_BANK");
        bank = path && n == memories ? open_bank(path) : random_bank(n);
    }
    return bank;
}

ThreadPool& pool() {
    static ThreadPool all;
    return all;
}

JobContext::Options on_cpu() {
    return {.device = {Device::Kind::cpu, 0}, .stop = {}, .on_progress = {}, .on_snapshot = {}};
}

const retrieval::Spectrum& spectrum_of(const retrieval::BankPtr& bank) {
    static std::vector<std::pair<retrieval::BankPtr, retrieval::Spectrum>> known;
    for (const auto& [own, spectrum] : known)
        if (own == bank) return spectrum;
    JobContext context(pool(), on_cpu());
    return known.emplace_back(bank, compute::spectrum({bank}, context)).second;
}

retrieval::Query query_of(const Bank& bank, std::size_t i) {
    retrieval::Query query(bank.row(i).begin(), bank.row(i).end());
    for (std::size_t k = 0; k < query.size(); ++k) query[k] += static_cast<float>(0.02 * random_normal(2, i, k));
    return query;
}

kernels::KeyBank keys_of(const retrieval::BankPtr& bank) {
    const retrieval::Spectrum& spectrum = spectrum_of(bank);
    return {bank->keys.data(), bank->n, bank->d, spectrum.mean, spectrum.max_centered_norm, bank};
}

/// Vectorised on any machine, whatever the rest of the program is compiled for.
__attribute__((target_clones("avx2", "default"), optimize("O3", "unroll-loops"))) float sum_of(const float* values,
                                                                                               std::size_t count) {
    float lanes[32] = {}, sum = 0;
    for (std::size_t i = 0; i + 32 <= count; i += 32)
        for (std::size_t lane = 0; lane < 32; ++lane) lanes[lane] += values[i + lane];
    for (const float lane : lanes) sum += lane;
    return sum;
}

/// What reading the bank costs: its sum, on every core.
void bank_sum(benchmark::State& state) {
    const retrieval::BankPtr bank = bank_of(memories);
    const std::size_t values = bank->keys.size(), tasks = 128;
    for (auto _ : state) {
        std::vector<float> sums(tasks);
        pool().run(tasks, [&](std::size_t task, int) {
            const std::size_t first = values * task / tasks, end = values * (task + 1) / tasks;
            sums[task] = sum_of(bank->keys.data() + first, end - first);
        });
        benchmark::DoNotOptimize(sums.data());
    }
}

/// One step with all its statistics, of `range(0)` query–β pairs.
void step(benchmark::State& state) {
    const retrieval::BankPtr bank = bank_of(memories);
    const kernels::KeyBank keys = keys_of(bank);
    const auto pairs = static_cast<std::size_t>(state.range(0));
    std::vector<std::vector<double>> queries;
    std::vector<kernels::Probe> probes;
    for (std::size_t s = 0; s < pairs; ++s) {
        const retrieval::Query query = query_of(*bank, 1000 * (s / 4) + 17);
        queries.emplace_back(query.begin(), query.end());
    }
    const double betas[] = {5, 20, 50, 100};
    for (std::size_t s = 0; s < pairs; ++s) probes.push_back({queries[s], pairs == 1 ? 20 : betas[s % 4], {}, true});
    JobContext context(pool(), on_cpu());
    for (auto _ : state) benchmark::DoNotOptimize(kernels::retrieval_pass(keys, probes, context));
}

void spectrum(benchmark::State& state) {
    const retrieval::BankPtr bank = bank_of(memories);
    JobContext context(pool(), on_cpu());
    for (auto _ : state) benchmark::DoNotOptimize(compute::spectrum({bank}, context));
}

/// Entropy at 60 β and 8 steps.
void sweep(benchmark::State& state) {
    const retrieval::BankPtr bank = bank_of(static_cast<std::size_t>(state.range(0)));
    const retrieval::Spectrum& known = spectrum_of(bank);
    retrieval::SweepRequest request;
    request.bank = bank;
    request.query = query_of(*bank, 17);
    for (int b = 0; b < 60; ++b) request.betas.push_back(*known.beta_critical * std::pow(2, 6.0 * b / 59 - 3));
    JobContext context(pool(), on_cpu());
    for (auto _ : state) benchmark::DoNotOptimize(compute::sweep(request, known, context));
}

void plane(benchmark::State& state) {
    const retrieval::BankPtr bank = bank_of(static_cast<std::size_t>(state.range(0)));
    const retrieval::Spectrum& known = spectrum_of(bank);
    retrieval::PlaneRequest request;
    request.bank = bank;
    request.query = query_of(*bank, 17);
    request.beta = 20;
    JobContext context(pool(), on_cpu());
    for (auto _ : state) benchmark::DoNotOptimize(compute::plane(request, known, context));
}

void separation(benchmark::State& state) {
    const retrieval::BankPtr bank = bank_of(memories);
    const retrieval::Spectrum& known = spectrum_of(bank);
    JobContext context(pool(), on_cpu());
    for (auto _ : state) benchmark::DoNotOptimize(compute::separation({bank, 2000}, known, context));
}

/// One request of a β drag, β another each time: range(0) memories, range(1) steps, with weight curves and without the
/// ranking after the last step.
void drag(benchmark::State& state) {
    const retrieval::BankPtr bank = bank_of(static_cast<std::size_t>(state.range(0)));
    const retrieval::Spectrum& known = spectrum_of(bank);
    retrieval::TraceRequest request;
    request.bank = bank;
    request.queries = {query_of(*bank, 17)};
    request.steps = static_cast<int>(state.range(1));
    request.tolerance = 0;
    request.keep_curves = true;
    request.rank_final = false;
    JobContext context(pool(), on_cpu());
    // As in the window: made once for the query, before the hand gets to the slider.
    const auto first_step_start = std::chrono::steady_clock::now();
    request.first_step = std::make_shared<const retrieval::FirstStep>(
        compute::first_step({bank, request.queries.front(), false}, known, context));
    state.counters["table_ms"] =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - first_step_start).count();
    std::vector<double> milliseconds;
    for (auto _ : state) {
        request.betas = {5 * std::pow(1.07, static_cast<double>(milliseconds.size() % 60))};
        const auto start = std::chrono::steady_clock::now();
        benchmark::DoNotOptimize(compute::traces(request, known, context));
        milliseconds.push_back(
            std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
    }
    std::sort(milliseconds.begin(), milliseconds.end());
    const auto at = [&](double part) {
        return milliseconds[static_cast<std::size_t>(part * static_cast<double>(milliseconds.size() - 1))];
    };
    state.counters["p50_ms"] = at(0.5);
    state.counters["p95_ms"] = at(0.95);
}

} // namespace

BENCHMARK(bank_sum)->UseRealTime()->Unit(benchmark::kMillisecond)->Iterations(40);
BENCHMARK(step)->Arg(1)->UseRealTime()->Unit(benchmark::kMillisecond)->Iterations(40);
BENCHMARK(step)->Arg(24)->UseRealTime()->Unit(benchmark::kMillisecond)->Iterations(12);
BENCHMARK(spectrum)->UseRealTime()->Unit(benchmark::kMillisecond)->Iterations(5);
BENCHMARK(sweep)->Arg(sample_memories)->Arg(memories)->UseRealTime()->Unit(benchmark::kMillisecond)->Iterations(2);
BENCHMARK(plane)->Arg(sample_memories)->Arg(memories)->UseRealTime()->Unit(benchmark::kMillisecond)->Iterations(3);
BENCHMARK(separation)->UseRealTime()->Unit(benchmark::kMillisecond)->Iterations(1);
BENCHMARK(drag)
    ->Args({sample_memories, 8})
    ->Args({memories, 1})
    ->Args({memories, 2})
    ->Args({memories, 8})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(60);

BENCHMARK_MAIN();
