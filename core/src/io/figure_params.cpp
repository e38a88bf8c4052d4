#include "io/figure_params.h"

#include "io/params_reader.h"

namespace attnscope {

Json figure_params(const FigureSpec& figure) {
    return {
        {"panel", figure.panel}, {"style", figure.style}, {"width_mm", figure.width_mm}, {"dpi", figure.dpi}};
}

FigureSpec read_figure_params(const Json& params) {
    FigureSpec figure;
    const ParamsReader fields(params);
    fields.text("panel", figure.panel);
    fields.text("style", figure.style);
    fields.number("width_mm", figure.width_mm);
    fields.number("dpi", figure.dpi);
    return figure;
}

} // namespace attnscope
