// How matrices are measured, which one is looked at, and the epoch of the experiment.
#include "chrome/transport_parts.h"

#include <algorithm>

namespace attnscope::ui {

namespace {

void band_boxes(ChromeContext& context) {
    const cv::Parameters& parameters = context.state.view.cv.parameters;
    const float em = ImGui::GetFontSize();
    const auto set = [&](double low, double high) {
        if (low >= 0 && low < high) context.emit("cv.band", {{"low", low}, {"high", high}});
    };
    bar_label("band", context.theme);
    if (const auto low = number_box("##low", parameters.band.low, "%.2f", em * 2.7f, context.theme))
        set(*low, parameters.band.high);
    ImGui::SetItemTooltip("Lower end of the band that matrices are compared with");
    ImGui::SameLine(0, em * 0.25f);
    if (const auto high = number_box("##high", parameters.band.high, "%.2f", em * 2.7f, context.theme))
        set(parameters.band.low, *high);
    ImGui::SetItemTooltip("Upper end of the band");
    ImGui::SameLine(0, em * 0.8f);
}

void kind_choice(ChromeContext& context) {
    const cv::Kind chosen = context.state.view.cv.kind;
    bar_label("matrix", context.theme, true);
    if (begin_choice("##kind", cv_kind_name(chosen))) {
        for (const cv::Kind kind : cv::all_kinds)
            if (ImGui::Selectable(cv_kind_name(kind), kind == chosen))
                context.emit("cv.kind", {{"kind", std::string(cv_kind_name(kind))}});
            else
                ImGui::SetItemTooltip("%s", cv::kind_title(kind));
        ImGui::EndCombo();
    }
    ImGui::SetItemTooltip("The kind of matrix that is selected and mapped: %s", cv::kind_title(chosen));
    ImGui::SameLine(0, ImGui::GetFontSize() * 0.8f);
}

} // namespace

void draw_cv_transport(ChromeContext& context) {
    const float em = ImGui::GetFontSize();
    const CvSlots& slots = context.services.cv();
    const cv::View view = slots.view();
    const cv::Parameters& parameters = view.parameters;
    const ModelPtr model = slots.model();
    ImGui::BeginDisabled(!model);
    kind_choice(context);
    whole_box(context, "layer", "selection.layer", view.layer, em * 2.3f, 0,
              model ? double(model->config().layers) - 1 : 0, "Layer, counted from 0. Wheel, or L anywhere.", true);
    whole_box(context, "head", "selection.head", view.head, em * 2.3f, 0, model ? double(model->config().heads) - 1 : 0,
              "Query head, counted from 0. Wheel, or H anywhere.", true);
    ImGui::EndDisabled();
    const double samples = double(parameters.samples), pool = double(parameters.pool);
    whole_box(context, "simplices", "cv.samples", samples, em * 4.2f, 10, 1e8,
              "Simplices drawn for every matrix: the relative error of a CV is about 1/√(2 · this)");
    whole_box(context, "pool", "cv.pool", pool, em * 3.4f, 0, 1e9,
              "Simplices are drawn from the first so many rows of a matrix; 0 = all of them");
    whole_box(context, "points", "cv.points", parameters.points, em * 2.0f, cv::least_points, cv::most_points,
              "Rows that span a simplex: 5 for the 4-simplex of the literature, 3 to 8", true);
    band_boxes(context);
    const int last = slots.last_epoch();
    frame_box(context, "epoch", "cv.epoch", view.epoch < 0 ? last : std::min(view.epoch, last), last,
              "The epoch of the experiment that is looked at, of how many there are");
    playback_buttons(context);
}

} // namespace attnscope::ui
