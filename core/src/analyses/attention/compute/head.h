// One head of a captured layer, walked in blocks of rows: what everything that turns the gain of a head is made of.
#pragma once

#include "kernels/attention_rows.h"
#include "kernels/head_scores.h"

#include <attnscope/attention.h>

#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace attnscope::compute {

/// Throws Error{usage} unless the gain is above 0 (infinity is top-1).
void check_gain(double gain);
/// Throws Error{usage} for no capture, or a head or token that is not there. A negative token is none.
void check_head(const attention::CapturePtr& capture, int head, std::int64_t token = -1);

/// Keys of one key-value head of a capture, packed; heads of a group share them.
std::shared_ptr<const kernels::HeadKeys> pack_head(const attention::Capture& capture, int key_value_head);

class Head {
public:
    /// The capture outlives the head.
    Head(const attention::Capture& capture, int head, std::shared_ptr<const kernels::HeadKeys> keys);
    Head(const attention::Capture& capture, int head);

    /// What multiplies the scores at a gain.
    double factor(double gain) const { return gain * capture_.scale; }

    /// A thread's room for scores and queries.
    struct Scratch {
        hwy::AlignedFreeUniquePtr<float[]> scores;
        std::vector<float> queries;
        std::vector<kernels::HeadRow> rows;
    };
    /// Rows computed together: at most as many tokens as compute() takes at once.
    std::size_t block_rows() const { return block_rows_; }
    /// Scores of some tokens' rows, good up to a gain. A row that would see no keys at or after `first_key` has none,
    /// and begin = end.
    std::span<kernels::HeadRow> compute(std::span<const std::int64_t> tokens, double largest_gain, Scratch& scratch,
                                        std::int64_t first_key = 0) const;

    using Use = std::function<void(std::size_t index, kernels::HeadRow& row)>;
    /// Calls use(i, row of tokens[i]) for all of them, on all threads.
    void for_each_row(std::span<const std::int64_t> tokens, double largest_gain, JobContext& context,
                      const Use& use) const;

private:
    const attention::Capture& capture_;
    int head_;
    std::shared_ptr<const kernels::HeadKeys> keys_;
    std::size_t block_rows_;
};

/// 0, 1 … end − 1.
std::vector<std::int64_t> token_range(std::int64_t begin, std::int64_t end);

} // namespace attnscope::compute
