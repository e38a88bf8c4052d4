// From a recipe's cursor to the figure of a panel.
#include <attnscope/residual_figures.h>
#include <attnscope/residual_recipe.h>

#include <algorithm>

namespace attnscope {

Figure residual_figure(const ResidualJob& job, const std::string& panel, const residual::Result& result,
                       const residual::Spectra* spectra) {
    const LanguageModel& model = *job.request.model;
    residual::View view;
    view.model_name = model.files().name;
    view.parameters = job.request.parameters;
    view.tokens = token_texts(model, result.ids);
    view.layer = job.cursor.layer < 0 ? result.plan.layers.back() : job.cursor.layer;
    view.head = job.cursor.head;
    view.block = std::clamp<std::int64_t>(job.cursor.block, 0, result.plan.blocks - 1);
    view.rank = job.cursor.rank;
    if (view.rank < 0) view.rank = residual::verdict(result).rank;
    if (const residual::CurvePoint* const point = residual::selected_point(view, result)) view.rank = point->rank;
    const std::vector<residual::HeadSpectrum>& found = spectra ? spectra->heads_found : result.spectrum;
    if (panel == "residual.map")
        return residual::map_figure(view, static_cast<int>(result.layers), result.heads, found, &result.plan);
    if (panel == "residual.variance") return residual::variance_figure(view, found);
    if (panel == "residual.spectrum") return residual::spectrum_figure(view, found);
    if (panel == "residual.text") return residual::text_figure(view, result);
    return residual::curve_figure(view, result);
}

} // namespace attnscope
