// What a trace does step by step: its weights, its scalars, and the same in all five modes.
#include "analyses/retrieval/figure_parts.h"
#include "base/text_list.h"
#include "drawing/scale.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

namespace attnscope::retrieval {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// One quantity of a step: its name and where it is read. Step t + 1 holds what belongs to the state at t as `energy`.
struct Quantity {
    const char* title;
    double (*value)(const Trace&, std::size_t t, double entropy_max);
    Scale scale;
};

double positive(double value) {
    return value > 0 ? value : nan;
}

const Quantity quantities[]{
    {"norm ‖q‖", [](const Trace& trace, std::size_t t, double) { return trace.steps[t].norm; }, Scale::linear},
    {"entropy H / ln n",
     [](const Trace& trace, std::size_t t, double entropy_max) {
         return t == 0 || !(entropy_max > 0) ? nan : trace.steps[t].entropy / entropy_max;
     },
     Scale::linear},
    {"largest weight max α",
     [](const Trace& trace, std::size_t t, double) { return t == 0 ? nan : positive(trace.steps[t].max_weight); },
     Scale::logarithmic},
    {"change Δ",
     [](const Trace& trace, std::size_t t, double) { return t == 0 ? nan : positive(trace.steps[t].delta); },
     Scale::logarithmic},
    {"alignment |cos v₁|",
     [](const Trace& trace, std::size_t t, double) { return t == 0 ? nan : trace.steps[t].cos_v1; }, Scale::linear},
    {"energy E",
     [](const Trace& trace, std::size_t t, double) {
         return t + 1 < trace.steps.size() ? trace.steps[t + 1].energy : nan;
     },
     Scale::linear},
};

Line curve(const Trace& trace, const Quantity& quantity, double entropy_max) {
    Line line;
    for (std::size_t t = 0; t < trace.steps.size(); ++t) {
        line.x.push_back(trace.steps[t].t);
        line.y.push_back(quantity.value(trace, t, entropy_max));
    }
    return line;
}

// As many decimals as give the largest of a column three digits: equal ones line up.
std::string fixed(double value, double largest) {
    const int decimals = largest > 0 ? std::clamp(2 - static_cast<int>(std::floor(std::log10(largest))), 2, 9) : 2;
    char text[32];
    std::snprintf(text, sizeof text, "%.*f", decimals, value);
    return text;
}

Axes bars_of(const View& view, const Step& step, int shown) {
    Axes axes;
    Bars bars;
    bars.horizontal = true;
    bars.colour = {Colour::Role::accent};
    double largest = 0;
    const std::size_t count = std::min<std::size_t>(step.top.size(), static_cast<std::size_t>(std::max(shown, 0)));
    for (std::size_t i = 0; i < count; ++i) {
        bars.position.push_back(static_cast<double>(i));
        bars.value.push_back(step.top[i].weight);
        largest = std::max(largest, step.top[i].weight);
        axes.y.categories.push_back(memory_name(view.bank.get(), step.top[i].index, 46, true));
    }
    axes.elements.push_back(std::move(bars));
    for (std::size_t i = 0; i < count; ++i) {
        Annotation value;
        value.x = step.top[i].weight + 0.02 * largest;
        value.y = static_cast<double>(i);
        value.text = fixed(step.top[i].weight, largest);
        axes.elements.push_back(std::move(value));
    }
    axes.x.label = "weight α";
    axes.x.range = {0, largest > 0 ? 1.38 * largest : 1}; // room for the numbers behind the bars
    axes.y.reversed = true;
    return axes;
}

Axes curve_of(const Step& step, std::size_t n) {
    // Weights far below float32's resolution of the sum say nothing; a curve down to 1e-300 would hide the rest.
    constexpr double floor = 1e-12;
    Axes axes;
    Line line;
    line.colour = {Colour::Role::accent};
    line.width = 1.6f;
    if (!step.curve_rank.empty())
        for (std::size_t i = 0; i < std::min(step.curve_rank.size(), step.curve_weight.size()); ++i) {
            line.x.push_back(step.curve_rank[i]);
            line.y.push_back(step.curve_weight[i]);
        }
    else
        for (std::size_t i = 0; i < step.top.size(); ++i) {
            line.x.push_back(static_cast<double>(i + 1));
            line.y.push_back(step.top[i].weight);
        }
    double smallest = 1, largest = 0, last_rank = 1;
    for (std::size_t i = 0; i < line.y.size(); ++i) {
        if (!(line.y[i] > 0)) {
            line.y[i] = nan;
            continue;
        }
        smallest = std::min(smallest, line.y[i]);
        largest = std::max(largest, line.y[i]);
        last_rank = std::max(last_rank, line.x[i]);
    }
    axes.elements.push_back(std::move(line));
    axes.x.label = "rank of the memory";
    axes.y.label = "weight α";
    axes.x.scale = axes.y.scale = Scale::logarithmic;
    if (n > 0) {
        Marker uniform;
        uniform.vertical = false;
        uniform.value = 1.0 / static_cast<double>(n);
        uniform.label = "1/n";
        uniform.colour = {Colour::Role::muted};
        axes.elements.push_back(uniform);
        smallest = std::min(smallest, uniform.value);
    }
    axes.x.range = {1, std::max(last_rank, 2.0)};
    axes.y.range = {std::max(smallest / 2, floor), std::max(largest * 1.6, smallest * 4)};
    return axes;
}

} // namespace

Figure weights_figure(const View& view, const Trace& trace, int shown) {
    Figure figure = start_figure(view, "retrieval.weights");
    say(figure, choice_name(trace.mode));
    say(figure, beta_text(trace.beta));
    figure.columns = 2;
    const std::size_t at = weights_step(view.step, trace.steps.size());
    const Step step = at > 0 ? trace.steps[at] : Step{};
    if (at > 0) {
        say(figure, "step " + std::to_string(at));
        say(figure, "effective support exp H = " + format_number(std::exp(step.entropy)));
    }
    figure.axes = {bars_of(view, step, shown), curve_of(step, memory_count(view))};
    figure.caption =
        "Left: the memories of largest weight. Right: all weights, sorted. " + exact_over(memory_count(view));
    return figure;
}

Figure trajectories_figure(const View& view, const TraceResult& traces) {
    Figure figure = start_figure(view, "retrieval.trajectories");
    figure.columns = 3;
    const auto chosen = traces_of(traces, view.mode);
    const Trace* bold = nearest_beta(chosen, view.beta);
    std::string others;
    for (const Trace* trace : chosen)
        if (trace != bold) add_to_list(others, format_number(trace->beta));
    if (bold) {
        say(figure, choice_name(bold->mode));
        say(figure, "bold " + beta_text(bold->beta));
    }
    if (!others.empty()) say(figure, "thin β " + others);
    for (const Quantity& quantity : quantities) {
        Axes axes;
        axes.title = quantity.title;
        axes.x.label = "step t";
        axes.y.scale = quantity.scale;
        for (const Trace* trace : chosen) {
            if (trace == bold) continue;
            Line line = curve(*trace, quantity, traces.entropy_max);
            line.colour = {Colour::Role::muted, 0, 0.75f};
            line.width = 0.6f;
            axes.elements.push_back(std::move(line));
        }
        if (bold) {
            Line line = curve(*bold, quantity, traces.entropy_max);
            line.colour = {Colour::Role::accent};
            line.width = 1.8f;
            const std::size_t at = std::min<std::size_t>(std::max(view.step, 0), line.x.size() - 1);
            Points now;
            if (!line.x.empty() && std::isfinite(line.y[at])) {
                now.x = {line.x[at]};
                now.y = {line.y[at]};
            }
            now.colour = line.colour;
            now.size = 1.5f;
            axes.elements.push_back(std::move(line));
            if (!now.x.empty()) axes.elements.push_back(std::move(now));
            const double last = static_cast<double>(std::max<std::size_t>(bold->steps.size(), 2) - 1);
            axes.x.range = {-0.03 * last, 1.03 * last};
        }
        figure.axes.push_back(std::move(axes));
    }
    figure.caption = "Row t is the state after t steps; entropy, largest weight, change and alignment are of the step "
                     "that led there, the energy is of the state itself. " +
                     exact_over(memory_count(view));
    return figure;
}

Figure modes_figure(const View& view, const TraceResult& traces) {
    Figure figure = start_figure(view, "retrieval.modes");
    figure.columns = static_cast<int>(all_modes.size());
    bool first = true;
    for (const Mode mode : all_modes) {
        Axes axes;
        axes.title = choice_name(mode);
        axes.x.label = "step t";
        if (first) axes.y.label = "share";
        axes.y.range = {-0.04, 1.06};
        const auto chosen = traces_of(traces, mode);
        const Trace* trace = nearest_beta(chosen, view.beta);
        if (!trace || trace->mode != mode) {
            Annotation note;
            note.x = note.y = 0.5;
            note.axes_fraction = true;
            note.anchor = Annotation::Anchor::centre;
            note.text = "not computed";
            note.colour = {Colour::Role::muted};
            axes.elements.push_back(note);
            figure.axes.push_back(std::move(axes));
            continue;
        }
        struct Shown {
            const char* name;
            const Quantity& quantity;
            bool dashed;
        };
        const Shown shown[]{
            {"H / ln n", quantities[1], false}, {"max α", quantities[2], false}, {"|cos v₁|", quantities[4], true}};
        int index = 0;
        for (const Shown& entry : shown) {
            Line line = curve(*trace, entry.quantity, traces.entropy_max);
            if (mode == all_modes.back()) line.name = entry.name;
            line.colour = {Colour::Role::series, index++};
            line.width = 1.4f;
            line.dashed = entry.dashed;
            axes.elements.push_back(std::move(line));
        }
        if (first) say(figure, beta_text(trace->beta));
        if (mode == all_modes.back()) axes.legend = Axes::Legend::outside;
        const double last = static_cast<double>(std::max<std::size_t>(trace->steps.size(), 2) - 1);
        axes.x.range = {0, last};
        Marker now;
        now.value = view.step;
        now.colour = {Colour::Role::muted, 0, 0.8f};
        now.dashed = false;
        if (view.step >= 0 && view.step <= last) axes.elements.push_back(now);
        figure.axes.push_back(std::move(axes));
        first = false;
    }
    figure.caption =
        "hybrid is centered translated by μ: the same weights, the same entropy. " + exact_over(memory_count(view));
    return figure;
}

} // namespace attnscope::retrieval
