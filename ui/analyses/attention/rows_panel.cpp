#include "ui/analyses/attention/rows_panel.h"

#include <algorithm>
#include <cmath>

namespace attnscope::ui {

PanelHelp AttentionRowsPanel::help() const {
    return {
        "The entropy of each row of the head, against its query's place in the text. Dashed: the ceiling, ln of the "
        "number of keys the query sees, which grows along the text. A row near its ceiling looks at everything "
        "alike; one near 0 at a single key. Press or drag to move the query.",
        "H_t = −Σⱼ α_tj ln α_tj ≤ ln(t + 1)", "Shannon 1948; Zhai et al. 2023, arXiv:2303.06296"};
}

Figure AttentionRowsPanel::drawn(const Answered<attention::Rows>& rows) {
    return attention::rows_figure(rows.view, *rows.result);
}

FigureViewOptions AttentionRowsPanel::view_options(PanelContext& context) {
    FigureViewOptions options = AttentionPanel::view_options(context);
    options.cursor_axes = 0;
    return options;
}

void AttentionRowsPanel::respond(const FigureInteraction& interaction, PanelContext& context) {
    if (!interaction.dragged_x || !now().result || now().result->entropy.empty()) return;
    const auto last = std::ssize(now().result->entropy) - 1;
    const auto token = std::clamp<std::int64_t>(std::llround(*interaction.dragged_x), 0, last);
    if (token != context.services.attention().token()) context.emit("selection.token", {{"value", token}});
}

} // namespace attnscope::ui
