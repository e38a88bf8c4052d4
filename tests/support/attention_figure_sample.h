// Everything the attention figures show of a made-up model, computed in plain loops: the figures' tests need results
// that hang together, not the fast code that makes them.
#pragma once

#include "support/attention_sample.h"

#include <attnscope/attention_figures.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

namespace attnscope::test {

class AttentionFigureSample {
public:
    explicit AttentionFigureSample(std::int64_t tokens = 25)
        : capture_(random_capture({.tokens = tokens, .spread = 1.5})) {
        static const char* const words[] = {
            "The", " river", " had", " frozen", " overnight", ",", " and", "\n", " incomprehensibilities",
            " ",   "sk",     "ated"};
        view.model_name = "SmolLM2-135M-Instruct";
        for (std::int64_t t = 0; t < tokens; ++t) view.tokens.emplace_back(words[t % 12]);
        view.layer = 1;
        view.head = 2;
        view.token = tokens - 2;
        view.gain = 2;
    }

    attention::View view;

    attention::Result heads(int layers = 30, int heads = 9) const {
        attention::Result result;
        result.layers = layers;
        result.heads = heads;
        result.tokens = capture_->tokens;
        for (int i = 0; i < layers * heads; ++i) {
            const auto n = static_cast<std::uint64_t>(i);
            result.entropy.mean.push_back(2.2 * random_uniform(5, 1, n));
            result.max_weight.mean.push_back(random_uniform(5, 2, n));
            result.sink.mean.push_back(random_uniform(5, 3, n));
            result.previous.mean.push_back(random_uniform(5, 4, n));
            result.duplicate.mean.push_back(i % 5 == 0 ? std::numeric_limits<double>::quiet_NaN()
                                                       : random_uniform(5, 5, n));
            result.induction.mean.push_back(random_uniform(5, 6, n));
        }
        return result;
    }
    attention::Map map(int most = 512) const {
        attention::Map map;
        map.row_end = map.column_end = capture_->tokens;
        map.rows = map.columns = static_cast<int>(std::min<std::int64_t>(capture_->tokens, most));
        map.reduced = map.rows < capture_->tokens;
        map.weights.assign(static_cast<std::size_t>(map.rows) * static_cast<std::size_t>(map.columns),
                           std::numeric_limits<float>::quiet_NaN());
        for (std::int64_t t = 0; t < capture_->tokens; ++t) {
            const auto weights = plain_row(*capture_, view.head, t, view.gain);
            for (std::int64_t j = 0; j <= t; ++j) {
                float& cell = map.weights[static_cast<std::size_t>((t * map.rows / capture_->tokens) * map.columns +
                                                                   j * map.columns / capture_->tokens)];
                const auto weight = static_cast<float>(weights[static_cast<std::size_t>(j)]);
                cell = cell >= weight ? cell : weight;
            }
        }
        return map;
    }
    attention::Row row() const {
        attention::Row row;
        const auto weights = plain_row(*capture_, view.head, view.token, view.gain);
        row.weights.assign(weights.begin(), weights.begin() + view.token + 1);
        row.entropy = entropy_of(weights);
        row.entropy_max = std::log(static_cast<double>(view.token + 1));
        return row;
    }
    attention::Rows rows() const {
        attention::Rows rows;
        for (std::int64_t t = 0; t < capture_->tokens; ++t) {
            const auto weights = plain_row(*capture_, view.head, t, view.gain);
            const auto largest = std::max_element(weights.begin(), weights.end());
            rows.entropy.push_back(static_cast<float>(entropy_of(weights)));
            rows.max_weight.push_back(static_cast<float>(*largest));
            rows.entropy_max.push_back(std::log(static_cast<float>(t + 1)));
            rows.max_key.push_back(largest - weights.begin());
            rows.mean_entropy += entropy_of(weights) / static_cast<double>(capture_->tokens);
        }
        return rows;
    }
    attention::GainCurves gain() const {
        attention::GainCurves curves;
        curves.gains = attention::gain_axis(24);
        curves.rows_used = capture_->tokens;
        for (int head = 0; head < capture_->heads; ++head) {
            auto& means = curves.entropy.emplace_back();
            auto& row = curves.row_entropy.emplace_back();
            for (const double gain : curves.gains) {
                double mean = 0;
                for (std::int64_t t = 0; t < capture_->tokens; ++t)
                    mean += entropy_of(plain_row(*capture_, head, t, gain)) / static_cast<double>(capture_->tokens);
                means.push_back(mean);
                row.push_back(entropy_of(plain_row(*capture_, head, view.token, gain)));
            }
        }
        for (std::int64_t t = 0; t < capture_->tokens; ++t)
            curves.entropy_max += std::log(static_cast<double>(t + 1)) / static_cast<double>(capture_->tokens);
        return curves;
    }
    std::vector<Figure> figures() const {
        return {attention::heads_figure(view, heads()), attention::map_figure(view, map()),
                attention::text_figure(view, row()), attention::rows_figure(view, rows()),
                attention::gain_figure(view, gain())};
    }

private:
    attention::CapturePtr capture_;
};

} // namespace attnscope::test
