// The states of a trace as small pictures.
#include "analyses/retrieval/figure_parts.h"
#include "drawing/scale.h"

#include <algorithm>
#include <cmath>

namespace attnscope::retrieval {
namespace {

HeatMap picture_of(const std::vector<float>& values, const Bank& bank, double ink) {
    HeatMap map;
    map.width = bank.picture_width;
    map.height = bank.picture_height;
    map.map = ColourMap::cividis;
    map.range = {-ink, ink};
    map.colour_bar = false;
    map.x_max = map.width;
    map.y_max = map.height;
    // The first row of a picture is its top, the first row of a heat map lies at y_min.
    for (int row = map.height - 1; row >= 0; --row)
        map.values.insert(map.values.end(), values.begin() + static_cast<std::ptrdiff_t>(row) * map.width,
                          values.begin() + static_cast<std::ptrdiff_t>(row + 1) * map.width);
    return map;
}

} // namespace

Figure letters_figure(const View& view, const Spectrum& spectrum, const Trace& trace) {
    const Bank& bank = *view.bank;
    if (!bank.has_pictures())
        throw Error(ErrorKind::input, bank.name, "memories that are pictures, as the letters are",
                    std::to_string(bank.d) + " plain numbers each");
    View drawn = view;
    drawn.mode = trace.mode;
    drawn.beta = trace.beta;
    Figure figure = start_figure(drawn, "retrieval.letters");
    say(figure, choice_name(trace.mode));
    say(figure, beta_text(trace.beta));
    figure.caption = "The query and the state after each step as pictures; below each the memory of largest weight.";
    figure.columns = std::clamp(static_cast<int>(trace.states.size()), 1, 9);
    float ink = 0;
    for (const float value : bank.keys) ink = std::max(ink, std::abs(value));
    for (std::size_t t = 0; t < trace.states.size(); ++t) {
        HeatMap map = picture_of(raw_state(trace.states[t], spectrum, trace.mode), bank, ink);
        Axes axes;
        axes.title = "t = " + std::to_string(t);
        axes.x.range = {0, static_cast<double>(map.width)};
        axes.y.range = {0, static_cast<double>(map.height)};
        axes.equal_aspect = true;
        if (t < trace.steps.size() && !trace.steps[t].top.empty()) {
            const Ranked& top = trace.steps[t].top.front();
            axes.x.label = memory_name(&bank, top.index, 24) + " " + format_number(top.weight);
        }
        axes.x.categories = axes.y.categories = {""};
        axes.elements.push_back(std::move(map));
        figure.axes.push_back(std::move(axes));
    }
    return figure;
}

} // namespace attnscope::retrieval
