#include "drawing/figure_params.h"

#include "base/params_reader.h"

namespace attnscope {

namespace {

Zoom read_zoom(const Json& object) {
    const ParamsReader part(object);
    Zoom zoom;
    part.number("axes", zoom.axes);
    const auto range = [&](const char* name, std::array<double, 2>& ends) {
        std::vector<double> values;
        part.numbers(name, values);
        if (values.size() != 2 || !(values[0] < values[1]))
            ParamsReader::fail("two numbers, the lower one first", std::to_string(values.size()) + " numbers", name);
        ends = {values[0], values[1]};
    };
    range("x", zoom.x);
    range("y", zoom.y);
    return zoom;
}

} // namespace

Json figure_params(const FigureSpec& figure) {
    Json params = {
        {"panel", figure.panel}, {"style", figure.style}, {"width_mm", figure.width_mm}, {"dpi", figure.dpi}};
    for (const Zoom& zoom : figure.zoom) params["zoom"].push_back({{"axes", zoom.axes}, {"x", zoom.x}, {"y", zoom.y}});
    return params;
}

FigureSpec read_figure_params(const Json& params) {
    FigureSpec figure;
    const ParamsReader fields(params);
    fields.text("panel", figure.panel);
    fields.text("style", figure.style);
    fields.number("width_mm", figure.width_mm);
    fields.number("dpi", figure.dpi);
    std::vector<Json> zooms;
    fields.each("zoom", &Json::is_object, "a list of the parts in sight", zooms);
    for (const Json& object : zooms) figure.zoom.push_back(read_zoom(object));
    return figure;
}

} // namespace attnscope
