// The metric, the sequences, and the row that is looked at; the step of the training where there is one.
#include "chrome/transport_parts.h"

#include <algorithm>

namespace attnscope::ui {

void draw_jacobian_transport(ChromeContext& context) {
    const float em = ImGui::GetFontSize();
    const JacobianSlots& slots = context.services.jacobian();
    const JacobianOptions& options = context.state.view.jacobian;
    const jacobian::View view = slots.view();
    bar_label("metric", context.theme, true);
    if (begin_choice("##metric", choice_name(options.metric))) {
        for (const jacobian::Metric metric : jacobian::metrics) {
            if (ImGui::Selectable(choice_name(metric), metric == options.metric))
                context.emit("jacobian.metric", {{"metric", std::string(choice_name(metric))}});
            ImGui::SetItemTooltip("%s: %s", jacobian::metric_title(metric), jacobian::metric_label(metric));
        }
        ImGui::EndCombo();
    }
    ImGui::SetItemTooltip("What heads are mapped by: %s", jacobian::metric_label(options.metric));
    ImGui::SameLine(0, em * 0.8f);
    ImGui::BeginDisabled(slots.layers() == 0 || slots.sequences() == 0);
    whole_box(context, "layer", "jacobian.layer", view.layer, em * 2.3f, 0, double(slots.layers()) - 1,
              "Layer, counted from 0. Wheel, or L anywhere.", true);
    whole_box(context, "head", "jacobian.head", view.head, em * 2.3f, 0, double(slots.heads()) - 1,
              "Query head, counted from 0. Wheel, or H anywhere.", true);
    const double length = double(slots.length()), rows = length * double(slots.sequences());
    whole_box(context, "token", "jacobian.row", double(view.sequence) * length + double(view.row), em * 3.2f, 0,
              rows - 1, "The query row that is looked at, counted through the text. Wheel.", true);
    ImGui::EndDisabled();
    if (!slots.captures()) {
        whole_box(context, "tokens a sequence", "jacobian.length", options.length, em * 3.0f, 1, 8192,
                  "The text is cut into sequences of so many tokens; fewer where it has no more");
        whole_box(context, "sequences", "jacobian.blocks", options.blocks, em * 3.0f, 1, 100'000,
                  "Metrics are means over so many sequences, as far as the text has them");
    }
    const JacobianTraining& training = context.services.training();
    if (const int last = training.last_step(); last > 0) {
        const int step = training.view().step;
        frame_box(context, "step", "training.step", step < 0 ? last : std::min(step, last), last,
                  "The step of the training that is looked at, of how many there are");
    }
    playback_buttons(context);
}

} // namespace attnscope::ui
