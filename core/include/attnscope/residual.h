// Residual excitations: how many directions a head needs beside the value it looks at most.
//
// Per layer, head and token: p = softmax of the scores, V* = the value at argmax p, ε = Σ p_i V_i − V*. On chosen heads
// the attention output becomes
//   A `top1`  V*            B `full`  Σ p_i V_i            C  V* + Q_r ε
// with Q_r the projection on the r leading directions of ε, fitted per head on *calibration* blocks. Rank 0 is A and
// rank head_dim is B, whatever the basis. *Perplexity* is exp of the mean loss over disjoint *blocks* of seq_len
// tokens.
//
// Variations, all of them off unless asked for:
//  * top_k: V* = Σ p_i V_i / Σ p_i over the k largest weights, ties to the lower index;
//  * exclude_sink: token 0 is never V* of a later token;
//  * form: what the directions are fitted to. `context` is ε as above; `tail` Σ_{i≠*} p_i V_i, as papers also write it;
//    `tail_normalized` that divided by Σ_{i≠*} p_i. What is projected is always ε, so that ranks 0 and head_dim stay
//    what they are;
//  * centred: directions of the covariance of ε rather than of its second moments;
//  * output_weighted: directions in which ε moves the residual stream most, ‖W_O ε‖, rather than the head's own output.
//    The projection is then oblique: with S = W_OᵀW_O = L Lᵀ, Q_r = L⁻ᵀ U_r U_rᵀ Lᵀ, U the eigenvectors of Lᵀ M L.
//
// Numbers that could not be computed are NaN here and null in files. Layers, heads, tokens and blocks count from 0;
// losses are in nats a token.
#pragma once

#include <attnscope/choices.h>
#include <attnscope/job.h>
#include <attnscope/model.h>
#include <attnscope/none.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace attnscope::residual {

using Ids = std::vector<std::int64_t>;

// ------------------------------------------------------------------ what is asked
enum class Calibration {
    heldout, ///< the blocks right behind the evaluated ones
    leading, ///< the first evaluated ones: what the basis was fitted to is then evaluated
};
constexpr auto choices_of(Calibration) {
    return std::array{Choice<Calibration>{Calibration::heldout, "heldout"},
                      Choice<Calibration>{Calibration::leading, "leading"}};
}
enum class Form { context, tail, tail_normalized };
constexpr auto choices_of(Form) {
    return std::array{Choice<Form>{Form::context, "context"}, Choice<Form>{Form::tail, "tail"},
                      Choice<Form>{Form::tail_normalized, "tail_normalized"}};
}

using attnscope::HeadChoice;

inline constexpr std::int64_t most_blocks = 1'000'000;
inline constexpr int most_top_k = 1024;

struct Parameters {
    std::vector<int> layers;       ///< whose heads are replaced; empty: the last three, or those of `heads`
    std::vector<HeadChoice> heads; ///< these alone, all of them in `layers`; empty: every head of the layers
    std::vector<int> ranks;        ///< 0 to head_dim, in the order of the curve; empty: 1,2,4,8,16,32 up to head_dim
    std::int64_t seq_len = 256;    ///< tokens of a block, each block a text of its own; 2 to the model's context
    std::int64_t blocks = 30;      ///< evaluated, from the start of the text
    Calibration calibration = Calibration::heldout;
    std::int64_t calibration_blocks = 4;
    Form form = Form::context;
    int top_k = 1;
    bool exclude_sink = false, centred = false, output_weighted = false;
    bool two_nn = false;                                  ///< also the intrinsic dimension of each head's ε
    bool token_losses = false;                            ///< write the loss of every token too; changes no number
    std::uint64_t prefix_budget = std::uint64_t{1} << 30; ///< bytes of activations held in memory; more lie on disk
    bool operator==(const Parameters&) const = default;
};

struct Result;
using ResultPtr = std::shared_ptr<const Result>;

struct Request {
    ModelPtr model;
    Ids ids; ///< the text, of any length
    Parameters parameters;
    Precision precision = Precision::float32;
    /// What an interrupted run, or one over other ranks, of an otherwise equal request left: its A, B and ranks are
    /// taken over. Not part of the comparison, as it changes no number.
    ResultPtr from;
    bool operator==(const Request& other) const;
};
/// Whether two requests differ in nothing but their ranks.
bool same_but_ranks(const Request& a, const Request& b);

/// What a request comes to on its model and text, before anything is computed.
struct Plan {
    std::vector<int> layers;       ///< increasing
    std::vector<HeadChoice> heads; ///< every replaced one, by layer
    std::vector<int> ranks;
    std::int64_t blocks = 0; ///< evaluated: asked for, or as many as the text has
    std::int64_t first_calibration = 0, calibration_blocks = 0;
    bool leaks = false;             ///< calibration blocks are evaluated too
    std::uint64_t prefix_bytes = 0; ///< activations in front of the first replaced layer and its heads' outputs, of all
                                    ///< blocks
    bool prefix_on_disk = false;    ///< what is beyond the budget
    std::uint64_t peak_bytes = 0;   ///< activations and statistics in memory at once, at most; without weights
};
/// Throws Error{input}: an encoder, ids outside the vocabulary, a text shorter than one block, no block left for
/// held-out calibration; Error{usage} naming a parameter that is out of range.
Plan plan(const Request& request);
/// The same checks of the parameters against a model alone. Throws Error{usage}; Error{input} for an encoder.
void check_parameters(const Parameters& parameters, const LanguageModel& model);

// ------------------------------------------------------------------ what comes out
/// Directions of a head's residual on the calibration blocks.
struct HeadSpectrum {
    int layer = 0, head = 0;
    std::vector<double> cumulative; ///< (head_dim) share of the variance in the leading 1 … head_dim directions; NaN
                                    ///< where there is no variance at all
    std::vector<double> variance;   ///< (head_dim) along each direction, a mean over tokens; largest first
    int r90 = 0;                    ///< smallest rank with ≥ 90 % of the variance; 0 where there is none
    double two_nn = none;           ///< intrinsic dimension; NaN unless asked for or with fewer than 20 distinct tokens
    std::int64_t two_nn_points = 0; ///< distinct residuals that it was estimated from; 0 unless asked for
};

/// Of evaluated blocks with some attention outputs.
struct Loss {
    double nll = none, ppl = none;
    double delta_ppl = none;      ///< over the baseline
    std::vector<float> token_nll; ///< (blocks, seq_len − 1) of token 1 … of each block
};

struct CurvePoint {
    int rank = 0;
    Loss loss;
    /// %, 100 · (x_A − x_C)/(x_A − x_baseline); NaN where top-1 does not hurt.
    double recovered_ppl = none, recovered_nll = none;
};

struct Verdict {
    enum class Label {
        yes,            ///< some rank recovers 90 % of what top-1 costs in perplexity
        partial,        ///< none does
        not_applicable, ///< top-1 costs nothing
    } label = Label::not_applicable;
    int rank = -1;               ///< the smallest that does, or the best; −1: not applicable, or no rank
    double recovered_ppl = none; ///< by it

    std::string text() const; ///< YES at rank 8 | PARTIAL, best at rank 32 | NOT APPLICABLE
};

struct Result {
    Plan plan;
    int head_dim = 0, heads = 0;         ///< of the model
    std::int64_t layers = 0;             ///< of the model
    std::vector<HeadSpectrum> spectrum;  ///< of every replaced head
    double effective_dim_mean = none;    ///< mean r90
    Loss baseline, top1, full;           ///< NaN until they are there
    std::vector<CurvePoint> curve;       ///< the finished ranks
    Ids ids;                             ///< (blocks, seq_len) the evaluated tokens
    std::uint64_t prefix_disk_bytes = 0; ///< of the activations that lay on disk
    double prefix_seconds = 0, basis_seconds = 0, seconds = 0;
    bool finished() const noexcept { return !plan.ranks.empty() && curve.size() == plan.ranks.size(); }
};

/// Whether A costs anything: more than rounding in the mean loss.
bool top1_hurts(const Loss& baseline, const Loss& top1) noexcept;
Verdict verdict(const Result& result);

/// Layers in front of the first replaced one and its attention are run once a block and what they leave is kept; a rank
/// costs the rest of that layer, the layers behind and the head. Baseline, spectrum, A and B come first, then rank by
/// rank; a Result snapshot is published after each. Throws as plan(), Error{input} for a loss that is not finite (block
/// and token named) and Error{resource} when activations find no room on disk.
Result compute(const Request& request, JobContext& context);

// ------------------------------------------------------------------ all heads
/// Spectra of every head of every layer that the request's parameters name, without any loss: its ranks do not count.
struct Spectra {
    int layers = 0, heads = 0, head_dim = 0; ///< of the model
    std::vector<HeadSpectrum> heads_found;   ///< by layer and head
    std::int64_t calibration_blocks = 0;
    double seconds = 0;
};
/// `parameters.layers` empty: all of them. Throws as compute().
Spectra compute_spectra(const Request& request, JobContext& context);

} // namespace attnscope::residual
