// Attention of a model on a text, live: entropies of all heads, maps of one, and a head as a memory bank.
//
// A row t of a head is softmax(gain · q_t Kᵀ/√head_dim) over the keys it may see. Entropy in nats. *gain* multiplies
// the scores: 1 is the model, infinity top-1 (all weight on the largest score, shared between equals). Layers, heads
// and tokens count from 0.
//
// Two ways of turning the gain, which agree at 1 only and are labelled wherever they are shown:
//  * every layer: a forward pass in which all scores are scaled (Request, Overview) – what `--beta` does;
//  * this head alone: from the queries and keys captured at gain 1 (Capture and everything computed from one).
#pragma once

#include <attnscope/bank.h>
#include <attnscope/job.h>
#include <attnscope/model.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace attnscope::attention {

using Ids = std::vector<std::int64_t>;

// ------------------------------------------------------------------ all heads
struct Request {
    ModelPtr model;
    std::vector<Ids> texts; ///< one or several
    double gain = 1;
    bool rows = false; ///< keep entropy and largest weight of every row (one text only)
    bool scores = false;
    bool induction_on_random = false; ///< induction on 50 random tokens repeated instead of the texts
    Precision precision = Precision::float32;
    int first_layer = 0, last_layer = -1; ///< inclusive; −1 = the last. Later layers are neither run nor converted
    bool operator==(const Request&) const = default;
};

/// (layers, heads) row-major; NaN where undefined (e.g. no token with an earlier equal one).
using HeadValues = std::vector<double>;
struct HeadStatistic {
    HeadValues mean;       ///< over rows, then over texts
    HeadValues half_width; ///< of the 95 % interval over texts (Student's t); empty for one text
    int texts = 1;         ///< that have the value: a text without repeated tokens has no duplicate or induction score
};
struct Result {
    int layers = 0, heads = 0, first_layer = 0; ///< `layers` is what was computed, from first_layer on
    std::int64_t tokens = 0;                    ///< of the only text, or the sum
    int texts = 1;                              ///< that were asked for
    double gain = 1;
    HeadStatistic entropy, max_weight;
    // with scores
    HeadStatistic sink;      ///< mean weight on token 0, of rows t ≥ 1
    HeadStatistic previous;  ///< mean weight on token t−1, of rows t ≥ 1
    HeadStatistic duplicate; ///< mean weight on earlier tokens equal to token t, of rows that have one
    HeadStatistic induction; ///< mean weight on tokens right after such an earlier one
    bool induction_on_random = false;
    // with rows
    std::vector<float> entropy_rows, max_weight_rows; ///< (layers, heads, T)
    std::uint64_t peak_bytes = 0; ///< planned for probabilities and statistics at once; never layers × heads × T × T
    double forward_seconds = 0;
};
/// Throws Error{input}: no text, ids out of range, longer than the model's context; Error{usage}: gain ≤ 0 or NaN,
/// layers out of range.
Result compute(const Request& request, JobContext& context);

/// `half` random token ids (no special ones), then the same again: what induction is measured on without a text.
Ids repeated_random_tokens(const LanguageModel& model, int half, std::uint64_t seed);

// ------------------------------------------------------------------ one layer, captured
struct CaptureRequest {
    ModelPtr model;
    Ids text;
    int layer = 0;
    double gain = 1; ///< of every layer's scores in the forward pass; the captured scores themselves stay unscaled
    Precision precision = Precision::float32;
    bool operator==(const CaptureRequest&) const = default;
};
/// Queries and keys as they meet in the scores (after norms and rotary positions), of a forward pass at the asked gain.
struct Capture {
    int layer = 0, heads = 0, key_value_heads = 0, head_dim = 0;
    std::int64_t tokens = 0; ///< T
    std::int64_t window = 0; ///< keys a row sees, itself included; 0 = all it may
    bool causal = true;
    double scale = 1;           ///< of the scores at gain 1: 1/√head_dim
    std::vector<float> queries; ///< (heads, T, head_dim)
    std::vector<float> keys;    ///< (key_value_heads, T, head_dim)
    Ids text;
    std::string name; ///< "SmolLM2-135M · layer 3"
    int key_value_head(int head) const { return head / (heads / key_value_heads); }
    /// Half-open range of keys that row t sees.
    std::int64_t first_key(std::int64_t t) const { return causal && window > 0 && t + 1 > window ? t + 1 - window : 0; }
    std::int64_t end_key(std::int64_t t) const { return causal ? t + 1 : tokens; }
};
using CapturePtr = std::shared_ptr<const Capture>;
/// Layers after `layer` are neither run nor converted.
Capture compute_capture(const CaptureRequest& request, JobContext& context);

/// Entropy and largest weight of every row of a head.
struct RowsRequest {
    CapturePtr capture;
    int head = 0;
    double gain = 1;
    bool operator==(const RowsRequest&) const = default;
};
struct Rows {
    std::vector<float> entropy, max_weight; ///< (T)
    std::vector<float> entropy_max;         ///< (T) ln of the number of keys the row sees
    std::vector<std::int64_t> max_key;      ///< (T) ties to the lower index
    double mean_entropy = 0, mean_max_weight = 0;
};
Rows compute_rows(const RowsRequest& request, JobContext& context);

/// The weights of one row: what colours the text.
struct RowRequest {
    CapturePtr capture;
    int head = 0;
    std::int64_t token = 0;
    double gain = 1;
    bool operator==(const RowRequest&) const = default;
};
struct Row {
    std::int64_t first_key = 0;
    std::vector<float> weights;          ///< of the keys first_key …, sum 1
    double entropy = 0, entropy_max = 0; ///< nats; ln of the number of keys seen
};
Row compute_row(const RowRequest& request, JobContext& context);

/// Part of a head's T × T map, reduced to at most max_rows × max_columns cells.
struct MapRequest {
    CapturePtr capture;
    int head = 0;
    double gain = 1;
    std::int64_t row_begin = 0, row_end = 0; ///< half-open; 0, 0 = all
    std::int64_t column_begin = 0, column_end = 0;
    int max_rows = 512, max_columns = 512;
    bool without_sink = false; ///< leave column 0 blank
    bool renormalize = false;  ///< and let the rest of each row sum to 1
    bool operator==(const MapRequest&) const = default;
};
struct Map {
    std::int64_t row_begin = 0, row_end = 0, column_begin = 0, column_end = 0;
    int rows = 0, columns = 0;  ///< cells; a cell covers (row_end − row_begin)/rows rows
    bool reduced = false;       ///< a cell is the largest weight of those it covers
    std::vector<float> weights; ///< (rows, columns) NaN where masked or left out
};
/// Each row's softmax is over all of its keys, whatever part is shown. Computed in tiles of rows: memory is a tile plus
/// the cells.
Map compute_map(const MapRequest& request, JobContext& context);

/// Entropy against gain for all heads of the captured layer.
struct GainRequest {
    CapturePtr capture;
    std::vector<double> gains; ///< increasing, > 0
    std::int64_t token = -1;   ///< also of this row alone; −1 = none
    bool operator==(const GainRequest&) const = default;
};
struct GainCurves {
    std::vector<double> gains;
    std::vector<std::vector<double>> entropy;     ///< [head][gain] means over rows
    std::vector<std::vector<double>> row_entropy; ///< [head][gain] of the asked row; empty without one
    double entropy_max = 0;                       ///< mean over these rows of ln(keys seen)
    std::int64_t rows_used = 0;                   ///< all rows, or an evenly spaced sample of them when T is large
};
GainCurves compute_gain_curves(const GainRequest& request, JobContext& context);
/// 60 values from ⅛ to 64, log-spaced, 1 among them.
std::vector<double> gain_axis(int points = 60);

// ------------------------------------------------------------------ a head is a bank
/// The keys that a row sees, as memories (retrieval with β = gain · scale is this row of attention), and its query.
struct HeadBank {
    std::shared_ptr<const Bank> bank; ///< texts are the tokens
    std::vector<float> query;         ///< (head_dim)
    double beta = 1;                  ///< gain · scale
};
/// `token_texts` holds T texts, or nothing.
HeadBank head_bank(const Capture& capture, int head, std::int64_t token, double gain,
                   const std::vector<std::string>& token_texts);

} // namespace attnscope::attention
