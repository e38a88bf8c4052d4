// Layer alignment: do the heads of different layers apply the same bilinear form?
//
// Vocabulary: the *operator* of layer L and head h is g = leftᵀ right, a (hidden, hidden) matrix of rank head_dim at
// most that is never formed. QK: left W_K, right W_Q, so that a query's state x and a key's state y meet as yᵀ g x. OV:
// left the head's columns of W_O turned, right W_V, so that g maps what a head reads to what it writes. With grouped
// key-value heads, query head h uses key-value head ⌊h·n_kv/n_q⌋. Rotary positions and the per-head norms of queries
// and keys stand between the two projections of QK and are ignored; so are biases. A *gram* is ⟨g_L, g_L′⟩_F of one
// head index in two layers, and cos is the gram over the lengths of both. The *anchor* is the layer that all others are
// compared with. *Directions* are unit vectors of R^hidden: eigenvectors of the symmetric part (g + gᵀ)/2 ordered by
// |λ|, or singular vectors of g on its left or right.
//
// Numbers that could not be computed are NaN here and null in files.
#pragma once

#include <attnscope/choices.h>
#include <attnscope/job.h>
#include <attnscope/model.h>
#include <attnscope/none.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace attnscope::alignment {

// ------------------------------------------------------------------ the operators
enum class Operator { qk, ov };
constexpr auto choices_of(Operator) {
    return std::array{Choice<Operator>{Operator::qk, "qk"}, Choice<Operator>{Operator::ov, "ov"}};
}
enum class Basis {
    symmetric, ///< eigenvectors of (g + gᵀ)/2; at most min(2·head_dim, hidden) eigenvalues differ from zero
    left,      ///< left singular vectors of g: in the states of keys (QK), in what is written (OV)
    right,     ///< right singular vectors: in the states of queries (QK), in what is read (OV)
};
constexpr auto choices_of(Basis) {
    return std::array{Choice<Basis>{Basis::symmetric, "symmetric"}, Choice<Basis>{Basis::left, "left"},
                      Choice<Basis>{Basis::right, "right"}};
}

/// What every comparison starts from: opened from files, or made from weights.
struct Operators {
    std::string name; ///< of the model or of the file
    Operator kind = Operator::qk;
    Basis basis = Basis::symmetric;
    bool norm_gain = false; ///< the gain of the norm before attention is folded into what reads the residual stream
    int layers = 0, heads = 0, head_dim = 0, hidden = 0;
    std::vector<double> gram; ///< (layers, layers, heads)
    std::vector<double>
        fro_sq;   ///< (layers, heads) ‖left rightᵀ‖²: another thing than the gram's diagonal; may be empty
    int topk = 0; ///< directions kept of a head; 0 = none
    std::vector<float> directions; ///< (layers, heads, topk, hidden), unit vectors, largest |λ| first; may be empty
    int values = 0;                ///< eigenvalues or singular values of a head; 0 = none
    /// (layers, heads, values), largest magnitude first. Those that rounding alone makes differ from zero are zero.
    std::vector<double> spectrum;

    double at(int a, int b, int head) const { return gram[(static_cast<std::size_t>(a) * layers + b) * heads + head]; }
    std::size_t pair(int layer, int head) const { return static_cast<std::size_t>(layer) * heads + head; }
    bool has_directions() const noexcept { return topk > 0; }
    bool has_spectrum() const noexcept { return values > 0; }
    std::size_t bytes() const noexcept;
};
using OperatorsPtr = std::shared_ptr<const Operators>;

struct Request {
    ModelPtr model;
    Operator kind = Operator::qk;
    Basis basis = Basis::symmetric;
    bool norm_gain = false;
    int topk = 8; ///< at most the number of eigen- or singular values are kept
    bool operator==(const Request&) const = default;
};
/// Grams in float32 products with float64 sums; directions and spectra in float64. Weights are read a few layers at a
/// time, so that about 2 GiB of them are held at most. Progress under "reading weights", "spectra" and "grams". Throws
/// Error{usage}: no model, topk below 1; Error{input}: weights missing or not finite.
Operators compute_operators(const Request& request, JobContext& context);

// ------------------------------------------------------------------ all pairs of layers
/// Everything about pairs of layers that no anchor changes. Arrays are (heads, layers, layers).
struct Comparison {
    std::vector<double> cos;         ///< gram/(‖g‖‖g′‖); NaN where an operator is zero
    std::vector<double> mean_cos_pa; ///< mean cosine of the principal angles between the kept directions; empty without
    std::vector<double> min_cos_pa;  ///< the smallest of them (the largest angle); empty without directions
    std::vector<double> top1_overlap; ///< ⟨first direction, first direction⟩²; empty without directions
};
/// Loads the compute module unless there are no directions.
Comparison compare(const Operators& operators, JobContext& context);

/// Standard deviations on either side of a Gaussian's mean between which 95 % of it lie.
inline constexpr double two_sided = 1.96;

/// A 95 % range.
struct Range {
    double low = none, high = none;
};
/// What random operators of the same size show: cosines of operators with random orthogonal frames, mean zero and
/// standard deviation 1/hidden whatever their singular values; principal angles between random `topk`-dimensional
/// subspaces, drawn.
struct Chance {
    double cos_std = 0;                                         ///< of one head: 1/hidden
    Range cos;                                                  ///< of the mean over heads
    Range mean_cos_pa, min_cos_pa, top1_overlap;                ///< of means over heads; NaN without directions
    Range head_mean_cos_pa, head_min_cos_pa, head_top1_overlap; ///< of one head
    int draws = 0;
};
/// Depends on the seed and the sizes alone.
Chance compute_chance(const Operators& operators, JobContext& context);

/// The numbers k of leading eigenvalues whose signs are compared: 2, 4 … 256 as far as there are `values`.
std::vector<int> sign_counts(int values);
/// What sign agreement by chance depends on. All zero: operators without signs.
struct SignShape {
    int layers = 0, heads = 0, head_dim = 0, hidden = 0;
    bool operator==(const SignShape&) const = default;
};
SignShape sign_shape(const Operators& operators) noexcept;
/// 95 % ranges of SignAgreement::mean for models of random operators, the anchor, which agrees with itself, included.
/// Operators are leftᵀ right of independent normal weights. Their eigenvalues repel each other, so signs at
/// neighbouring places are not independent: the agreement of two operators scatters by 1.15 times as much as that of
/// random signs.
struct SignChance {
    struct Row {
        int k = 0;
        Range of_mean, of_head; ///< of all heads, and of one
    };
    std::vector<Row> rows;
    int operators = 0, draws = 0;                ///< operators that were drawn, and models that were made of them
    Range range(int k, int head) const noexcept; ///< head −1: of all; NaN for a k that is not there
};
/// Depends on the seed and the shape alone. About a second of one core for a head_dim of 64. Empty for an empty shape.
/// Progress under "signs by chance".
SignChance compute_sign_chance(const SignShape& shape, JobContext& context);

// ------------------------------------------------------------------ against an anchor
enum class Label { none, rejected, weak, medium, strong };
/// above .9 STRONG, above .5 MEDIUM, above .1 WEAK, else REJECTED; none for NaN.
Label label_of(double mean_cos) noexcept;
const char* label_name(Label label) noexcept; ///< STRONG …; empty for none

struct LayerProfile {
    int layer = 0;
    double cos = none;   ///< mean over heads
    double t_opt = none; ///< mean_h gram[L, a]/‖g_a‖²: the multiple of the anchor's operator nearest to the layer's
    double resid = none;      ///< √(1 − cos²) of the mean
    double mean_resid = none; ///< mean over heads of √(1 − cos²)
    /// Of the eigenvalues; exactly ½ wherever [W_Q; W_K] has rank 2·head_dim (Sylvester's law).
    double frac_positive = none;
    double mean_cos_pa = none, min_cos_pa = none, top1_overlap = none; ///< means over heads
    double t_opt_std = none; ///< of t_opt for operators of these lengths with random frames
};
struct SignAgreement {
    int k = 0;
    /// Over layers, thirds at L//3 and 2·(L//3); early and mid NaN below 3 layers.
    double mean = none, early = none, mid = none, late = none;
};
struct Verdict {
    double mean_cos = none; ///< the anchor included, which alone contributes 1/L
    Label label = Label::none;
    double mean_cos_excluding_anchor = none; ///< NaN for one layer
    Label label_excluding_anchor = Label::none;
};
/// How the layers stand to an anchor: of all heads, or of one.
struct Profile {
    int anchor = 0, head = -1;
    std::vector<LayerProfile> to_anchor;
    std::vector<SignAgreement> sign_agreement; ///< k = 2, 4 … 256 as far as there are values; of eigenvalues alone
    Verdict verdict;
};
/// −L … L − 1 as 0 … L − 1, negative ones from the end. Throws Error{usage}.
int resolve_anchor(int anchor, int layers);
/// At once: nothing here is more than a pass over the tables. `head` −1 = means over all. Throws Error{usage} as
/// resolve_anchor().
Profile profile(const Operators& operators, const Comparison& comparison, int anchor, int head = -1);
/// (layers, layers) of an array of Comparison: one head's, or the mean over the heads that have a number.
std::vector<double> layer_map(const Operators& operators, const std::vector<double>& per_head, int head = -1);

struct Summary {
    double diag_mean = none;
    double adjacent_mean = none, adjacent_min = none, adjacent_max = none; ///< NaN for one layer
    double first_last = none, middle_last = none;                          ///< middle = L//2
};
/// Of a (layers, layers) map of cosines.
Summary summarise(const std::vector<double>& cos, int layers);

// ------------------------------------------------------------------ heads that belong together
/// Nothing says that head h of one layer plays the part of head h of another: an assignment of every layer's heads to
/// the anchor's that maximises Σ|cos|.
struct Matching {
    int anchor = 0;
    bool of_operators =
        true; ///< |cos| of whole operators; else of what the kept directions and eigenvalues make of them
    std::vector<std::int32_t> partner;     ///< (layers, heads) the anchor's head
    std::vector<double> cos;               ///< (layers, heads) with the partner, signed
    std::vector<double> matched, by_index; ///< (layers) mean |cos| with the partner, and with the same index
    Range chance;         ///< of `matched` for random operators: the choice alone raises it; NaN for directions
    int chance_draws = 0; ///< that it is made from
};
struct MatchRequest {
    OperatorsPtr operators;
    ModelPtr model; ///< that the operators were made from; none: their directions and spectra are compared
    int anchor = -1;
    bool operator==(const MatchRequest&) const = default;
};
/// Cosines of all pairs of heads of a layer and the anchor: layers · heads² of them. Progress under "matching heads".
/// Throws Error{usage} as resolve_anchor() and with neither a model nor directions of symmetric parts.
Matching match_heads(const MatchRequest& request, JobContext& context);

/// The permutation p that maximises Σ value[i][p(i)] of a square matrix of finite numbers, row by row: shortest
/// augmenting paths with potentials (Kuhn 1955, Munkres 1957; this form: Jonker and Volgenant 1987), O(n³).
std::vector<std::int32_t> assign(const std::vector<double>& value, int n);

// ------------------------------------------------------------------ names

} // namespace attnscope::alignment
