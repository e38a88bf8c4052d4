// Statistics of every head, gathered while a model runs.
#pragma once

#include "models/attention_point.h"

#include <attnscope/attention.h>

#include <cstdint>
#include <vector>

namespace attnscope::compute {

/// What is gathered of one text.
struct StatisticsPlan {
    int first_layer = 0, layers = 0, heads = 0;
    double gain = 1;
    bool rows = false, scores = false;
};

/// Observes layers first_layer … first_layer + layers − 1 of a forward pass over one text.
class HeadStatistics final : public models::AttentionObserver {
public:
    HeadStatistics(const StatisticsPlan& plan, const attention::Ids& text);

    double score_factor(const models::AttentionPoint&) override { return plan_.gain; }
    bool wants_probabilities(const models::AttentionPoint& point) override { return index(point.layer) >= 0; }
    void observe(const models::AttentionPoint& point, const models::AttentionTile& tile) override;

    /// (layers, heads) means over rows; NaN where no row has such a value. Scores are empty unless they were asked for.
    struct Means {
        attention::HeadValues entropy, max_weight, sink, previous, duplicate, induction;
    };
    Means means() const;
    std::vector<float> entropy_rows, max_weight_rows; ///< (layers, heads, T) if asked for

    /// Bytes held for a text of so many tokens.
    static std::uint64_t bytes(const StatisticsPlan& plan, std::int64_t tokens);

private:
    /// Row of the layer in what is gathered, −1 for a layer that is not.
    int index(int layer) const {
        const int i = layer - plan_.first_layer;
        return i < plan_.layers ? i : -1;
    }
    void add_scores(std::size_t head, const models::AttentionTile& tile, const float* probabilities, std::int64_t row,
                    std::int64_t columns);

    struct Sum {
        double total = 0;
        std::int64_t rows = 0;
        void add(double value) {
            total += value;
            ++rows;
        }
        double mean() const;
    };
    struct HeadSums {
        Sum entropy, max_weight, sink, previous, duplicate, induction;
    };

    StatisticsPlan plan_;
    std::int64_t tokens_;
    std::vector<std::int64_t> earlier_; ///< (T) the last position before t with the same token; −1 for none
    std::vector<HeadSums> sums_;        ///< (layers, heads)
};

} // namespace attnscope::compute
