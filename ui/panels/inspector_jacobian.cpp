// The numbers of the selected head's softmax gradient.
#include "panels/inspector_parts.h"
#include "state/source_loading.h"

#include <cmath>

namespace attnscope::ui {

namespace {

std::string number_or_dash(double value) { return std::isfinite(value) ? readable_number(value, 5) : "–"; }

}  // namespace

void jacobian_values(ChromeContext& context) {
    JacobianSlots& slots = context.services.jacobian();
    const jacobian::View view = slots.view();
    const auto asked = slots.result();
    const ThemeColours& theme = context.theme;
    if (!begin_values("state")) return;
    value_row(theme, "layer, head", std::to_string(view.layer) + ", " + std::to_string(view.head));
    value_row(theme, "sequence, row", std::to_string(view.sequence) + ", " + std::to_string(view.row));
    if (asked.result) {
        value_row(theme, "sequences", std::to_string(asked.result->sequences) + " of " + std::to_string(asked.result->length));
        if (std::isfinite(asked.result->loss))
            value_row(theme, "loss", number_or_dash(asked.result->loss), "Mean over all predictions, nats");
        if (const auto* const head = jacobian::selected_head(view, asked.result->heads))
            for (const jacobian::Metric metric : jacobian::metrics) {
                const bool chosen = metric == view.metric;
                value_row(theme, jacobian::metric_name(metric), number_or_dash(head->value(metric)),
                          jacobian::metric_label(metric), chosen ? &theme.accent : nullptr);
            }
    }
    ImGui::EndTable();
    if (slots.captures()) return;
    ImGui::Dummy({0, ImGui::GetFontSize() * 0.2f});
    if (ImGui::Button("Look at this head in Attention", {-FLT_MIN, 0}))
        context.emit("view.workspace", {{"workspace", std::string("attention")}});
}

void jacobian_warnings(ChromeContext& context) {
    JacobianSlots& slots = context.services.jacobian();
    const auto asked = slots.result();
    if (!asked.result) return;
    rule();
    warning_line("r_offdiag = 1 − r_diag is no share of energy: the cross term has a sign. The three energies add up to 1.",
                 context.theme);
    const auto* const head = jacobian::selected_head(slots.view(), asked.result->heads);
    if (head && head->floored > 0)
        warning_line("Gradients of this head are so small that its cosines are divided by 1e-8 rather than by the product of "
                     "norms: they say less than the angle would.",
                     context.theme);
    if (slots.sequences() < 4 && !slots.captures())
        warning_line("Few sequences: choose a longer text for means over more of them.", context.theme);
}

}  // namespace attnscope::ui
