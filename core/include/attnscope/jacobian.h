// The softmax Jacobian: how much of a head's gradient is diagonal, and how much needs the sum over the other keys.
//
// Vocabulary: for one query row with probabilities A and g = ∂L/∂A, the gradient of the scores is
//   full      g_S = A ⊙ (g − Σ_j A_j g_j)
//   diagonal  A ⊙ (1 − A) ⊙ g, each key by itself
//   lateral   full − diagonal = A ⊙ (A ⊙ g − Σ_j A_j g_j), what the other keys say
// and the *straight-through* estimate of it is g itself. Σ_j A_j g_j is dO·O of the row (FlashAttention's D, Dao et al.
// 2022), because g = dO·Vᵀ and O = A·V. A key is *visible* to a query when it does not come after it. The *maps* of a
// layer are A and g of all its heads and sequences.
//
// Numbers that could not be computed are NaN here and null in files.
#pragma once

#include <attnscope/choices.h>
#include <attnscope/job.h>
#include <attnscope/model.h>
#include <attnscope/none.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace attnscope::jacobian {

using Ids = std::vector<std::int64_t>;

// ------------------------------------------------------------------ metrics of a head
enum class Metric { a_mean, entropy, r_diag, r_offdiag, energy_off, energy_cross, cos_diag, cos_ste, cos_ste_unmasked };
inline constexpr std::array metrics{Metric::a_mean,    Metric::entropy,    Metric::r_diag,
                                    Metric::r_offdiag, Metric::energy_off, Metric::energy_cross,
                                    Metric::cos_diag,  Metric::cos_ste,    Metric::cos_ste_unmasked};
/// As in results: a_mean, entropy …
constexpr auto choices_of(Metric) {
    return std::array{Choice<Metric>{Metric::a_mean, "a_mean"},
                      Choice<Metric>{Metric::entropy, "entropy"},
                      Choice<Metric>{Metric::r_diag, "r_diag"},
                      Choice<Metric>{Metric::r_offdiag, "r_offdiag"},
                      Choice<Metric>{Metric::energy_off, "energy_off"},
                      Choice<Metric>{Metric::energy_cross, "energy_cross"},
                      Choice<Metric>{Metric::cos_diag, "cos_diag"},
                      Choice<Metric>{Metric::cos_ste, "cos_ste"},
                      Choice<Metric>{Metric::cos_ste_unmasked, "cos_ste_unmasked"}};
}

/// One head over all sequences. Squared norms are of (T, T) maps, averaged over sequences before they are divided;
/// cosines are of flattened maps, averaged over the sequences that have one: ⟨a, b⟩/max(‖a‖‖b‖, 1e-8), so that those of
/// very small gradients are smaller than their angle says (counted in `floored`). A sequence without any gradient of
/// its scores has no cosine: it is left out of the mean and counted in `undefined`.
struct HeadMetrics {
    int layer = 0, head = 0;
    double a_mean = none;           ///< mean of A over A > 0; 2/(T + 1) for full causal rows
    double entropy = none;          ///< mean over rows, nats
    double r_diag = none;           ///< ‖diagonal‖²/‖full‖²; not bounded by 1
    double r_offdiag = none;        ///< 1 − r_diag; no energy
    double energy_off = none;       ///< ‖lateral‖²/‖full‖²
    double energy_cross = none;     ///< 2⟨diagonal, lateral⟩/‖full‖²; r_diag + energy_off + energy_cross = 1
    double cos_diag = none;         ///< of diagonal and full
    double cos_ste = none;          ///< of g and full, g of keys that a query does not see included
    double cos_ste_unmasked = none; ///< of g and full, g of keys after the query zeroed
    std::size_t sequences = 0;      ///< that were measured; 0 where an earlier version did not say
    std::size_t undefined = 0;      ///< of them, without cos_diag and cos_ste: no gradient of the scores
    std::size_t undefined_unmasked = 0; ///< of them, without cos_ste_unmasked: none, or no g at visible keys
    std::size_t floored = 0;            ///< sequences where a product of norms was below 1e-8

    double value(Metric metric) const noexcept;
    /// Sequences that the metric leaves out; 0 for those that are no cosine.
    std::size_t left_out(Metric metric) const noexcept;
};

// ------------------------------------------------------------------ maps
/// A and g of one layer.
struct LayerMaps {
    int layer = 0;
    std::size_t sequences = 0, heads = 0, length = 0;
    std::vector<float> probabilities, gradients; ///< (sequences, heads, T, T): [b][h][query][key]
    bool causal = false;                         ///< keys after a query are known to have no weight

    std::size_t map_at(std::size_t sequence, std::size_t head) const noexcept {
        return (sequence * heads + head) * length * length;
    }
};
using LayerMapsPtr = std::shared_ptr<const LayerMaps>;

/// Maps in a file, opened: nothing but their shapes is read until a layer is asked for.
class Captures {
public:
    struct Layer {
        int layer = 0;
        std::size_t sequences = 0, heads = 0, length = 0;
    };
    virtual ~Captures() = default;
    virtual const std::string& name() const = 0;          ///< of the file
    virtual const std::vector<Layer>& layers() const = 0; ///< increasing
    /// Maps of layers()[index]. Throws Error{input}: a value that is not finite, a probability outside [0, 1], a row of
    /// A that does not sum to one (layer, sequence, head and row named).
    virtual LayerMaps read(std::size_t index, const JobContext& context) const = 0;
    /// The same, of one sequence alone.
    virtual LayerMaps read(std::size_t index, std::size_t sequence, const JobContext& context) const = 0;
};
using CapturesPtr = std::shared_ptr<const Captures>;
/// Which of `layers` is the one with this number, or the nearest to it; there must be one.
std::size_t nearest_layer(const std::vector<Captures::Layer>& layers, int number) noexcept;
/// .npz, .safetensors or a PyTorch file with `A` and `g` (B, H, T, T) or (B, T, T), or with `layers.L.A` and
/// `layers.L.g` for every layer L; float16, bfloat16, float32 or float64. Throws Error{input}: neither of them, one
/// without the other, shapes that are none of these or disagree.
CapturesPtr open_captures(const std::filesystem::path& path);

// ------------------------------------------------------------------ what comes out
struct Result {
    double loss = none; ///< mean negative log-likelihood over all predictions, nats; NaN for captures
    std::size_t sequences = 0, length = 0; ///< B and T
    int layers = 0;                        ///< that are measured
    std::vector<HeadMetrics> heads;        ///< layer after layer; in a snapshot only of layers that are done
    bool future_weight = false;            ///< a key after its query has weight: not causal attention
    double seconds = 0;
};

// ------------------------------------------------------------------ captures
struct CapturesRequest {
    CapturesPtr captures;
    bool operator==(const CapturesRequest&) const = default;
};
/// Layer after layer; publishes a Result snapshot after each. Memory: the maps of one layer. Throws Error{input} as
/// Captures::read().
Result compute(const CapturesRequest& request, JobContext& context);

// ------------------------------------------------------------------ a model
/// Sequence b reads ids[bT … bT + T − 1] and predicts ids[bT + 1 … bT + T]; the loss is the mean over all of them.
struct Request {
    ModelPtr model; ///< causal
    Ids ids;
    std::size_t length = 64;              ///< T
    std::size_t blocks = 32;              ///< B; fewer where the text has no more
    int first_layer = 0, last_layer = -1; ///< that are measured, inclusive; −1 = the last
    bool operator==(const Request&) const = default;
};
/// Sequences that a text of so many ids gives at most: ⌊(ids − 1)/length⌋.
std::size_t sequences_in(std::size_t ids, std::size_t length) noexcept;

/// Takes the maps of each layer that is measured, from the top down, one at a time.
using MapsSink = std::function<void(const LayerMaps&)>;

/// A forward pass that keeps what enters each layer, then layer by layer from the top: the layer again, its maps, its
/// vector–Jacobian product. Float32, metrics summed in float64. Publishes a Result snapshot after each layer. Memory
/// beside the weights: what enters each layer, and maps and activations of one; in as many rounds of sequences as keep
/// that within 512 MB where one sequence allows. Throws Error{usage}: an encoder, layers out of range, a length of 0;
/// Error{input}: too short a text, ids out of range, a length above the model's positions, a loss that is not finite.
Result compute(const Request& request, JobContext& context, const MapsSink& sink = {});

/// The maps of one layer for one sequence: as much of the passes as they take. Throws as compute(), and Error{usage}
/// for a layer or sequence that is not there.
struct MapsRequest {
    Request request;
    int layer = 0;
    std::size_t sequence = 0;
    bool operator==(const MapsRequest&) const = default;
};
LayerMapsPtr compute_maps(const MapsRequest& request, JobContext& context);

/// The same out of a file; `index` counts in its layers().
struct CapturedMapsRequest {
    CapturesPtr captures;
    std::size_t index = 0, sequence = 0;
    bool operator==(const CapturedMapsRequest&) const = default;
};
LayerMapsPtr compute_maps(const CapturedMapsRequest& request, JobContext& context);

// ------------------------------------------------------------------ one row
/// A query row in full, in float64. All (T).
struct Row {
    std::vector<double> probabilities, gradient, full, diagonal, lateral;
    double inner = 0; ///< Σ_j A_j g_j
};
/// probabilities and gradient (T).
Row softmax_row(std::span<const float> probabilities, std::span<const float> gradient);

} // namespace attnscope::jacobian
