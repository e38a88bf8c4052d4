// Inspector: the numbers of the state and under the cursor, what the panel in sight means, and what to beware of.
#include "chrome/inspector_parts.h"
#include "shell/analysis_view.h"
#include "shell/workspaces.h"

#include <algorithm>
#include <cmath>

namespace attnscope::ui {

void paragraph(const std::string& text, const ImVec4& colour, ImFont* font, float scale) {
    ImGui::PushTextWrapPos(0);
    styled_text(text, colour, font, scale);
    ImGui::PopTextWrapPos();
}

void rule() {
    ImGui::Dummy({0, ImGui::GetFontSize() * 0.2f});
    ImGui::Separator();
    ImGui::Dummy({0, ImGui::GetFontSize() * 0.2f});
}

bool begin_values(const char* id) {
    if (!ImGui::BeginTable(id, 2, ImGuiTableFlags_SizingFixedFit | ImGuiTableFlags_NoSavedSettings)) return false;
    ImGui::TableSetupColumn("name", ImGuiTableColumnFlags_WidthStretch);
    ImGui::TableSetupColumn("value");
    return true;
}

std::string number_or_dash(double value, int digits) {
    return std::isfinite(value) ? readable_number(value, digits) : "–";
}

void value_row(const ThemeColours& theme, const char* name, const std::string& value, const char* tooltip,
               const ImVec4* colour) {
    ImGui::TableNextRow();
    ImGui::TableNextColumn();
    styled_text(name, theme.muted_text, theme.fonts.mono, 0.92f);
    if (tooltip) ImGui::SetItemTooltip("%s", tooltip);
    ImGui::TableNextColumn();
    ImGui::PushFont(theme.fonts.mono, ImGui::GetStyle().FontSizeBase * 0.92f);
    const float space = ImGui::GetContentRegionAvail().x - ImGui::CalcTextSize(value.c_str()).x;
    if (space > 0) ImGui::SetCursorPosX(ImGui::GetCursorPosX() + space);
    ImGui::TextColored(colour ? *colour : theme.text, "%s", value.c_str());
    ImGui::PopFont();
}

void warning_line(const std::string& text, const ThemeColours& theme) {
    paragraph("⚠ " + text, theme.muted_text, nullptr, 0.92f);
}

namespace {

void under_cursor(ChromeContext& context) {
    const Readout& readout = context.services.readout().shown(ImGui::GetFrameCount());
    if (readout.empty()) return;
    rule();
    styled_text(readout.panel, context.theme.muted_text, nullptr, 0.86f);
    if (begin_values("cursor")) {
        for (const auto& [name, value] : readout.values) value_row(context.theme, name.c_str(), value);
        ImGui::EndTable();
    }
}

/// The panel that is explained: the one asked for, else the outlined one if it is in sight, else the first in sight.
const Panel* explained_panel(const ChromeContext& context) {
    const auto& visible = context.visible_panels;
    const auto in_sight = [&](const std::string& id) { return std::ranges::find(visible, id) != visible.end(); };
    std::string wanted = context.state.help_panel;
    if (wanted.empty() && in_sight(context.state.view.outlined_panel)) wanted = context.state.view.outlined_panel;
    if (wanted.empty() && !visible.empty()) wanted = visible.front();
    const auto panel = std::ranges::find_if(context.panels, [&](const auto& p) { return p->id() == wanted; });
    return panel == context.panels.end() ? nullptr : panel->get();
}

void explanation(ChromeContext& context) {
    const Panel* const panel = explained_panel(context);
    if (!panel) return;
    const PanelHelp help = panel->help();
    const ThemeColours& theme = context.theme;
    rule();
    paragraph(panel->title(), theme.text, theme.fonts.bold);
    paragraph(help.definition, theme.muted_text);
    if (!help.formula.empty()) {
        ImGui::Dummy({0, ImGui::GetFontSize() * 0.1f});
        paragraph(help.formula, theme.text, theme.fonts.text);
    }
    if (!help.source.empty()) paragraph(help.source, theme.muted_text, nullptr, 0.82f);
}

} // namespace

void draw_inspector(ChromeContext& context) {
    const Workspace workspace = context.state.view.workspace;
    const AnalysisView& view = view_of(workspace);
    if (ImGui::Begin(inspector_window(workspace), nullptr, ImGuiWindowFlags_NoCollapse)) {
        const bool ready = view.is_ready(context);
        if (ready) {
            view.values(context);
            under_cursor(context);
            if (view.details) view.details(context);
        } else {
            paragraph(view.awaited, context.theme.muted_text);
        }
        explanation(context);
        if (ready) view.warnings(context);
    }
    ImGui::End();
}

} // namespace attnscope::ui
