// Keys and commands: the registry as a table, where a shortcut can be changed, and how to begin.
#include "chrome/chrome.h"
#include "state/shortcuts.h"
#include "widgets/controls.h"

#include <misc/cpp/imgui_stdlib.h>

#include <algorithm>
#include <array>

namespace attnscope::ui {

namespace {

struct Gesture {
    const char *what, *does;
};
constexpr std::array gestures{
    Gesture{"drag the β slider", "move every picture; the dashed line is β_c"},
    Gesture{"wheel over a slider", "fine steps, with Shift finer"},
    Gesture{"click a memory", "inspect it; its text and place show everywhere"},
    Gesture{"click a head, a row, a word", "look into it: all panels follow"},
    Gesture{"drag, wheel in a plot", "pan and zoom; double click or F fits"},
    Gesture{"right click in a panel", "copy, save, compare, explain"},
    Gesture{"drop a file", "open it: a bank, a model, an encoder's folder, texts, a session, a figure"},
};

void shortcut_cell(ChromeContext& context, const CommandSpec& spec) {
    const std::string keys = shortcut_of(spec, context.state.preferences);
    ImGui::PushID(spec.id.c_str());
    ImGui::PushFont(context.theme.fonts.mono, ImGui::GetStyle().FontSizeBase * 0.92f);
    if (ImGui::Selectable(keys.empty() ? " " : keys.c_str())) ImGui::OpenPopup("rebind");
    ImGui::PopFont();
    ImGui::SetItemTooltip("Click to change");
    if (ImGui::BeginPopup("rebind")) {
        styled_text(spec.title, context.theme.muted_text);
        static constexpr std::size_t longest = 32;
        char typed[longest] = "";
        std::copy_n(keys.begin(), std::min(keys.size(), longest - 1), typed);
        if (ImGui::IsWindowAppearing()) ImGui::SetKeyboardFocusHere();
        ImGui::SetNextItemWidth(ImGui::GetFontSize() * 10);
        if (ImGui::InputTextWithHint("##keys", "such as Ctrl+Shift+K", typed, longest,
                                     ImGuiInputTextFlags_EnterReturnsTrue)) {
            context.emit("help.rebind", {{"command", spec.id}, {"keys", std::string(typed)}});
            ImGui::CloseCurrentPopup();
        }
        ImGui::SameLine();
        if (ImGui::Button("As it came")) {
            context.emit("help.rebind", {{"command", spec.id}, {"keys", std::string("default")}});
            ImGui::CloseCurrentPopup();
        }
        ImGui::EndPopup();
    }
    ImGui::PopID();
}

} // namespace

void draw_help(ChromeContext& context) {
    if (!context.state.help_open) return;
    const float em = ImGui::GetFontSize();
    const ImGuiViewport& viewport = *ImGui::GetMainViewport();
    bool open = true;
    ImGui::SetNextWindowSize(
        {std::min(em * 46, viewport.WorkSize.x * 0.9f), std::min(em * 40, viewport.WorkSize.y * 0.9f)},
        ImGuiCond_Appearing);
    ImGui::SetNextWindowPos(viewport.GetCenter(), ImGuiCond_Appearing, {0.5f, 0.5f});
    ImGui::PushStyleColor(ImGuiCol_WindowBg, ImGui::GetStyleColorVec4(ImGuiCol_PopupBg));
    if (ImGui::Begin("Keys and commands###help", &open,
                     ImGuiWindowFlags_NoCollapse | ImGuiWindowFlags_NoDocking | ImGuiWindowFlags_NoSavedSettings)) {
        ImGui::PushTextWrapPos(0);
        styled_text(
            "Turn β and watch where the query ends: at the centroid, in a mixture, at one memory; or the gain of a "
            "model's attention. "
            "Every command below is also in the palette.",
            context.theme.muted_text);
        ImGui::PopTextWrapPos();
        if (ImGui::BeginTable("gestures", 2, ImGuiTableFlags_SizingFixedFit)) {
            for (const auto& [what, does] : gestures) {
                ImGui::TableNextRow();
                ImGui::TableNextColumn();
                styled_text(what, context.theme.text, context.theme.fonts.bold);
                ImGui::TableNextColumn();
                styled_text(does, context.theme.muted_text);
            }
            ImGui::EndTable();
        }
        ImGui::Separator();
        if (ImGui::BeginTable("keys", 3,
                              ImGuiTableFlags_RowBg | ImGuiTableFlags_ScrollY | ImGuiTableFlags_SizingStretchProp)) {
            ImGui::TableSetupColumn("keys", ImGuiTableColumnFlags_WidthFixed, em * 9);
            ImGui::TableSetupColumn("what", 0, 2);
            ImGui::TableSetupColumn("command", 0, 1.4f);
            for (const bool with_keys : {true, false})
                for (const CommandSpec& spec : context.commands.all()) {
                    if (spec.shortcut.empty() == with_keys) continue;
                    ImGui::TableNextRow();
                    ImGui::TableNextColumn();
                    shortcut_cell(context, spec);
                    ImGui::TableNextColumn();
                    ImGui::TextUnformatted(spec.title.c_str());
                    ImGui::TableNextColumn();
                    styled_text(spec.id, context.theme.muted_text, context.theme.fonts.mono, 0.88f);
                }
            ImGui::EndTable();
        }
        if (ImGui::IsWindowFocused(ImGuiFocusedFlags_RootAndChildWindows) && ImGui::IsKeyPressed(ImGuiKey_Escape))
            open = false;
    }
    ImGui::End();
    ImGui::PopStyleColor();
    if (!open) context.emit("help.keys");
}

} // namespace attnscope::ui
