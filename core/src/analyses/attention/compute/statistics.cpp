#include "analyses/attention/compute/statistics.h"

#include <limits>
#include <unordered_map>

namespace attnscope::compute {

namespace {

std::vector<std::int64_t> earlier_equals(const attention::Ids& text) {
    std::vector<std::int64_t> earlier;
    std::unordered_map<std::int64_t, std::int64_t> last;
    for (std::size_t t = 0; t < text.size(); ++t) {
        const auto [entry, is_new] = last.try_emplace(text[t], static_cast<std::int64_t>(t));
        earlier.push_back(is_new ? -1 : entry->second);
        entry->second = static_cast<std::int64_t>(t);
    }
    return earlier;
}

} // namespace

double HeadStatistics::Sum::mean() const {
    return rows > 0 ? total / static_cast<double>(rows) : std::numeric_limits<double>::quiet_NaN();
}

HeadStatistics::HeadStatistics(const StatisticsPlan& plan, const attention::Ids& text)
    : plan_(plan), tokens_(std::ssize(text)),
      sums_(static_cast<std::size_t>(plan.layers) * static_cast<std::size_t>(plan.heads)) {
    if (plan.scores) earlier_ = earlier_equals(text);
    if (plan.rows) {
        entropy_rows.resize(sums_.size() * text.size());
        max_weight_rows.resize(sums_.size() * text.size());
    }
}

std::uint64_t HeadStatistics::bytes(const StatisticsPlan& plan, std::int64_t tokens) {
    const auto heads = static_cast<std::uint64_t>(plan.layers) * static_cast<std::uint64_t>(plan.heads);
    const auto length = static_cast<std::uint64_t>(tokens);
    return heads * sizeof(HeadSums) + (plan.rows ? 2 * heads * length * sizeof(float) : 0) +
           (plan.scores ? length * sizeof(std::int64_t) : 0);
}

void HeadStatistics::add_scores(std::size_t head, const models::AttentionTile& tile, const float* probabilities,
                                std::int64_t row, std::int64_t columns) {
    HeadSums& sums = sums_[head];
    // A key outside of the tile is masked for all of its rows.
    const auto weight = [&](std::int64_t key) -> double {
        const std::int64_t column = key - tile.first_key;
        return column >= 0 && column < columns ? probabilities[column] : 0;
    };
    if (row > 0) {
        sums.sink.add(weight(0));
        sums.previous.add(weight(row - 1));
    }
    if (earlier_[static_cast<std::size_t>(row)] < 0) return;
    double equal = 0, next = 0;
    for (std::int64_t key = earlier_[static_cast<std::size_t>(row)]; key >= 0;
         key = earlier_[static_cast<std::size_t>(key)]) {
        equal += weight(key);
        next += weight(key + 1);
    }
    sums.duplicate.add(equal);
    sums.induction.add(next);
}

void HeadStatistics::observe(const models::AttentionPoint& point, const models::AttentionTile& tile) {
    ATTNSCOPE_ASSERT(point.texts() == 1 && point.rows() == tokens_ && point.heads() == plan_.heads);
    const at::Tensor entropy = tile.entropy.cpu().contiguous(), max_weight = tile.max_weight.cpu().contiguous();
    const at::Tensor probabilities = plan_.scores ? tile.probabilities.cpu().contiguous() : at::Tensor();
    const std::int64_t heads = entropy.size(1), rows = entropy.size(2);
    const std::int64_t columns = tile.probabilities.size(3);
    const float* entropies = entropy.const_data_ptr<float>();
    const float* largest = max_weight.const_data_ptr<float>();
    const float* weights = plan_.scores ? probabilities.const_data_ptr<float>() : nullptr;
    const auto first = static_cast<std::size_t>(index(point.layer)) * static_cast<std::size_t>(plan_.heads) +
                       static_cast<std::size_t>(tile.first_head);
    for (std::int64_t h = 0; h < heads; ++h) {
        const std::size_t head = first + static_cast<std::size_t>(h);
        for (std::int64_t r = 0; r < rows; ++r) {
            const std::int64_t row = tile.first_row + r, i = h * rows + r;
            sums_[head].entropy.add(entropies[i]);
            sums_[head].max_weight.add(largest[i]);
            if (plan_.rows) {
                const auto at = head * static_cast<std::size_t>(tokens_) + static_cast<std::size_t>(row);
                entropy_rows[at] = entropies[i];
                max_weight_rows[at] = largest[i];
            }
            if (plan_.scores) add_scores(head, tile, weights + i * columns, row, columns);
        }
    }
}

HeadStatistics::Means HeadStatistics::means() const {
    Means out;
    for (const HeadSums& head : sums_) {
        out.entropy.push_back(head.entropy.mean());
        out.max_weight.push_back(head.max_weight.mean());
        if (!plan_.scores) continue;
        out.sink.push_back(head.sink.mean());
        out.previous.push_back(head.previous.mean());
        out.duplicate.push_back(head.duplicate.mean());
        out.induction.push_back(head.induction.mean());
    }
    return out;
}

} // namespace attnscope::compute
