// One pass over a bank for several states at once: the inner loop of everything retrieval does.
//
// For state s with inverse temperature β and query q (d), and memory rows m_i of the bank (n, d) with mean μ (d):
//   logits       l_i = β ⟨m_i − μ, q⟩          (β⟨m_i, q⟩ differs by the constant β⟨μ, q⟩, which softmax ignores)
//   weights      α = softmax(l)
//   update       Σ α_i (m_i − μ) = Mᵀα − μ     (d)
// with an online softmax, so the bank is read once. Keys stay float32; a tile's sums are float32 and flushed into
// float64; on the CPU a small bank is summed in float64 from the start. The centring happens inside the sum: Mᵀα − μ
// after a float32 sum would lose small updates.
//
// Rows are cut into chunks that depend on n alone and are merged in order: results do not depend on the thread count.
#pragma once

#include <attnscope/job.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace attnscope::kernels {

/// The bank as the kernels see it. `owner` identifies the memory on a device that keeps a copy.
struct KeyBank {
    const float* keys = nullptr; ///< (n, d) row-major, any alignment
    std::size_t n = 0, d = 0;
    std::span<const double> mean; ///< μ (d)
    double max_centered_norm = 0; ///< max ‖m_i − μ‖; bounds the logits
    std::shared_ptr<const void> owner;
};

struct Probe {
    std::span<const double> query; ///< (d)
    double beta = 1;
    std::span<float> logits; ///< (n) to be written, or empty
    bool update = true;      ///< false: statistics alone
};

struct PassResult {
    double log_mean_exp = 0; ///< ln (1/n Σ e^{l_i})
    double entropy = 0;      ///< of α, nats
    double max_weight = 0;
    double max_logit = 0;
    double shift = 0;           ///< β⟨μ, q⟩: what turns l into β⟨m_i, q⟩
    std::vector<double> update; ///< (d), empty when not asked for
};

/// Runs on the job's device. Every chunk is a checkpoint. probes.size() ≥ 1; n ≥ 1.
std::vector<PassResult> retrieval_pass(const KeyBank& bank, std::span<const Probe> probes, JobContext& context);

/// What logits, weights and the sums of a few rows are computed in.
enum class Sums { float32, float64 };
/// The same on the CPU, whatever the job's device and the size of the bank.
std::vector<PassResult> retrieval_pass_cpu(const KeyBank& bank, std::span<const Probe> probes, JobContext& context,
                                           Sums sums);

/// The same in float64 throughout, two plain loops; for tests.
std::vector<PassResult> retrieval_pass_reference(const KeyBank& bank, std::span<const Probe> probes);

/// Largest number of states worth one pass: what keeps logits and partial sums within a few hundred MB.
std::size_t states_per_pass(std::size_t n, std::size_t d, bool with_logits);

/// ⟨row, query⟩ in float64, d terms.
double exact_dot(const float* row, const double* query, std::size_t d) noexcept;
double norm(std::span<const double> vector) noexcept;

// ------------------------------------------------------------------ what one chunk is, for the SIMD and CUDA sides
/// Rows per chunk; a multiple of `most_tile_rows`.
std::size_t chunk_rows(std::size_t n) noexcept;
inline constexpr std::size_t most_tile_rows = 64;
/// d rounded up to whole vectors of every instruction set; padding is zero.
constexpr std::size_t padded_dimension(std::size_t d) noexcept {
    return (d + 15) / 16 * 16;
}

/// What decides how a state's weights are computed.
enum class Regime : std::uint8_t {
    online,  ///< weights e^{l − running maximum}
    linear,  ///< all |l| ≤ 1: weights e^l − 1, exact where the softmax is nearly flat and Σ(m − μ) = 0 cancels
    refined, ///< |l| so large that float32 dot products would move weights: rows near the maximum in float64
};
Regime regime_of(const KeyBank& bank, const Probe& probe) noexcept;
/// What a float32 logit of the pass may be wrong by.
double logit_error(const KeyBank& bank, const Probe& probe) noexcept;

struct ChunkInput {
    const float* rows = nullptr; ///< (count, d)
    std::size_t first = 0, count = 0, d = 0, padded = 0, states = 0;
    const float* mean = nullptr;           ///< (padded) μ in float32
    const float* queries = nullptr;        ///< (states, padded) βq in float32
    const double* exact_queries = nullptr; ///< (states, d) βq
    const double* shifts = nullptr;        ///< (states) β⟨μ, q⟩
    const double* slack = nullptr;         ///< (states) error bound of a float32 logit
    const Regime* regimes = nullptr;       ///< (states)
    float* const* logits = nullptr;        ///< (states) to row 0 of the bank, or null
    const std::uint8_t* update = nullptr;  ///< (states)
};
/// Sums over a chunk relative to `reference`: the chunk's maximum logit, or 0 in the linear regime.
struct ChunkSums {
    double reference = 0, max_logit = 0;
    double sum = 0;       ///< Σ e^{l − reference}, less the count in the linear regime
    double sum_logit = 0; ///< Σ e^{l − reference} (l − reference)
};
/// update: (states, padded) float64, Σ weight · (m − μ32). scratch: chunk_scratch_floats() floats. Both 64-byte
/// aligned.
void pass_chunk(const ChunkInput& input, ChunkSums* sums, double* update, float* scratch);
/// The same for one state with logits, weights and sums in float64, where a bank is small. update: (padded).
void pass_chunk_exactly(const ChunkInput& input, std::size_t state, ChunkSums& sums, double* update);
std::size_t chunk_scratch_floats(std::size_t states, std::size_t padded) noexcept;

} // namespace attnscope::kernels
