#include "figure/retrieval_figure_parts.h"

#include "figure/scale.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace attnscope::retrieval {
namespace {

bool starts_character(char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
}

std::string query_text(const View& view) {
    if (view.query_label.empty())
        return "";
    // "memory 17" names a memory; anything else was typed, and is quoted.
    if (view.query_label.starts_with("memory "))
        return view.query_label;
    return "“" + shorten(view.query_label, 60) + "”";
}

} // namespace

std::string shorten(std::string_view text, std::size_t limit) {
    std::size_t characters = 0, cut = text.size(), word = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!starts_character(text[i]))
            continue;
        if (characters + 1 == limit)
            cut = i;
        if (text[i] == ' ' && characters < limit)
            word = i;
        if (++characters > limit) {
            std::size_t end = word > cut / 2 ? word : cut;
            while (end > 0 && (text[end - 1] == ' ' || text[end - 1] == ',' || text[end - 1] == ';'))
                --end;
            return std::string(text.substr(0, end)) + "…";
        }
    }
    return std::string(text);
}

std::string memory_name(const Bank* bank, std::uint32_t index, std::size_t limit, bool with_text) {
    const std::string number = "memory " + std::to_string(index);
    if (!bank || index >= bank->texts.size())
        return number;
    const std::string_view label = bank->texts.label(index), text = bank->texts.text(index);
    if (label.empty())
        return text.empty() ? number : shorten(text, limit);
    if (!with_text || text.empty())
        return shorten(label, limit);
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
    if (with_query && !query_text(view).empty())
        say(figure, query_text(view));
    return figure;
}

void say(Figure& figure, const std::string& part) {
    if (!figure.subtitle.empty())
        figure.subtitle += "\u00a0· "; // the dot stays with what it follows
    figure.subtitle += part;
}

std::string beta_text(double beta) {
    return "β\u00a0" + format_number(beta);
}

std::size_t memory_count(const View& view, const Spectrum* spectrum) {
    if (view.bank)
        return view.bank->n;
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
        if (!(spectrum.eigenvalues[k] > 0))
            break;
        const double beta = 1 / spectrum.eigenvalues[k];
        if (beta < low || beta > high)
            continue;
        const double gap = std::numeric_limits<double>::quiet_NaN();
        ticks.x.insert(ticks.x.end(), {beta, beta, gap});
        ticks.y.insert(ticks.y.end(), {y_low, y_high, gap});
        last = k + 1;
    }
    if (ticks.x.empty())
        return;
    ticks.name = last == 2 ? "1/λ₂" : "1/λ_k, k = 2 … " + std::to_string(last);
    ticks.colour = {Colour::Role::critical, 0, 0.8f};
    ticks.width = 0.8f;
    axes.elements.push_back(ticks);
}

double value_at(const std::vector<double>& xs, const std::vector<double>& ys, double x) {
    for (std::size_t i = 0; i + 1 < xs.size() && i + 1 < ys.size(); ++i) {
        if (x < xs[i] || x > xs[i + 1])
            continue;
        const double span = std::log(xs[i + 1] / xs[i]);
        return span > 0 ? std::lerp(ys[i], ys[i + 1], std::log(x / xs[i]) / span) : ys[i];
    }
    return std::numeric_limits<double>::quiet_NaN();
}

std::size_t weights_step(int step, std::size_t steps) {
    if (steps < 2)
        return 0;
    return std::clamp<std::size_t>(static_cast<std::size_t>(std::max(step, 1)), 1, steps - 1);
}

std::vector<const Trace*> traces_of(const TraceResult& traces, Mode mode) {
    std::vector<const Trace*> chosen;
    if (traces.traces.empty())
        return chosen;
    const int query = traces.traces.front().query;
    const bool present = std::any_of(traces.traces.begin(), traces.traces.end(),
                                     [&](const Trace& trace) { return trace.query == query && trace.mode == mode; });
    if (!present)
        mode = traces.traces.front().mode;
    for (const Trace& trace : traces.traces)
        if (trace.query == query && trace.mode == mode)
            chosen.push_back(&trace);
    return chosen;
}

const Trace* nearest_beta(const std::vector<const Trace*>& traces, double beta) {
    const auto distance = [&](const Trace* trace) { return std::abs(std::log(trace->beta / beta)); };
    const auto nearest = std::min_element(traces.begin(), traces.end(),
                                          [&](const Trace* a, const Trace* b) { return distance(a) < distance(b); });
    return nearest == traces.end() ? nullptr : *nearest;
}

} // namespace attnscope::retrieval
