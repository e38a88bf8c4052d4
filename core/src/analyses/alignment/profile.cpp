// How layers stand to an anchor: passes over tables that are there already.
#include "base/none.h"

#include <attnscope/alignment.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace attnscope::alignment {

namespace {

/// The mean of the numbers among what is added.
class Mean {
public:
    void add(double value) {
        if (!std::isfinite(value)) return;
        sum_ += value;
        ++count_;
    }
    double value() const { return count_ > 0 ? sum_ / count_ : none; }

private:
    double sum_ = 0;
    int count_ = 0;
};

struct Heads {
    int first, end;
};
Heads heads_of(const Operators& operators, int head) {
    if (head < 0) return {0, operators.heads};
    if (head >= operators.heads)
        throw Error(ErrorKind::usage, "head", "0 to " + std::to_string(operators.heads - 1), std::to_string(head));
    return {head, head + 1};
}

double positive_fraction(const Operators& operators, int layer, const Heads& heads) {
    // Singular values have no sign.
    if (!operators.has_spectrum() || operators.basis != Basis::symmetric) return none;
    const auto values = static_cast<std::size_t>(operators.values);
    std::size_t positive = 0, all = 0;
    for (int head = heads.first; head < heads.end; ++head) {
        const double* const first = operators.spectrum.data() + operators.pair(layer, head) * values;
        positive += static_cast<std::size_t>(std::count_if(first, first + values, [](double x) { return x > 0; }));
        all += values;
    }
    return static_cast<double>(positive) / static_cast<double>(all);
}

int sign(double value) {
    return value > 0 ? 1 : value < 0 ? -1 : 0;
}

/// Of the first k values, those of a layer whose sign is the anchor's, for every k that fits: (ks, layers).
std::vector<SignAgreement> sign_agreement(const Operators& operators, int anchor, const Heads& heads) {
    std::vector<SignAgreement> rows;
    if (!operators.has_spectrum() || operators.basis != Basis::symmetric) return rows;
    const auto values = static_cast<std::size_t>(operators.values);
    const int layers = operators.layers, third = layers / 3;
    const double count = heads.end - heads.first;
    for (const int k : sign_counts(operators.values)) {
        Mean all, early, mid, late;
        for (int layer = 0; layer < layers; ++layer) {
            std::size_t agreeing = 0;
            for (int head = heads.first; head < heads.end; ++head) {
                const double* const mine = operators.spectrum.data() + operators.pair(layer, head) * values;
                const double* const theirs = operators.spectrum.data() + operators.pair(anchor, head) * values;
                for (int i = 0; i < k; ++i) agreeing += sign(mine[i]) == sign(theirs[i]);
            }
            const double part = static_cast<double>(agreeing) / (count * k);
            all.add(part);
            (layer < third ? early : layer < 2 * third ? mid : late).add(part);
        }
        rows.push_back({k, all.value(), early.value(), mid.value(), late.value()});
    }
    return rows;
}

} // namespace

std::size_t Operators::bytes() const noexcept {
    return (gram.size() + fro_sq.size() + spectrum.size()) * sizeof(double) + directions.size() * sizeof(float);
}

Label label_of(double mean_cos) noexcept {
    if (std::isnan(mean_cos)) return Label::none;
    return mean_cos > 0.9   ? Label::strong
           : mean_cos > 0.5 ? Label::medium
           : mean_cos > 0.1 ? Label::weak
                            : Label::rejected;
}

const char* label_name(Label label) noexcept {
    switch (label) {
    case Label::strong: return "STRONG";
    case Label::medium: return "MEDIUM";
    case Label::weak: return "WEAK";
    case Label::rejected: return "REJECTED";
    case Label::none: break;
    }
    return "";
}

int resolve_anchor(int anchor, int layers) {
    if (anchor < -layers || anchor >= layers)
        throw Error(ErrorKind::usage, "anchor",
                    std::to_string(-layers) + " to " + std::to_string(layers - 1) + " of " + std::to_string(layers) +
                        (layers == 1 ? " layer" : " layers"),
                    std::to_string(anchor));
    return anchor < 0 ? anchor + layers : anchor;
}

std::vector<double> layer_map(const Operators& operators, const std::vector<double>& per_head, int head) {
    const Heads heads = heads_of(operators, head);
    const std::size_t cells = static_cast<std::size_t>(operators.layers) * static_cast<std::size_t>(operators.layers);
    std::vector<double> map(per_head.empty() ? 0 : cells);
    for (std::size_t cell = 0; cell < map.size(); ++cell) {
        Mean mean;
        for (int h = heads.first; h < heads.end; ++h) mean.add(per_head[static_cast<std::size_t>(h) * cells + cell]);
        map[cell] = mean.value();
    }
    return map;
}

Profile profile(const Operators& operators, const Comparison& comparison, int anchor, int head) {
    Profile result;
    result.anchor = resolve_anchor(anchor, operators.layers);
    result.head = head;
    const Heads heads = heads_of(operators, head);
    const auto layers = static_cast<std::size_t>(operators.layers), a = static_cast<std::size_t>(result.anchor);
    Mean with_anchor, without;
    for (std::size_t layer = 0; layer < layers; ++layer) {
        const int number = static_cast<int>(layer);
        const auto mean = [&](const std::vector<double>& table, auto of) {
            Mean value;
            for (int h = heads.first; h < heads.end && !table.empty(); ++h)
                value.add(of(table[(static_cast<std::size_t>(h) * layers + layer) * layers + a]));
            return value.value();
        };
        const auto as_it_is = [](double value) { return value; };
        const auto residual = [](double cos) { return std::sqrt(std::clamp(1 - cos * cos, 0.0, 1.0)); };
        LayerProfile row;
        row.layer = number;
        row.cos = mean(comparison.cos, as_it_is);
        row.resid = std::isfinite(row.cos) ? std::sqrt(std::max(1 - row.cos * row.cos, 0.0)) : none;
        row.mean_resid = mean(comparison.cos, [&](double cos) { return std::isfinite(cos) ? residual(cos) : none; });
        row.mean_cos_pa = mean(comparison.mean_cos_pa, as_it_is);
        row.min_cos_pa = mean(comparison.min_cos_pa, as_it_is);
        row.top1_overlap = mean(comparison.top1_overlap, as_it_is);
        row.frac_positive = positive_fraction(operators, number, heads);
        Mean multiple;
        double ratios = 0, defined = 0;
        for (int h = heads.first; h < heads.end; ++h) {
            const double length = operators.at(result.anchor, result.anchor, h);
            if (!(length > 0)) continue;
            multiple.add(operators.at(number, result.anchor, h) / length);
            ratios += std::max(0.0, operators.at(number, number, h)) / length;
            ++defined;
        }
        row.t_opt = multiple.value();
        row.t_opt_std = defined > 0 ? std::sqrt(ratios) / defined / operators.hidden : none;
        with_anchor.add(row.cos);
        if (layer != a) without.add(row.cos);
        result.to_anchor.push_back(row);
    }
    result.sign_agreement = sign_agreement(operators, result.anchor, heads);
    result.verdict.mean_cos = with_anchor.value();
    result.verdict.label = label_of(result.verdict.mean_cos);
    result.verdict.mean_cos_excluding_anchor = without.value();
    result.verdict.label_excluding_anchor = label_of(result.verdict.mean_cos_excluding_anchor);
    return result;
}

Summary summarise(const std::vector<double>& cos, int count) {
    const auto layers = static_cast<std::size_t>(count);
    Mean diagonal, adjacent;
    Summary summary{};
    summary.adjacent_min = summary.adjacent_max = none;
    for (std::size_t layer = 0; layer < layers; ++layer) {
        diagonal.add(cos[layer * layers + layer]);
        if (layer + 1 == layers) continue;
        const double next = cos[layer * layers + layer + 1];
        adjacent.add(next);
        // fmin and fmax prefer a number to NaN.
        summary.adjacent_min = std::fmin(summary.adjacent_min, next);
        summary.adjacent_max = std::fmax(summary.adjacent_max, next);
    }
    summary.diag_mean = diagonal.value();
    summary.adjacent_mean = adjacent.value();
    summary.first_last = cos[layers - 1];
    summary.middle_last = cos[layers / 2 * layers + layers - 1];
    return summary;
}

} // namespace attnscope::alignment
