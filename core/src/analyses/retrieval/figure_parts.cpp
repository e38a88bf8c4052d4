#include "analyses/retrieval/figure_parts.h"

#include "drawing/scale.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace attnscope::retrieval {
namespace {

std::string query_text(const View& view) {
    if (view.query_label.empty()) return "";
    // "memory 17" names a memory; anything else was typed, and is quoted.
    if (view.query_label.starts_with("memory ")) return view.query_label;
    return "“" + shorten(view.query_label, 60) + "”";
}

} // namespace

std::string memory_name(const Bank* bank, std::uint32_t index, std::size_t limit, bool with_text) {
    const std::string number = "memory " + std::to_string(index);
    if (!bank || index >= bank->texts.size()) return number;
    const std::string_view label = bank->texts.label(index), text = bank->texts.text(index);
    if (label.empty()) return text.empty() ? number : shorten(text, limit);
    if (!with_text || text.empty()) return shorten(label, limit);
    const std::string name = shorten(label, limit / 2);
    return shorten(name + " · " + std::string(text), limit);
}

Figure start_figure(const View& view, std::string_view panel, bool with_query) {
    Figure figure;
    figure.id = panel;
    figure.title = panel_title(panel);
    if (view.bank) {
        const std::string stem = std::filesystem::path(view.bank->name).stem().string();
        say(figure, stem.empty() ? view.bank->name : stem);
        say(figure, format_count(view.bank->n) + " × " + format_count(view.bank->d));
    }
    if (with_query && !query_text(view).empty()) say(figure, query_text(view));
    return figure;
}

std::string beta_text(double beta) {
    return "β\u00a0" + format_number(beta);
}

std::size_t memory_count(const View& view, const Spectrum* spectrum) {
    if (view.bank) return view.bank->n;
    return spectrum ? spectrum->n : 0;
}

std::string exact_over(std::size_t n) {
    return "Exact: every softmax runs over all " + (n > 0 ? format_count(n) + " " : std::string()) + "memories.";
}

const char* beta_critical_note() {
    return "β_c = 1/λ₁ is where the centroid loses stability (a spinodal), not where single memories become "
           "retrievable.";
}

Axis beta_figure_axis() {
    Axis axis;
    axis.label = "inverse temperature β";
    axis.scale = Scale::logarithmic;
    return axis;
}

void add_beta_markers(Axes& axes, const View& view, const Spectrum& spectrum, double low, double high) {
    const auto inside = [&](double beta) { return beta >= low && beta <= high; };
    if (spectrum.beta_critical && inside(*spectrum.beta_critical)) {
        Marker marker;
        marker.value = *spectrum.beta_critical;
        marker.label = "β_c " + format_number(*spectrum.beta_critical);
        axes.elements.push_back(marker);
    }
    if (inside(view.beta)) {
        Marker cursor;
        cursor.value = view.beta;
        cursor.label = beta_text(view.beta);
        cursor.colour = {Colour::Role::accent};
        cursor.dashed = false;
        axes.elements.push_back(cursor);
    }
}

void add_mode_ticks(Axes& axes, const Spectrum& spectrum, double low, double high, double y_low, double y_high) {
    constexpr std::size_t last_mode = 9;
    Line ticks;
    std::size_t last = 0;
    for (std::size_t k = 1; k < std::min(last_mode, spectrum.eigenvalues.size()); ++k) {
        if (!(spectrum.eigenvalues[k] > 0)) break;
        const double beta = 1 / spectrum.eigenvalues[k];
        if (beta < low || beta > high) continue;
        const double gap = std::numeric_limits<double>::quiet_NaN();
        ticks.x.insert(ticks.x.end(), {beta, beta, gap});
        ticks.y.insert(ticks.y.end(), {y_low, y_high, gap});
        last = k + 1;
    }
    if (ticks.x.empty()) return;
    ticks.name = last == 2 ? "1/λ₂" : "1/λₖ, k = 2 … " + std::to_string(last);
    ticks.colour = {Colour::Role::critical, 0, 0.8f};
    ticks.width = 0.8f;
    axes.elements.push_back(ticks);
}

std::size_t weights_step(int step, std::size_t steps) {
    if (steps < 2) return 0;
    return std::clamp<std::size_t>(static_cast<std::size_t>(std::max(step, 1)), 1, steps - 1);
}

std::vector<const Trace*> traces_of(const TraceResult& traces, Mode mode) {
    std::vector<const Trace*> chosen;
    if (traces.traces.empty()) return chosen;
    const int query = traces.traces.front().query;
    const bool present = std::any_of(traces.traces.begin(), traces.traces.end(),
                                     [&](const Trace& trace) { return trace.query == query && trace.mode == mode; });
    if (!present) mode = traces.traces.front().mode;
    for (const Trace& trace : traces.traces)
        if (trace.query == query && trace.mode == mode) chosen.push_back(&trace);
    return chosen;
}

const Trace* nearest_beta(const std::vector<const Trace*>& traces, double beta) {
    const auto distance = [&](const Trace* trace) { return std::abs(std::log(trace->beta / beta)); };
    const auto nearest = std::min_element(traces.begin(), traces.end(),
                                          [&](const Trace* a, const Trace* b) { return distance(a) < distance(b); });
    return nearest == traces.end() ? nullptr : *nearest;
}

} // namespace attnscope::retrieval
