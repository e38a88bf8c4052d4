// From a recipe's cursor to the figure of a panel.
#include <attnscope/alignment_figures.h>
#include <attnscope/alignment_recipe.h>

#include <algorithm>

namespace attnscope {

Figure alignment_figure(const AlignmentJob& job, const std::string& panel, const AlignmentResult& result) {
    using namespace alignment;
    const Operators& operators = *result.operators;
    View view;
    view.anchor = job.anchor;
    view.head = std::min(job.head, operators.heads - 1);
    view.layer = std::min(job.layer, operators.layers - 1);
    view.quantity = job.quantity;
    // What else was computed must not change a figure.
    const bool with_matching = result.matching && (job.match || panel == "alignment.matched");
    const Shown shown{operators, result.comparison, result.chance, with_matching ? &*result.matching : nullptr,
                      result.signs ? &*result.signs : nullptr};
    if (panel == "alignment.profile") return profile_figure(view, shown);
    if (panel == "alignment.signs") return signs_figure(view, shown);
    if (panel == "alignment.angles") return angles_figure(view, shown);
    if (panel == "alignment.heads") return heads_figure(view, shown);
    if (panel == "alignment.spectra") return spectra_figure(view, shown);
    if (panel == "alignment.matched") return matched_figure(view, shown);
    if (panel == "alignment.verdict") return verdict_figure(view, shown);
    return map_figure(view, shown);
}

} // namespace attnscope
