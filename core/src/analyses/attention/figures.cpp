// Which panels there are, the map of heads, and what each panel needs computed.
#include "analyses/attention/figure_parts.h"
#include "base/text_list.h"
#include "drawing/scale.h"

#include <algorithm>
#include <cmath>

namespace attnscope::attention {
namespace {

constexpr std::array<PanelName, 5> panels{{{"attention.heads", "Heads"},
                                           {"attention.map", "Map"},
                                           {"attention.text", "Text"},
                                           {"attention.rows", "Row entropy"},
                                           {"attention.gain", "Entropy against gain"}}};

struct ColourName {
    HeadColour colour;
    const char *name, *title, *label;
};
constexpr std::array<ColourName, 6> colours{
    {{HeadColour::entropy, "entropy", "Mean row entropy", "mean row entropy (nats)"},
     {HeadColour::max_weight, "max_weight", "Mean largest weight", "mean largest weight of a row"},
     {HeadColour::sink, "sink", "Weight on the first token", "mean weight on token 0"},
     {HeadColour::previous, "previous", "Weight on the token before", "mean weight on the token before"},
     {HeadColour::duplicate, "duplicate", "Weight on earlier equal tokens", "mean weight on equal tokens before"},
     {HeadColour::induction, "induction", "Induction score", "mean weight after an equal token"}}};

const ColourName& named(HeadColour colour) {
    for (const ColourName& entry : colours)
        if (entry.colour == colour) return entry;
    return colours.front();
}

const HeadStatistic& statistic(const Result& result, HeadColour colour) {
    switch (colour) {
    case HeadColour::max_weight: return result.max_weight;
    case HeadColour::sink: return result.sink;
    case HeadColour::previous: return result.previous;
    case HeadColour::duplicate: return result.duplicate;
    case HeadColour::induction: return result.induction;
    case HeadColour::entropy: break;
    }
    return result.entropy;
}

/// " and over 5 texts", or " and over the 3 of 5 texts that have a row with this score"; nothing for one text.
std::string over_texts_note(const Result& result, const HeadStatistic& values) {
    if (values.half_width.empty()) return "";
    const std::string all = format_count(static_cast<std::size_t>(result.texts)) + " texts";
    if (values.texts == result.texts) return " and over " + all;
    return " and over the " + format_count(static_cast<std::size_t>(values.texts)) + " of " + all +
           " that have a row with this score";
}

std::vector<std::string> numbers(int end) {
    std::vector<std::string> list;
    for (int i = 0; i < end; ++i) list.push_back(std::to_string(i));
    return list;
}

std::string known_panels() {
    std::string names;
    for (const PanelName& panel : panels) add_to_list(names, panel.id);
    return names;
}

} // namespace

const char* head_colour_title(HeadColour colour) noexcept {
    return named(colour).title;
}

const std::vector<std::string>& panel_ids() {
    static const std::vector<std::string> ids = ids_of(panels);
    return ids;
}

const char* panel_title(std::string_view panel_id) {
    return title_of(panels, panel_id);
}

Figure heads_figure(const View& view, const Result& result) {
    Figure figure = start_figure(view, "attention.heads", false);
    const ColourName& colour = named(view.colour);
    const bool random = view.colour == HeadColour::induction && result.induction_on_random;
    say(figure, gain_text(result.gain, true));
    say(figure, random ? "random tokens, repeated" : format_count(static_cast<std::size_t>(result.tokens)) + " tokens");
    const HeadStatistic& values = statistic(result, view.colour);
    const int end_layer = result.first_layer + result.layers;
    if (!values.half_width.empty())
        say(figure, values.texts == result.texts ? format_count(static_cast<std::size_t>(result.texts)) + " texts"
                                                 : format_count(static_cast<std::size_t>(values.texts)) + " of " +
                                                       format_count(static_cast<std::size_t>(result.texts)) + " texts");

    Axes axes;
    axes.x.label = "head";
    axes.x.categories = numbers(result.heads);
    axes.x.range = {-0.5, result.heads - 0.5};
    axes.y.label = "layer";
    axes.y.categories = numbers(end_layer);
    axes.y.range = {result.first_layer - 0.5, end_layer - 0.5};
    axes.y.reversed = true;
    if (values.mean.empty() || result.layers < 1 || result.heads < 1) {
        add_note(axes, "this score was not computed");
    } else {
        HeatMap map;
        map.width = result.heads;
        map.height = result.layers;
        map.values.assign(values.mean.begin(), values.mean.end());
        map.x_min = -0.5;
        map.x_max = result.heads - 0.5;
        map.y_min = result.first_layer - 0.5;
        map.y_max = end_layer - 0.5;
        map.label = colour.label;
        double largest = 0;
        for (const double value : values.mean)
            if (std::isfinite(value)) largest = std::max(largest, value);
        map.range = {0.0, largest > 0 ? largest : 1};
        axes.elements.push_back(std::move(map));
        if (view.layer >= result.first_layer && view.layer < end_layer && view.head >= 0 && view.head < result.heads)
            add_outline(axes, view.head - 0.5, view.head + 0.5, view.layer - 0.5, view.layer + 0.5);
    }
    figure.axes.push_back(std::move(axes));
    figure.caption = std::string(colour.title) + " of every head, a mean over rows" + over_texts_note(result, values) +
                     ". Entropies of rows have different ceilings, ln of the number of keys a row sees. Outlined: " +
                     head_text(view) + ".";
    return figure;
}

namespace {

Figure compute_heads(const FigureRequest& asked, const View& view, JobContext& context) {
    Request request;
    request.model = asked.model;
    request.texts = asked.texts;
    request.gain = view.gain;
    request.precision = asked.precision;
    request.scores = view.colour != HeadColour::entropy && view.colour != HeadColour::max_weight;
    request.induction_on_random = view.colour == HeadColour::induction;
    return heads_figure(view, compute(request, context));
}

Figure compute_map_figure(const FigureRequest& asked, const View& view, const CapturePtr& capture,
                          JobContext& context) {
    MapRequest request;
    request.capture = capture;
    request.head = view.head;
    request.gain = view.gain;
    request.without_sink = view.without_sink;
    request.renormalize = view.without_sink && view.renormalize;
    request.max_rows = request.max_columns = int{whole_map_tokens};
    const Map whole = compute_map(request, context);
    const auto zoom = std::find_if(asked.zoom.begin(), asked.zoom.end(), [](const Zoom& z) { return z.axes == 0; });
    if (zoom == asked.zoom.end()) return map_figure(view, whole);
    const auto tile = tile_in_sight(*zoom, capture->tokens);
    if (!tile) return map_figure(view, whole, nullptr, false, names_fit(*zoom));
    request = detail_request(request, *tile);
    const Map detail = compute_map(request, context);
    return map_figure(view, whole, &detail, true, names_fit(*zoom));
}

} // namespace

MapRequest detail_request(MapRequest whole, const MapRegion& tile) {
    whole.row_begin = tile.row_begin;
    whole.row_end = tile.row_end;
    whole.column_begin = tile.column_begin;
    whole.column_end = tile.column_end;
    whole.max_rows = whole.max_columns = 2 * int{whole_map_tokens};
    return whole;
}

Figure compute_figure(const FigureRequest& request, const View& asked, JobContext& context) {
    const std::string id = request.panel.starts_with("attention.") ? request.panel : "attention." + request.panel;
    if (std::find(panel_ids().begin(), panel_ids().end(), id) == panel_ids().end())
        throw Error(ErrorKind::usage, "panel", known_panels(), request.panel);
    const bool heads = id == "attention.heads";
    if (request.texts.empty() || (!heads && request.texts.size() != 1))
        throw Error(ErrorKind::usage, panel_title(id), "one text", std::to_string(request.texts.size()));
    View view = asked;
    if (view.model_name.empty()) view.model_name = request.model->files().name;
    if (view.tokens.empty()) view.tokens = token_labels(*request.model, request.texts.front());
    Figure figure;
    if (heads) {
        figure = compute_heads(request, view, context);
    } else {
        CaptureRequest wanted;
        wanted.model = request.model;
        wanted.text = request.texts.front();
        wanted.layer = view.layer;
        wanted.precision = request.precision;
        // The curves over gains are of the head as the model has it.
        if (view.every_layer && id != "attention.gain") wanted.gain = view.gain;
        const auto capture = std::make_shared<const Capture>(compute_capture(wanted, context));
        if (id == "attention.map")
            figure = compute_map_figure(request, view, capture, context);
        else if (id == "attention.text")
            figure = text_figure(view, compute_row({capture, view.head, view.token, view.gain}, context));
        else if (id == "attention.rows")
            figure = rows_figure(view, compute_rows({capture, view.head, view.gain}, context));
        else
            figure = gain_figure(view, compute_gain_curves({capture, gain_axis(), view.token}, context));
    }
    return figure;
}

} // namespace attnscope::attention
