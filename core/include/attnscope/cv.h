// Cayley–Menger CV bands: how evenly the rows of a matrix fill the space they live in.
//
// Vocabulary: a *simplex* is spanned by `points` rows of a matrix (5 unless said otherwise: a 4-simplex); its volume V
// follows from V² = det(G)/(k!)², G the k × k Gram matrix of the edges from one corner, k = points − 1 (Menger 1928;
// the bordered Cayley–Menger determinant of the squared distances gives the same number). *CV* is std(V)/mean(V) over
// simplices; it does not change when the matrix is scaled, turned or shifted. The *pool* are the rows that simplices
// are drawn from. The *null* is the CV of rows that are independent Gaussians in the matrix's number of dimensions, and
// the *effective dimension* the number of dimensions whose null is the measured CV. A simplex is *degenerate* when its
// rows span no volume: V² ≤ 1e-10 · (mean squared edge)ᵏ/(k!)²; such are counted and left out.
//
// The cut is relative because V² scales with the 2k-th power of the data, and the same for every number of points: one
// lost dimension multiplies det(G) by (height/edge)² whatever k is, so the cut is a height of about 1e-5 edges, while
// rounding in float64 leaves about 1e-8.
//
// Numbers that could not be computed are NaN here and null in files.
#pragma once

#include <attnscope/bank.h>
#include <attnscope/choices.h>
#include <attnscope/job.h>
#include <attnscope/model.h>
#include <attnscope/none.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace attnscope::cv {

using Ids = std::vector<std::int64_t>;

// ------------------------------------------------------------------ the null
/// CV of the volumes of simplices of `points` independent Gaussian rows in `dimension` ≥ 1 dimensions, not necessarily
/// a whole number: CV² = ∏_{j=0..k−1} E[χ²_{D−j}]/E[χ_{D−j}]² − 1. Relative error below 1e-9. NaN where D ≤ k − 1: no
/// volume there.
double null_cv(double dimension, int points = 5);
/// The dimension whose null is `cv`, in (points − 2, 1e12]; NaN unless cv is above 0 and finite.
double effective_dim(double cv, int points = 5);

// ------------------------------------------------------------------ how a matrix is measured
inline constexpr int least_points = 3, most_points = 8;
inline constexpr std::size_t least_valid = 10;                      ///< below: no CV
inline constexpr std::size_t most_simplices = std::size_t{1} << 32; ///< of one matrix
inline constexpr std::size_t jackknife_simplices = 8192;            ///< or all there are, where these are fewer
inline constexpr int histogram_bins = 64;

/// CVs strictly between the two are in it.
struct Band {
    double low = 0.13, high = 0.30;
    bool operator==(const Band&) const = default;
};

struct Parameters {
    int points = 5;            ///< rows of a simplex, 3 to 8
    std::size_t samples = 300; ///< simplices drawn: independently, each of distinct rows
    std::size_t pool = 512;    ///< they are drawn from the first so many rows; 0 = all
    bool exact = false;        ///< every simplex of the pool once instead of a sample
    Band band;
    bool operator==(const Parameters&) const = default;
};
/// Throws Error{usage} naming the parameter.
void check_parameters(const Parameters& parameters);
/// Number of simplices of `points` rows that `rows` rows have; saturates at 2⁶⁴ − 1.
std::uint64_t simplex_count(std::uint64_t rows, int points);

/// Simplices given rather than drawn.
struct Tuples {
    std::string name; ///< of the file; empty when made in the program
    int points = 5;
    std::vector<std::uint32_t> rows; ///< (count, points)
    std::size_t count() const { return rows.size() / static_cast<std::size_t>(points); }
};
using TuplesPtr = std::shared_ptr<const Tuples>;
/// (S, points) whole numbers from npy, npz, safetensors or pt. Throws Error{input}: no such shape, no rows, numbers
/// below 0, a row that occurs twice in a tuple (tuple named).
TuplesPtr open_tuples(const std::filesystem::path& path);
/// Throws Error{input} naming the first tuple that leaves `rows` rows.
void check_tuples(const Tuples& tuples, std::size_t rows);

// ------------------------------------------------------------------ what comes out
struct Interval {
    double low = none, high = none;
};
/// Which matrix of a model.
enum class Kind {
    other,     ///< a tensor of a file, or a matrix that its name alone describes
    embedding, ///< embedding: a row a token of the vocabulary
    query,     ///< layers.L.Q_hH: weight rows of one head, in R^hidden
    key,       ///< layers.L.K_hH: H counts key-value heads
    value,     ///< layers.L.V_hH: so does this
    out_proj,  ///< layers.L.out_proj: a row a dimension of the residual stream
    act_query, ///< layers.L.act_Q_hH: a row a token, as queries meet keys (after norms and rotary positions)
    act_key,   ///< layers.L.act_K_hH, key-value heads
    act_value, ///< layers.L.act_V_hH, key-value heads
    act_post,  ///< layers.L.act_post_hH: what a head gives to the output projection
    act_emb,   ///< act_emb: the residual stream before layer 0
    residual,  ///< layers.L.residual: the residual stream behind layer L
};
/// All but `other`, which is called tensor in results and cannot be asked for.
constexpr auto choices_of(Kind) {
    return std::array{Choice<Kind>{Kind::embedding, "embedding"},
                      Choice<Kind>{Kind::query, "Q"},
                      Choice<Kind>{Kind::key, "K"},
                      Choice<Kind>{Kind::value, "V"},
                      Choice<Kind>{Kind::out_proj, "out_proj"},
                      Choice<Kind>{Kind::act_query, "act_Q"},
                      Choice<Kind>{Kind::act_key, "act_K"},
                      Choice<Kind>{Kind::act_value, "act_V"},
                      Choice<Kind>{Kind::act_post, "act_post"},
                      Choice<Kind>{Kind::act_emb, "act_emb"},
                      Choice<Kind>{Kind::residual, "residual"}};
}
/// layer and head −1 where the kind has none.
std::string matrix_name(Kind kind, int layer = -1, int head = -1);
/// Whether its heads are key-value heads, of which grouped models have fewer.
bool of_key_value_head(Kind kind) noexcept;

struct Matrix {
    std::string name;
    Kind kind = Kind::other;
    int layer = -1, head = -1;
    std::size_t rows = 0, cols = 0;
    std::size_t pool = 0; ///< rows that simplices were made of
    std::uint64_t n_valid = 0, n_degenerate = 0;
    bool exact = false; ///< every simplex of the pool: no sampling error
    std::string reason; ///< why there is no CV; empty when there is one

    double cv = none;
    Interval ci95; ///< bootstrap over simplices: conditional on the matrix; a point when exact
    double mean_volume = none;
    double null_cv = none, effective_dim = none;
    bool in_band = false;              ///< band.low < cv < band.high; meaningless without a CV
    double participation_ratio = none; ///< (Σλ)²/Σλ² of the covariance of the pool's rows; 1 to min(rows − 1, cols)

    /// Delete-one-row jackknife: what to judge a matrix by against the null or the band, because the rows themselves
    /// are a sample. Summed over at least jackknife_simplices, more than were drawn for `cv` if need be. NaN with fewer
    /// than points + 2 or more than 4,096 rows.
    double row_error = none;         ///< standard error of the CV over rows, sampling of the simplices of `cv` included
    double cv_corrected = none;      ///< CV without the bias of few rows, to first order
    Interval row_ci95;               ///< of the jackknife of ln CV, by Student's t with rows − 1 degrees of freedom
    std::uint64_t row_simplices = 0; ///< with a volume, that the jackknife is summed over; 0 without one

    /// Volumes in units of their mean, at most about a million of them: counts of equal bins from 0 to histogram_end;
    /// larger ones are in the last. Empty without a CV.
    std::vector<std::uint32_t> histogram;
    double histogram_end = 0;

    bool has_cv() const noexcept { return reason.empty(); }
};

// ------------------------------------------------------------------ one matrix
struct Request {
    std::shared_ptr<const Bank> bank; ///< its rows
    std::string name;                 ///< of the matrix; empty: the bank's
    Parameters parameters;
    TuplesPtr tuples; ///< instead of drawing them; pool and points are then theirs
    bool operator==(const Request&) const = default;
};
/// A matrix without enough rows, without volume or without enough valid simplices has no CV but a reason. Throws
/// Error{usage} as check_parameters() and for more simplices than most_simplices, Error{input} as check_tuples() and
/// for a value in the pool that is not finite (row named). Drawn simplices depend on the seed and the size of the pool
/// alone.
Matrix compute(const Request& request, JobContext& context);

// ------------------------------------------------------------------ a model
struct ModelRequest {
    ModelPtr model;
    Ids text; ///< of the activations; empty: none of them
    Parameters parameters;
    bool weights = true;                  ///< embedding, heads and output projections
    int first_layer = 0, last_layer = -1; ///< inclusive; −1 = the last. Later layers are neither run nor converted
    Precision precision = Precision::float32;
    bool operator==(const ModelRequest&) const = default;
};
struct ModelResult {
    /// Weights first: embedding, then a layer after the other (Q, K, V heads, out_proj); then activations: act_emb,
    /// then a layer after the other (act_Q, act_K, act_V, act_post, residual).
    std::vector<Matrix> matrices;
    std::size_t matrices_total = 0; ///< what a snapshot has not yet is still to come
    std::size_t text_tokens = 0;    ///< rows of the activations: of the text, as many as pool and context allow
    double seconds = 0;
};
/// Measures matrix by matrix and publishes a ModelResult snapshot after every layer. A matrix has one number whether it
/// is measured alone or with others: drawn simplices depend on the seed, the name and the size of the pool. Activations
/// are those of the first tokens of the text, as many as the pool has rows and at most the model's context (an encoder
/// reads the whole text, which must fit); a layer's are dropped before the next is run. Throws Error{usage}: layers out
/// of range, neither weights nor text; Error{input}: ids out of range, weights missing.
ModelResult compute_model(const ModelRequest& request, JobContext& context);

} // namespace attnscope::cv
