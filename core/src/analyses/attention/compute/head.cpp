// The rows of one head: their entropies, and the weights of one of them.
#include "analyses/attention/compute/head.h"

#include "analyses/attention/compute/entry_points.h"
#include "kernels/aligned.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>

namespace attnscope::compute {

using attention::Capture;
using kernels::HeadRow;

void check_gain(double gain) {
    if (!(gain > 0)) throw Error(ErrorKind::usage, "gain", "a number above 0, or inf", std::to_string(gain));
}

void check_head(const attention::CapturePtr& capture, int head, std::int64_t token) {
    if (!capture || capture->tokens < 1 || capture->heads < 1)
        throw Error(ErrorKind::usage, "capture", "queries and keys of a layer", "none");
    if (head < 0 || head >= capture->heads)
        throw Error(ErrorKind::usage, "head", "0 to " + std::to_string(capture->heads - 1), std::to_string(head));
    if (token >= capture->tokens)
        throw Error(ErrorKind::usage, "token", "0 to " + std::to_string(capture->tokens - 1), std::to_string(token));
}

std::shared_ptr<const kernels::HeadKeys> pack_head(const Capture& capture, int key_value_head) {
    const auto tokens = static_cast<std::size_t>(capture.tokens), d = static_cast<std::size_t>(capture.head_dim);
    const float* rows = capture.keys.data() + static_cast<std::size_t>(key_value_head) * tokens * d;
    return std::make_shared<const kernels::HeadKeys>(kernels::pack_keys(rows, tokens, d));
}

Head::Head(const Capture& capture, int head, std::shared_ptr<const kernels::HeadKeys> keys)
    : capture_(capture), head_(head), keys_(std::move(keys)), block_rows_(kernels::block_rows(keys_->count)) {}

Head::Head(const Capture& capture, int head) : Head(capture, head, pack_head(capture, capture.key_value_head(head))) {}

std::span<HeadRow> Head::compute(std::span<const std::int64_t> tokens, double largest_gain, Scratch& scratch,
                                 std::int64_t first_key) const {
    const std::size_t d = keys_->head_dim;
    if (!scratch.scores) {
        scratch.scores = kernels::allocate_aligned<float>(kernels::block_scratch_floats(block_rows_, keys_->count));
        scratch.queries.resize(block_rows_ * d);
    }
    ATTNSCOPE_ASSERT(tokens.size() <= block_rows_);
    scratch.rows.assign(tokens.size(), {});
    const float* queries = capture_.queries.data() + static_cast<std::size_t>(head_) * keys_->count * d;
    std::size_t blank = 0; // rows without a key come first: only their beginnings are taken away
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        HeadRow& row = scratch.rows[i];
        row.begin = static_cast<std::size_t>(std::max(capture_.first_key(tokens[i]), first_key));
        row.end = static_cast<std::size_t>(capture_.end_key(tokens[i]));
        if (row.begin >= row.end) {
            row.begin = row.end;
            blank = i + 1;
        }
        std::copy_n(queries + static_cast<std::size_t>(tokens[i]) * d, d, scratch.queries.data() + i * d);
    }
    const std::span<HeadRow> rows(scratch.rows);
    if (blank < rows.size())
        kernels::head_scores(*keys_, scratch.queries.data() + blank * d, factor(largest_gain), rows.subspan(blank),
                             scratch.scores.get());
    return rows;
}

void Head::for_each_row(std::span<const std::int64_t> tokens, double largest_gain, JobContext& context,
                        const Use& use) const {
    constexpr std::size_t worth_telling = 200; // blocks
    const std::size_t blocks = (tokens.size() + block_rows_ - 1) / block_rows_;
    std::vector<Scratch> scratch(static_cast<std::size_t>(context.threads()));
    std::atomic<std::size_t> done = 0;
    context.parallel_for(blocks, [&](std::size_t block, int thread) {
        const std::size_t first = block * block_rows_;
        const auto rows = compute(tokens.subspan(first, std::min(block_rows_, tokens.size() - first)), largest_gain,
                                  scratch[static_cast<std::size_t>(thread)]);
        for (std::size_t i = 0; i < rows.size(); ++i) use(first + i, rows[i]);
        if (blocks >= worth_telling)
            context.progress(static_cast<double>(++done), static_cast<double>(blocks), "attention rows");
    });
}

std::vector<std::int64_t> token_range(std::int64_t begin, std::int64_t end) {
    std::vector<std::int64_t> tokens(static_cast<std::size_t>(std::max<std::int64_t>(end - begin, 0)));
    std::iota(tokens.begin(), tokens.end(), begin);
    return tokens;
}

attention::Rows head_rows(const attention::RowsRequest& request, JobContext& context) {
    check_head(request.capture, request.head);
    check_gain(request.gain);
    const Capture& capture = *request.capture;
    const Head head(capture, request.head);
    const auto tokens = token_range(0, capture.tokens);
    attention::Rows out;
    out.entropy.resize(tokens.size());
    out.max_weight.resize(tokens.size());
    out.max_key.resize(tokens.size());
    out.entropy_max.resize(tokens.size());
    head.for_each_row(tokens, request.gain, context, [&](std::size_t t, HeadRow& row) {
        const auto statistics = kernels::attention_row_statistics(row.scores, row.keys(), head.factor(request.gain));
        out.entropy[t] = statistics.entropy;
        out.max_weight[t] = statistics.max_weight;
        out.max_key[t] = static_cast<std::int64_t>(row.begin + kernels::largest_score(row.scores, row.keys()));
        out.entropy_max[t] = std::log(static_cast<float>(row.keys()));
    });
    const auto mean = [&](const std::vector<float>& values) {
        return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
    };
    out.mean_entropy = mean(out.entropy);
    out.mean_max_weight = mean(out.max_weight);
    return out;
}

attention::Row head_row(const attention::RowRequest& request, JobContext& context) {
    check_head(request.capture, request.head, request.token);
    check_gain(request.gain);
    if (request.token < 0) throw Error(ErrorKind::usage, "token", "0 or more", std::to_string(request.token));
    context.checkpoint();
    const Head head(*request.capture, request.head);
    Head::Scratch scratch;
    const HeadRow& row = head.compute(std::span(&request.token, 1), request.gain, scratch).front();
    const auto statistics = kernels::attention_row(row.scores, row.keys(), head.factor(request.gain));
    attention::Row out;
    out.first_key = static_cast<std::int64_t>(row.begin);
    out.weights.assign(row.scores, row.scores + row.keys());
    out.entropy = statistics.entropy;
    out.entropy_max = std::log(static_cast<double>(row.keys()));
    return out;
}

} // namespace attnscope::compute
