// Retrieval dynamics: a modern Hopfield network over a bank (Ramsauer et al. 2021, arXiv:2008.02217).
//
// M (n, d): the memories; μ their mean row; M̃ = M − μ; C = M̃ᵀM̃/n with eigenpairs (λ_k, v_k), λ_1 largest.
// The map is q ← M̃ᵀ softmax(β M̃ q). β_c = 1/λ_1 is where the centroid loses stability (a spinodal), not where single
// memories become retrievable. Entropy in nats. Row t of a trace is the state after t steps.
#pragma once

#include <attnscope/bank.h>
#include <attnscope/choices.h>
#include <attnscope/job.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace attnscope::retrieval {

/// Which space the keys live in and what happens to the update; see docs/retrieval.md.
enum class Mode { raw, centered, hybrid, residual, renormalized };
inline constexpr std::array<Mode, 5> all_modes{Mode::raw, Mode::centered, Mode::hybrid, Mode::residual,
                                               Mode::renormalized};
constexpr auto choices_of(Mode) {
    return std::array{Choice<Mode>{Mode::raw, "raw"}, Choice<Mode>{Mode::centered, "centered"},
                      Choice<Mode>{Mode::hybrid, "hybrid"}, Choice<Mode>{Mode::residual, "residual"},
                      Choice<Mode>{Mode::renormalized, "renormalized"}};
}

/// A bank as a value in a request: equal when it is the same loaded bank.
using BankPtr = std::shared_ptr<const Bank>;
/// (d) numbers of a query in the raw space.
using Query = std::vector<float>;

// ------------------------------------------------------------------ spectrum
struct SpectrumRequest {
    BankPtr bank;
    int directions = 16; ///< eigenvectors kept (at most d)
    bool operator==(const SpectrumRequest&) const = default;
};
/// What every other computation needs of a bank. Computed once, shared.
struct Spectrum {
    std::size_t n = 0, d = 0;
    std::vector<double> mean; ///< μ (d)
    double mean_norm = 0, centered_mean_norm = 0;
    double raw_norm_mean = 0, raw_norm_std = 0, centered_norm_mean = 0, centered_norm_std = 0;
    double max_raw_norm = 0, max_centered_norm = 0;
    std::vector<double> eigenvalues; ///< all d of C, descending, ≥ 0
    std::vector<double> directions;  ///< (kept, d) unit eigenvectors v_1 …
    std::vector<float> mean_products; ///< (n) ⟨m_i − μ, μ⟩: turns centred products into raw ones, up to a constant
    double lambda_max = 0;
    std::optional<double> beta_critical;         ///< 1/λ_1; none when all memories are equal
    std::vector<double> singular_values() const; ///< of M̃, the first 10: √(λ n)
};
/// Throws Error{input}: n < 2, a non-finite value (row named).
Spectrum compute_spectrum(const SpectrumRequest& request, JobContext& context);

// ------------------------------------------------------------------ the first step at any β
/// Turning β under one query changes the weights of the first step, not the products they come from. This table holds
/// the products, and the memories summed over bins of equal product: from it the first step at any β is a matter of
/// a millisecond, whatever n. For β up to 8 β_c weights are right to a relative 10⁻⁶ and the entropy to 10⁻⁶ of itself,
/// or of a nat where it is below one; beyond what its bins allow it is not used.
struct FirstStepRequest {
    BankPtr bank;
    Query query;
    bool raw = false; ///< mode raw, whose query is not centred
    bool operator==(const FirstStepRequest&) const = default;
};
struct FirstStep {
    static constexpr std::size_t orders = 4; ///< of the expansion within a bin: 0 … 3
    Query query;
    bool raw = false;
    std::vector<double> products; ///< (n) ⟨m_i − μ, probe⟩
    double low = 0, high = 0;     ///< their range
    double half_width = 0;        ///< of a bin
    std::size_t bins = 0, padded = 0;
    std::vector<double> counts; ///< (bins, orders) Σ u^k, u in [−1, 1] within the bin
    std::vector<float> sums;    ///< (bins, orders, padded) Σ u^k (m_i − μ)
    double middle(std::size_t bin) const { return low + half_width * (2 * static_cast<double>(bin) + 1); }
    std::size_t bin_of(double product) const {
        const double bin = (product - low) / (2 * half_width);
        return bin < static_cast<double>(bins) ? static_cast<std::size_t>(bin) : bins - 1;
    }
};
/// Two reads of the bank. Throws as compute_traces().
FirstStep compute_first_step(const FirstStepRequest& request, const Spectrum& spectrum, JobContext& context);

// ------------------------------------------------------------------ traces
struct TraceRequest {
    BankPtr bank;
    std::vector<Query> queries;
    std::vector<double> betas{5, 20, 50, 100};
    std::vector<Mode> modes{Mode::centered};
    int steps = 8;
    double tolerance = 1e-8;  ///< stop when Δ < tolerance; 0 never stops early
    double lambda = 0.5;      ///< of mode residual
    int top = 5;              ///< memories listed per step
    bool keep_curves = false; ///< sorted weights of every step (for the weights panel), log-spaced ranks
    std::shared_ptr<const FirstStep> first_step; ///< of the only query, or none: saves a read of the bank
    bool rank_final = true; ///< false saves the pass after the last step: top5_final stays empty, overlap_final 0
    bool operator==(const TraceRequest&) const = default;
};
/// A memory and its weight; ranked by logit, ties to the lower index.
struct Ranked {
    std::uint32_t index = 0;
    double weight = 0;
};
struct Step {
    int t = 0;
    double norm = 0;
    // of the step that led here; t = 0 has none of them
    double entropy = 0, max_weight = 0, delta = 0, cos_v1 = 0;
    double energy = 0;                     ///< of the state the step starts from
    std::vector<Ranked> top;               ///< largest weights of that step
    std::vector<std::uint32_t> curve_rank; ///< 1-based ranks, increasing (keep_curves)
    std::vector<float> curve_weight;       ///< weights at those ranks
};
enum class FixedPoint { global_mean, metastable, single_pattern }; ///< by exp(H): > n/2, between, < 2
const char* fixed_point_name(FixedPoint kind) noexcept;
struct Trace {
    double beta = 0;
    int query = 0;
    Mode mode = Mode::centered;
    std::vector<Step> steps;
    std::vector<std::vector<double>> states; ///< state after each t in the mode's own space (steps.size() × d)
    bool converged = false;
    double norm_ratio = 0, predicted_norm = 0;
    double mass_top5 = 0, mass_top50 = 0; ///< of the first step's weights, at most 1
    std::vector<std::uint32_t> top5_raw, top5_initial, top5_final;
    int overlap_initial = 0, overlap_final = 0;
    FixedPoint fixed_point = FixedPoint::metastable;
};
/// A state of a trace as a point of the raw space: the modes that live in the centred one are moved back by μ.
std::vector<float> raw_state(const std::vector<double>& state, const Spectrum& spectrum, Mode mode);
/// Ordered by query, then mode, then β. All (query, mode, β) advance together: one pass over the bank a step.
struct TraceResult {
    double entropy_max = 0;
    std::vector<Trace> traces;
};
/// Throws Error{usage}: β ≤ 0 or not finite, steps < 1; Error{input}: query length ≠ d, n < 2, zero query where a mode
/// divides by its norm.
TraceResult compute_traces(const TraceRequest& request, const Spectrum& spectrum, JobContext& context);

// ------------------------------------------------------------------ origin test
struct OriginRequest {
    BankPtr bank;
    std::vector<double> betas{5, 50, 100};
    double epsilon = 1e-4;
    int steps = 10;
    double escape = 10; ///< escaped once the norm passes escape·ε
    bool operator==(const OriginRequest&) const = default;
};
struct OriginStep {
    int t = 0;
    double norm = 0, norm_next = 0, amplification = 0;
};
struct OriginTest {
    double beta = 0, epsilon = 0;
    std::vector<OriginStep> steps;
    std::optional<int> escaped_at;
};
std::vector<OriginTest> compute_origin_tests(const OriginRequest& request, const Spectrum& spectrum,
                                             JobContext& context);

// ------------------------------------------------------------------ when an iterated state is a fixed point
/// A state has settled when its last step is shorter than `step` and what is left of its way, with steps that go on
/// shrinking by the ratio of the last two, is shorter than `rest`; both relative to the longest memory ‖m_i − μ‖.
struct Settling {
    double step = 1e-7, rest = 1e-3;
    bool operator==(const Settling&) const = default;
};

// ------------------------------------------------------------------ entropy against β, up and down
struct SweepRequest {
    BankPtr bank;
    Query query;
    Mode mode = Mode::centered;
    double lambda = 0.5;
    std::vector<double> betas; ///< increasing
    int steps = 8;
    bool hysteresis = false; ///< also follow the fixed point up and then down the table
    int follow_steps = 400;  ///< at most, per β, of the following
    bool operator==(const SweepRequest&) const = default;
};
/// entropy[t][b] of the weights at step t+1 from the query at betas[b]; norm likewise.
struct Sweep {
    std::vector<double> betas;
    double entropy_max = 0;
    std::vector<std::vector<double>> entropy, norm;
    // hysteresis only: of the followed state after its last step at each β
    std::vector<double> entropy_up, entropy_down;
    std::vector<double> norm_up, norm_down;
    std::vector<std::uint8_t> settled_up, settled_down; ///< 0: still moving after `follow_steps`, no fixed point
    int follow_steps = 0;
    Settling settling;
    /// Both ways were followed, and both states settled at betas[b]: their difference is one of fixed points.
    bool comparable(std::size_t b) const noexcept {
        return b < settled_up.size() && b < settled_down.size() && settled_up[b] && settled_down[b];
    }
    std::size_t unsettled() const noexcept; ///< number of β where either state has not settled
};
Sweep compute_sweep(const SweepRequest& request, const Spectrum& spectrum, JobContext& context);

// ------------------------------------------------------------------ the plane
enum class PlaneAxis { eigenvector, query, memory };
struct PlaneDirection {
    PlaneAxis kind = PlaneAxis::eigenvector;
    int index = 0; ///< k of v_{k+1}, or the memory
    bool operator==(const PlaneDirection&) const = default;
};
struct PlaneRequest {
    BankPtr bank;
    Query query;
    Mode mode = Mode::centered;
    double lambda = 0.5;
    double beta = 1;
    int steps = 8;
    PlaneDirection x{PlaneAxis::eigenvector, 0}, y{PlaneAxis::query, 0};
    int width = 96, height = 72;                                ///< of the energy grid
    bool basins = false;                                        ///< iterate from every basin cell to its fixed point
    int basin_width = 32, basin_height = 24, basin_steps = 200; ///< steps at most, from each cell
    std::size_t memories_shown = 1000;
    bool operator==(const PlaneRequest&) const = default;
};
/// Coordinates along two orthonormal directions (y made orthogonal to x) through the centroid of the centred space.
struct Plane {
    std::string x_label, y_label;
    double x_min = 0, x_max = 0, y_min = 0, y_max = 0;
    int width = 0, height = 0;
    std::vector<float> energy;                  ///< (height, width), row 0 at y_min; on the plane itself
    std::vector<std::array<float, 2>> memories; ///< of `memory_index`
    std::vector<std::uint32_t> memory_index;
    std::size_t memories_total = 0;
    std::vector<std::array<double, 2>> trajectory; ///< states t = 0 …
    int basin_width = 0, basin_height = 0;
    std::vector<int> basin;                  ///< (basin_height, basin_width) number of the fixed point, by population
                                             ///< from 0; `unsettled_basin` where the state has not settled
    std::vector<double> basin_support;       ///< exp(H) of each fixed point
    std::vector<std::uint32_t> basin_memory; ///< its largest weight
    std::size_t basin_unsettled = 0;         ///< cells that have not settled
    int basin_steps = 0;                     ///< at most, from each cell
    double basin_merge = 0;        ///< settled states closer than this × the longest memory are one fixed point
    bool basin_directions = false; ///< in renormalized: unit vectors along the states closer than basin_merge are one
    Settling settling;
    static constexpr int unsettled_basin = -1;
    double unsettled_share() const noexcept {
        return basin.empty() ? 0 : static_cast<double>(basin_unsettled) / static_cast<double>(basin.size());
    }
};
Plane compute_plane(const PlaneRequest& request, const Spectrum& spectrum, JobContext& context);

// ------------------------------------------------------------------ separation
/// Δ_i = ⟨m_i, m_i⟩ − max_{j≠i}⟨m_i, m_j⟩ for the sampled i against all j, in the space of a mode's keys: M for raw, M̃
/// for the others. Computed as min_j ⟨m_i, m_i − m_j⟩ in float64: right to float32 rounding for near copies too.
struct SeparationRequest {
    BankPtr bank;
    std::size_t samples = 2000; ///< 0 = all
    bool centered = true;       ///< M̃; false: M
    bool operator==(const SeparationRequest&) const = default;
};
/// Whether a mode's keys are the memories as they are.
constexpr bool raw_keys(Mode mode) noexcept {
    return mode == Mode::raw;
}
struct Separation {
    std::size_t sampled = 0, total = 0;
    bool exact = false;                 ///< sampled == total
    bool centered = true;               ///< of M̃; false: of M
    std::vector<std::uint32_t> index;   ///< i
    std::vector<std::uint32_t> nearest; ///< j that attains the maximum, the lowest of equals
    std::vector<float> delta;
    double mean = 0, median = 0, minimum = 0;
    std::size_t negative = 0; ///< memories that are not their own nearest neighbour
};
Separation compute_separation(const SeparationRequest& request, const Spectrum& spectrum, JobContext& context);

// ------------------------------------------------------------------ the command line's analysis: all of the above
struct Request {
    BankPtr bank;
    std::vector<Query> queries;
    std::vector<double> beta_table{.5, 1, 5, 10, 20, 50, 100}; ///< spectral radii only
    std::vector<double> betas{5, 20, 50, 100};
    std::vector<Mode> modes{Mode::centered};
    int steps = 8;
    double tolerance = 1e-8, lambda = 0.5;
    std::vector<double> origin_betas{5, 50, 100};
    double origin_epsilon = 1e-4;
    int origin_steps = 10;
    // computed only when asked for
    bool sweep = false;    ///< entropy against β, up and down: every query in every mode
    bool plane = false;    ///< energy and trajectory of the first query in the first mode
    double plane_beta = 0; ///< 0 = 0.75 β_c
    PlaneDirection plane_x{PlaneAxis::eigenvector, 0}, plane_y{PlaneAxis::query, 0};
    bool basins = false;
    bool separation = false;               ///< in the space of the first mode
    std::size_t separation_samples = 2000; ///< 0 = all
    bool operator==(const Request&) const = default;
};
struct SpectralRadius {
    double beta = 0, rho = 0;
    bool stable = false;
};
struct QuerySweep {
    int query = 0;
    Mode mode = Mode::centered;
    Sweep sweep;
};
struct Result {
    Spectrum spectrum;
    std::vector<SpectralRadius> radii;
    TraceResult traces;
    std::vector<OriginTest> origin;
    std::vector<QuerySweep> sweeps; ///< ordered by query, then mode; empty unless asked for
    std::optional<Plane> plane;
    double plane_beta = 0; ///< where `plane` was computed
    std::optional<Separation> separation;
};
/// Also throws Error{input} when the bank's file changed meanwhile.
Result compute(const Request& request, JobContext& context);

} // namespace attnscope::retrieval
