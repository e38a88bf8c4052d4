// From a recipe's cursor to the figure of a panel.
#include <attnscope/jacobian_figures.h>
#include <attnscope/jacobian_recipe.h>

#include <algorithm>

namespace attnscope {

Figure jacobian_figure(const JacobianJob& job, const std::string& panel, const jacobian::Result& result,
                       const jacobian::LayerMaps* maps) {
    jacobian::View view;
    view.name = job.opened ? job.opened->name() : job.request.model ? job.request.model->files().name : std::string();
    view.metric = job.cursor.metric;
    view.layer = job.cursor.layer;
    view.head = job.cursor.head;
    view.sequence = job.cursor.sequence;
    view.row = job.cursor.row;
    if (panel == "jacobian.bars") return jacobian::bars_figure(view, result);
    if (panel == "jacobian.energy") return jacobian::energy_figure(view, result);
    if (panel == "jacobian.row") return jacobian::row_figure(view, maps);
    if (panel == "jacobian.maps") return jacobian::maps_figure(view, maps);
    return jacobian::map_figure(view, result);
}

} // namespace attnscope
