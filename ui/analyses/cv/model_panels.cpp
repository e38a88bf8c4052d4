#include "ui/analyses/cv/model_panels.h"

#include <algorithm>

namespace attnscope::ui {

namespace {

constexpr const char* cv_formula =
    "V² = det(G)/(4!)²,  CV = std(V)/mean(V);  null: CV² = ∏ⱼ E[χ²_{D−j}]/E[χ_{D−j}]² − 1, j = 0 … 3";
constexpr const char* cv_source = "Menger 1928; Blumenthal 1953; Gaussian null: Miles 1971. Bootstrap: Efron 1979";

} // namespace

PanelHelp CvBandPanel::help() const {
    return {
        "Every matrix of the model as a point: how unevenly the simplices of five of its rows are filled. Weights are "
        "the rows of W_Q, W_K and W_V of each head, in the hidden space; activations are the tokens of the text, in "
        "head_dim. Bars are bootstrap 95 % intervals, conditional on the matrix. Dashed: what independent Gaussian "
        "rows of as many dimensions would have. Above it, rows are spread in fewer directions than they have; few rows "
        "bias the CV low, so judge by the corrected value in the Inspector. Click a point to look at it.",
        cv_formula, cv_source};
}

PanelHelp CvMapPanel::help() const {
    return {
        "The CV of one kind of matrix for every layer and head: choose the kind in the bar above. Keys and values are "
        "shown for key-value heads, of which grouped models have fewer. Click a cell to select its head here and in "
        "the Attention workspace.",
        cv_formula, cv_source};
}

Figure CvMapPanel::build(const cv::View& view) {
    shown_kind_ = view.kind;
    return cv::map_figure(view, *matrices_);
}

Figure CvMapPanel::build_pinned(const cv::View& pinned) {
    cv::View view = pinned;
    view.kind = shown_kind_;
    return cv::map_figure(view, *pinned_);
}

void CvMapPanel::respond(const FigureInteraction& interaction, PanelContext& context) {
    const auto& hit = interaction.hovered;
    if (!interaction.clicked || !hit || !hit->cell || hit->axes != 0 || !matrices_) return;
    const cv::View view = context.services.cv().view();
    const cv::Kind kind = cv::has_layers(view.kind) ? view.kind : cv::Kind::query;
    for (const cv::Matrix& matrix : *matrices_)
        if (matrix.kind == kind && matrix.layer == (*hit->cell)[1] && std::max(matrix.head, 0) == (*hit->cell)[0])
            return emit_selection(context, *matrices_, matrix);
}

PanelHelp CvVolumesPanel::help() const {
    return {
        "The volumes of the simplices of the selected matrix, in units of their mean: the width of this histogram is "
        "the CV. A tail to the right is a few rows far from the others; a peak near 0 rows that nearly share a plane. "
        "Simplices without volume are counted above and left out.",
        cv_formula, cv_source};
}

PanelHelp CvDimensionPanel::help() const {
    return {
        "The CV of every matrix against the number of dimensions its rows live in, with the null curve and the band. "
        "The dimension at which the null has the measured CV is the effective dimension.",
        cv_formula, cv_source};
}

} // namespace attnscope::ui
