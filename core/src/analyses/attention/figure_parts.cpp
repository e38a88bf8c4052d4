#include "analyses/attention/figure_parts.h"

#include "drawing/scale.h"

#include <cmath>

namespace attnscope::attention {
namespace {

/// Token labels that an axis of a page has room for.
constexpr std::int64_t most_labels = 64;
constexpr std::size_t label_length = 16;

/// Text with spaces and line breaks as signs, where nothing else is left of it.
std::string made_visible(std::string_view text) {
    std::string shown;
    const bool blank = text.find_first_not_of(' ') == std::string_view::npos;
    for (const char c : text) {
        if (c == '\n' || c == '\r')
            shown += "↵";
        else if (c == '\t')
            shown += "⇥";
        else if (c == ' ' && blank)
            shown += "␣";
        else
            shown += c;
    }
    return shown;
}

} // namespace

std::string gain_text(double gain, bool every_layer) {
    const std::string text =
        std::isinf(gain) ? "gain ∞ (top-1)" : "gain\u00a0" + format_number(gain) + (gain == 1 ? " (the model)" : "");
    return text + (every_layer && gain != 1 ? " in every layer" : "");
}

std::string head_text(const View& view) {
    return "layer\u00a0" + std::to_string(view.layer) + ", head\u00a0" + std::to_string(view.head);
}

Figure start_figure(const View& view, std::string_view panel, bool with_head) {
    Figure figure;
    figure.id = panel;
    figure.title = panel_title(panel);
    if (!view.model_name.empty()) say(figure, view.model_name);
    if (with_head) say(figure, head_text(view));
    return figure;
}

std::string token_label(const View& view, std::int64_t token) {
    if (token < 0 || token >= std::ssize(view.tokens)) return std::to_string(token);
    const std::string label = short_token(view.tokens[static_cast<std::size_t>(token)]);
    return label.empty() ? std::to_string(token) : label;
}

std::string short_token(std::string_view text) {
    if (const std::size_t first = text.find_first_not_of(' '); first != std::string_view::npos) {
        text.remove_prefix(first);
        text.remove_suffix(text.size() - 1 - text.find_last_not_of(' '));
    }
    return shorten(made_visible(text), label_length);
}

Axis token_axis(const View& view, const char* label, std::int64_t begin, std::int64_t end) {
    Axis axis;
    axis.label = label;
    axis.range = {static_cast<double>(begin) - 0.5, static_cast<double>(end) - 0.5};
    if (view.tokens.empty() || end - begin > most_labels || end > std::ssize(view.tokens)) return axis;
    axis.categories.resize(static_cast<std::size_t>(end));
    for (std::int64_t t = begin; t < end; ++t) axis.categories[static_cast<std::size_t>(t)] = token_label(view, t);
    return axis;
}

void add_outline(Axes& axes, double left, double right, double low, double high) {
    Line line;
    line.x = {left, right, right, left, left};
    line.y = {low, low, high, high, low};
    line.colour = {Colour::Role::light};
    line.width = 2.2f;
    axes.elements.push_back(line);
    line.colour = {Colour::Role::critical};
    line.width = 1.1f;
    axes.elements.push_back(std::move(line));
}

void add_cursor(Axes& axes, double x, double y) {
    if (!std::isfinite(x) || !std::isfinite(y)) return;
    Points point;
    point.x = {x};
    point.y = {y};
    point.colour = {Colour::Role::accent};
    point.size = 1.7f;
    axes.elements.push_back(std::move(point));
}

void add_note(Axes& axes, const std::string& text) {
    Annotation note;
    note.x = note.y = 0.5;
    note.axes_fraction = true;
    note.anchor = Annotation::Anchor::centre;
    note.text = text;
    note.colour = {Colour::Role::muted};
    axes.elements.push_back(std::move(note));
}

} // namespace attnscope::attention
