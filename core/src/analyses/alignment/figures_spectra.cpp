// Signs and spectra of operators, heads matched with each other, and the verdict.
#include "analyses/alignment/figure_parts.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace attnscope::alignment {

namespace {

const char* basis_text(Basis basis) {
    return basis == Basis::symmetric ? "eigenvalues of the symmetric part" : "singular values";
}

} // namespace

Figure signs_figure(const View& view, const Shown& shown) {
    Figure figure = start_figure("alignment.signs", view, shown);
    const Operators& operators = shown.operators;
    Axes axes;
    axes.x.label = "k, largest |\u03bb| first";
    axes.x.scale = Scale::logarithmic;
    axes.y.label = "signs that agree";
    axes.y.range = {0, 1.02};
    const Profile profile = alignment::profile(operators, shown.comparison, view.anchor, view.head);
    if (profile.sign_agreement.empty()) {
        add_note(axes, operators.has_spectrum() ? "singular values have no sign" : "no eigenvalues here");
    } else {
        std::vector<double> x, mean, early, mid, late;
        Band chance;
        for (const SignAgreement& row : profile.sign_agreement) {
            x.push_back(row.k);
            mean.push_back(row.mean);
            early.push_back(row.early);
            mid.push_back(row.mid);
            late.push_back(row.late);
            if (!shown.signs) continue;
            const Range range = shown.signs->range(row.k, view.head);
            chance.low.push_back(range.low);
            chance.high.push_back(range.high);
        }
        if (shown.signs) {
            chance.name = "mean by chance";
            chance.x = x;
            chance.colour = {Colour::Role::series, 0, 0.45f};
            axes.elements.push_back(std::move(chance));
            say(figure, "chance from " + std::to_string(shown.signs->operators) + " random operators");
        }
        Line leading = curve("all layers", x, std::move(mean), 0);
        leading.width = 1.6f;
        axes.elements.push_back(std::move(leading));
        axes.elements.push_back(curve("early third", x, std::move(early), 1));
        axes.elements.push_back(curve("middle third", x, std::move(mid), 2));
        axes.elements.push_back(curve("late third", x, std::move(late), 6));
        axes.x.range = {1.7, 1.2 * x.back()};
        axes.legend = Axes::Legend::outside;
    }
    figure.axes.push_back(std::move(axes));
    figure.caption = "Share of the first k eigenvalues whose sign is that of the anchor's at the same place in the "
                     "order of |\u03bb|; the "
                     "anchor, which agrees with itself, is included. Band: 95 % of models of random operators of these "
                     "sizes, mean over all layers. " +
                     operator_note(operators);
    return figure;
}

Figure spectra_figure(const View& view, const Shown& shown) {
    Figure figure = start_figure("alignment.spectra", view, shown);
    const Operators& operators = shown.operators;
    Axes axes;
    axes.x.label = "place in the order of magnitude";
    axes.y.label = basis_text(operators.basis);
    if (!operators.has_spectrum()) {
        add_note(axes, "no eigenvalues here");
    } else {
        const int layer = std::clamp(view.layer, 0, operators.layers - 1), anchor = anchor_of(view, shown);
        say(figure, "layer " + std::to_string(layer));
        const auto values = static_cast<std::size_t>(operators.values);
        std::vector<double> x;
        for (std::size_t i = 0; i < values; ++i) x.push_back(static_cast<double>(i + 1));
        const auto points = [&](int of_layer, int head, const std::string& name) {
            const auto first =
                operators.spectrum.begin() + static_cast<std::ptrdiff_t>(operators.pair(of_layer, head) * values);
            Points points;
            points.name = name;
            points.x = x;
            points.y.assign(first, first + static_cast<std::ptrdiff_t>(values));
            points.size = 0.6f;
            return points;
        };
        for (int head = 0; head < operators.heads; ++head) {
            Points muted = points(layer, head, head == 0 ? "every head" : "");
            muted.colour = {Colour::Role::muted, 0, 0.45f};
            axes.elements.push_back(std::move(muted));
        }
        const int head = std::clamp(view.head, 0, operators.heads - 1);
        if (anchor != layer) {
            Points there = points(anchor, head, "head " + std::to_string(head) + " of the anchor");
            there.colour = {Colour::Role::series, 1};
            axes.elements.push_back(std::move(there));
        }
        Points here = points(layer, head, "head " + std::to_string(head));
        here.colour = {Colour::Role::accent};
        here.size = 0.9f;
        axes.elements.push_back(std::move(here));
        Marker zero;
        zero.vertical = false;
        zero.colour = {Colour::Role::muted};
        if (operators.basis == Basis::symmetric) axes.elements.push_back(std::move(zero));
        axes.x.range = {0, static_cast<double>(values) + 1};
        axes.legend = Axes::Legend::top_right;
    }
    figure.axes.push_back(std::move(axes));
    figure.caption =
        std::string("The ") + basis_text(operators.basis) +
        " of every head of a layer, and of the selected head. As many "
        "eigenvalues are positive as negative wherever [W_Q; W_K] has full rank (Sylvester's law of inertia): a check, "
        "not a finding. " +
        operator_note(operators);
    return figure;
}

Figure matched_figure(const View& view, const Shown& shown) {
    View of_all = view;
    of_all.head = -1;
    Figure figure = start_figure("alignment.matched", of_all, shown);
    const Operators& operators = shown.operators;
    Axes axes;
    axes.x = layer_axis(operators.layers);
    axes.y.label = "mean |cos| with the anchor's heads";
    if (!shown.matching) {
        add_note(axes, "heads were not matched");
    } else {
        Line matched = anchor_curve("best partner", shown.matching->matched, 0, shown.matching->anchor);
        matched.width = 1.6f;
        axes.elements.push_back(std::move(matched));
        axes.elements.push_back(anchor_curve("same index", shown.matching->by_index, 1, shown.matching->anchor));
        add_chance(axes, "best partner by chance", shown.matching->chance, operators.layers, 0);
        add_layers(axes, view, shown);
        axes.legend = Axes::Legend::outside;
        say(figure, shown.matching->of_operators ? "whole operators" : "their kept directions");
    }
    figure.axes.push_back(std::move(axes));
    figure.caption =
        "Nothing says that head h of two layers play one part. Heads of each layer are assigned to the anchor's so "
        "that the sum of "
        "|cos| is largest; the choice alone raises it, so the band shows what it does to random operators. " +
        operator_note(operators);
    return figure;
}

Figure verdict_figure(const View& view, const Shown& shown) {
    Figure figure = start_figure("alignment.verdict", view, shown);
    const Operators& operators = shown.operators;
    const Verdict verdict = alignment::profile(operators, shown.comparison, view.anchor, view.head).verdict;
    Axes axes;
    axes.x.label = "mean cosine to the anchor";
    axes.y.categories = {"without the anchor", "with the anchor"};
    axes.y.range = {-0.6, 1.6};
    const std::array<double, 2> values{verdict.mean_cos_excluding_anchor, verdict.mean_cos};
    const std::array<Label, 2> labels{verdict.label_excluding_anchor, verdict.label};
    double lowest = -0.05;
    for (std::size_t i = 0; i < 2; ++i) {
        Annotation text;
        text.x = 0.88;
        text.y = static_cast<double>(i);
        text.anchor = Annotation::Anchor::right;
        if (!std::isfinite(values[i])) {
            text.text = "none";
        } else {
            lowest = std::min(lowest, values[i] - 0.05);
            Bars bar;
            bar.position = {static_cast<double>(i)};
            bar.value = {values[i]};
            bar.width = 0.45;
            bar.horizontal = true;
            bar.colour = {Colour::Role::series, i == 0 ? 0 : 1};
            axes.elements.push_back(std::move(bar));
            text.text = std::string(label_name(labels[i])) + "  " + format_number(values[i]);
        }
        axes.elements.push_back(std::move(text));
    }
    for (const auto& [value, label] : {std::pair{0.1, "WEAK"}, {0.5, "MEDIUM"}, {0.9, "STRONG"}}) {
        Marker marker;
        marker.value = value;
        marker.label = label;
        axes.elements.push_back(std::move(marker));
    }
    Marker floor;
    floor.value = 1.0 / operators.layers;
    floor.label = "1/L";
    floor.colour = {Colour::Role::muted};
    axes.elements.push_back(std::move(floor));
    axes.x.range = {std::max(-1.02, lowest), 1.02};
    figure.axes.push_back(std::move(axes));
    figure.caption = "Mean cosine to the anchor. The anchor's own cosine of 1 is a floor of 1/L under the verdict that "
                     "includes it; the one "
                     "without it has none. " +
                     operator_note(operators);
    return figure;
}

} // namespace attnscope::alignment
