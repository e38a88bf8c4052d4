// Cuts the bank into chunks, has them computed on all threads, and merges their sums in order.
#include "kernels/retrieval_pass.h"

#include "kernels/aligned.h"
#include "kernels/cuda_table.h"
#include "kernels/devices.h"
#include "kernels/pass_sums.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace attnscope::kernels {

namespace {

constexpr double linear_limit = 1, refined_limit = 1000;
/// Of a float32 dot product, relative to the product of the norms: generous for d up to tens of thousands.
constexpr double dot_error = 4e-6;

double logit_scale(const KeyBank& bank, const Probe& probe) {
    return std::abs(probe.beta) * norm(probe.query) * bank.max_centered_norm;
}

ChunkInput chunk_input(const Prepared& prepared, std::size_t d) {
    ChunkInput input;
    input.d = d;
    input.padded = prepared.padded;
    input.states = prepared.states;
    input.mean = prepared.mean.get();
    input.queries = prepared.queries.get();
    input.exact_queries = prepared.exact_queries.data();
    input.shifts = prepared.shifts.data();
    input.slack = prepared.slack.data();
    input.regimes = prepared.regimes.data();
    input.logits = prepared.logits.data();
    input.update = prepared.update.data();
    return input;
}

void run_on_cpu(const KeyBank& bank, const ChunkInput& shared, std::size_t rows, std::size_t chunks, ChunkSums* sums,
                double* updates, JobContext& context) {
    const std::size_t states = shared.states, padded = shared.padded;
    std::vector<hwy::AlignedFreeUniquePtr<float[]>> scratch(static_cast<std::size_t>(context.threads()));
    context.parallel_for(chunks, [&](std::size_t chunk, int thread) {
        auto& own = scratch[static_cast<std::size_t>(thread)];
        if (!own) own = allocate_aligned<float>(chunk_scratch_floats(states, padded));
        ChunkInput input = shared;
        input.first = chunk * rows;
        input.count = std::min(rows, bank.n - input.first);
        input.rows = bank.keys + input.first * bank.d;
        pass_chunk(input, sums + chunk * states, updates + chunk * states * padded, own.get());
    });
}

/// In a bank of so few numbers float64 costs next to nothing, and a state near a saddle magnifies what float32 leaves
/// out from step to step.
constexpr std::size_t most_exact_numbers = std::size_t{1} << 19;

void run_exactly(const KeyBank& bank, const ChunkInput& shared, std::size_t rows, std::size_t chunks, ChunkSums* sums,
                 double* updates, JobContext& context) {
    context.parallel_for(chunks * shared.states, [&](std::size_t index, int) {
        const std::size_t chunk = index / shared.states;
        ChunkInput input = shared;
        input.first = chunk * rows;
        input.count = std::min(rows, bank.n - input.first);
        input.rows = bank.keys + input.first * bank.d;
        pass_chunk_exactly(input, index % shared.states, sums[index], updates + index * shared.padded);
    });
}

/// Where a pass runs.
struct Place {
    const CudaTable* cuda = nullptr; ///< null: on the CPU
    int cuda_device = 0;
    Sums sums = Sums::float32; ///< on the CPU
};

void run_group(const KeyBank& bank, std::span<const Probe> probes, JobContext& context, const Place& place,
               PassResult* results) {
    const Prepared prepared = prepare(bank, probes);
    const std::size_t padded = prepared.padded, states = prepared.states, rows = chunk_rows(bank.n);
    const std::size_t chunks = (bank.n + rows - 1) / rows;
    std::vector<ChunkSums> sums(chunks * states);
    const auto updates = allocate_aligned<double>(chunks * states * padded);
    const ChunkInput input = chunk_input(prepared, bank.d);
    context.checkpoint();
    if (place.cuda)
        place.cuda->pass(place.cuda_device, bank, input, rows, chunks, sums.data(), updates.get());
    else if (place.sums == Sums::float64)
        run_exactly(bank, input, rows, chunks, sums.data(), updates.get(), context);
    else
        run_on_cpu(bank, input, rows, chunks, sums.data(), updates.get(), context);
    const auto merge_state = [&](std::size_t s) {
        results[s] = merge(bank, probes[s], prepared, s, &sums[s], &updates[s * padded], chunks);
    };
    if (states * chunks < 1000) {
        for (std::size_t s = 0; s < states; ++s) merge_state(s);
    } else {
        context.parallel_for(states, [&](std::size_t s, int) { merge_state(s); });
    }
}

std::vector<PassResult> run(const KeyBank& bank, std::span<const Probe> probes, JobContext& context,
                            const Place& place) {
    std::vector<PassResult> results(probes.size());
    const std::size_t group = states_per_pass(bank.n, bank.d, false);
    for (std::size_t first = 0; first < probes.size(); first += group)
        run_group(bank, probes.subspan(first, std::min(group, probes.size() - first)), context, place, &results[first]);
    return results;
}

} // namespace

double norm(std::span<const double> vector) noexcept {
    double sum = 0;
    for (double value : vector) sum += value * value;
    return std::sqrt(sum);
}

Regime regime_of(const KeyBank& bank, const Probe& probe) noexcept {
    const double scale = logit_scale(bank, probe);
    return scale <= linear_limit ? Regime::linear : scale <= refined_limit ? Regime::online : Regime::refined;
}

double logit_error(const KeyBank& bank, const Probe& probe) noexcept {
    return dot_error * logit_scale(bank, probe);
}

std::size_t chunk_rows(std::size_t n) noexcept {
    // About 128 chunks to merge, at least 256 rows to pay for handing one out, at most 16384 to stay far below 50 ms
    // between checkpoints.
    const std::size_t rows = (n / 128 + most_tile_rows - 1) / most_tile_rows * most_tile_rows;
    return std::clamp<std::size_t>(rows, 256, 16384);
}

std::size_t states_per_pass(std::size_t n, std::size_t d, bool with_logits) {
    const std::size_t chunks = (n + chunk_rows(n) - 1) / chunk_rows(n);
    const std::size_t bytes = chunks * padded_dimension(d) * sizeof(double) + (with_logits ? n * sizeof(float) : 0);
    return std::clamp<std::size_t>((std::size_t{256} << 20) / bytes, 1, 64);
}

double exact_dot(const float* row, const double* query, std::size_t d) noexcept {
    double sums[8] = {};
    std::size_t k = 0;
    for (; k + 8 <= d; k += 8)
        for (std::size_t j = 0; j < 8; ++j) sums[j] += static_cast<double>(row[k + j]) * query[k + j];
    for (; k < d; ++k) sums[0] += static_cast<double>(row[k]) * query[k];
    return ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]));
}

std::vector<PassResult> retrieval_pass_cpu(const KeyBank& bank, std::span<const Probe> probes, JobContext& context,
                                           Sums sums) {
    return run(bank, probes, context, {.sums = sums});
}

std::vector<PassResult> retrieval_pass(const KeyBank& bank, std::span<const Probe> probes, JobContext& context) {
    const Device device = compute::resolve_device(context.device());
    const bool small = bank.n * bank.d <= most_exact_numbers;
    return run(bank, probes, context,
               {compute::cuda_table(device), device.index, small ? Sums::float64 : Sums::float32});
}

} // namespace attnscope::kernels
