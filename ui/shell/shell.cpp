#include "shell/shell.h"

#include "shell/workspaces.h"
#include "state/layout_text.h"
#include "state/session.h"
#include "state/shortcuts.h"
#include "widgets/guarded_draw.h"

#include <attnscope/failure.h>

#include <imgui_internal.h>

#include <algorithm>

namespace attnscope::ui {

namespace {

/// Commands that a held mouse button repeats: while they come, slots keep their requests small.
bool is_continuous(const std::string& id) {
    return id == "retrieval.beta" || id == "retrieval.lambda" || id == "selection.gain";
}

/// Frames until a new docking layout has placed its windows and chosen its tabs.
constexpr int layout_settles = 2;

bool same_kept(const Preferences& a, const Preferences& b) {
    return a.theme == b.theme && a.zoom == b.zoom && a.shortcuts == b.shortcuts && a.recent == b.recent &&
           a.figure_style == b.figure_style && a.hints == b.hints;
}

} // namespace

Shell::Shell(JobSystem& jobs, Options options)
    : options_(std::move(options)), services_(jobs), commands_(make_commands()), runner_(commands_, state_, services_),
      panels_(options_.panels()) {
    ImGuiIO& io = ImGui::GetIO();
    io.ConfigFlags |= ImGuiConfigFlags_DockingEnable | ImGuiConfigFlags_NavEnableKeyboard;
    io.ConfigDockingWithShift = false;
    io.ConfigWindowsMoveFromTitleBarOnly = true;
    io.ConfigErrorRecoveryEnableAssert = false;
    // The shell keeps the layout itself, beside the preferences.
    io.IniFilename = nullptr;
    state_.preferences = kept_ = load_preferences(options_.config_folder);
    state_.layout = load_layout(options_.config_folder);
    state_.layout_load_wanted = !state_.layout.empty();
    for (const Workspace workspace : all_workspaces) state_.view.open_panels.merge(default_panels(workspace, panels_));
    state_.view.outlined_panel = "retrieval.weights";
    fonts_ = load_fonts(io);
    services_.set_figure_source([this](const std::string& id) -> std::optional<ShownFigure> {
        for (const auto& panel : panels_)
            if (panel->id() == id) {
                auto asking = context();
                return panel->figure(asking);
            }
        return std::nullopt;
    });
    services_.set_history([this] { return runner_.history_of_view(); },
                          [this](History history) { runner_.restore_history(std::move(history)); });
    services_.set_panels([this](const std::string& id) {
        return std::ranges::any_of(panels_, [&id](const auto& panel) { return panel->id() == id; });
    });
    follow_style();
}

Shell::~Shell() {
    keep_settings();
}

ChromeContext Shell::context() {
    return {{state_, services_, commands_, theme_, out_, state_.seconds},
            runner_,
            panels_,
            visible_panels_,
            frames_per_second_};
}

void Shell::follow_style() {
    const Styled now{state_.preferences.theme, state_.preferences.zoom, ImGui::GetStyle().FontScaleDpi,
                     state_.preferences.presentation};
    if (styled_ == now) return;
    styled_ = now;
    theme_ = apply_theme(now.theme, fonts_, now.zoom, now.presentation);
    frames_wanted_ = std::max(frames_wanted_, 2);
}

void Shell::prepare_frame(double seconds) {
    state_.seconds = seconds;
    if (services_.update(state_)) frames_wanted_ = std::max(frames_wanted_, 2);
    follow_style();
    if (state_.layout_load_wanted) load_wanted_layout();
}

void Shell::load_wanted_layout() {
    state_.layout_load_wanted = false;
    std::vector<ImGuiID> roots;
    for (const Workspace workspace : all_workspaces) roots.push_back(dock_space_id(workspace));
    const auto failure = failure_of("layout", [&] { state_.layout = usable_layout(state_.layout, roots); });
    if (failure) {
        state_.layout.clear();
        state_.notify(std::string("The layout is left as it is: ") + failure->what(), true);
        return;
    }
    ImGui::LoadIniSettingsFromMemory(state_.layout.c_str(), state_.layout.size());
    layout_age_ = 0;
    frames_wanted_ = layout_settles + 1;
}

void Shell::draw_part(const char* name, const std::function<void()>& draw) {
    if (const auto failure = guarded_draw(name, draw)) state_.notify(failure->what(), true);
}

void Shell::draw_panel(Panel& panel, ChromeContext& context) {
    const std::string name = window_name(panel);
    if (state_.focus_panel == panel.id() && layout_age_ >= layout_settles) {
        ImGui::SetNextWindowFocus();
        state_.focus_panel.clear();
    }
    // One that a kept layout does not know yet becomes a tab in the middle.
    ImGui::SetNextWindowDockID(dock_space_id(panel.workspace()), ImGuiCond_FirstUseEver);
    bool open = true;
    // Windows that appear together would each take the focus from the one before: only a click and a command give it.
    if (ImGui::Begin(name.c_str(), &open,
                     ImGuiWindowFlags_NoCollapse | ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse |
                         ImGuiWindowFlags_NoFocusOnAppearing)) {
        visible_panels_.push_back(panel.id());
        if (ImGui::IsWindowFocused(ImGuiFocusedFlags_RootAndChildWindows) && state_.view.outlined_panel != panel.id())
            context.emit("view.outline", {{"panel", panel.id()}});
        if (const auto failure = guarded_draw(panel.title(), [&] { panel.draw(context); })) {
            ImGui::PushTextWrapPos(0);
            ImGui::TextColored(theme_.error, "This panel cannot be drawn: %s", failure->what());
            ImGui::PopTextWrapPos();
        }
    }
    ImGui::End();
    if (!open) context.emit("view.panel", {{"panel", panel.id()}, {"open", false}});
}

void Shell::draw_workspace(ChromeContext& context) {
    const ImGuiViewport* viewport = ImGui::GetMainViewport();
    const Workspace workspace = state_.view.workspace;
    const ImGuiID dock_space = dock_space_id(workspace);
    ++layout_age_;
    if (state_.layout_reset_wanted || !ImGui::DockBuilderGetNode(dock_space)) {
        if (state_.layout_reset_wanted) state_.view.open_panels.merge(default_panels(workspace, panels_));
        build_layout(workspace, dock_space, viewport->WorkSize, panels_);
        state_.layout_reset_wanted = false;
        layout_age_ = 0;
        frames_wanted_ = layout_settles + 1;
    }
    // What is docked in the other workspaces stays docked.
    for (const Workspace other : all_workspaces)
        if (const ImGuiID id = dock_space_id(other); other != workspace && ImGui::DockBuilderGetNode(id))
            ImGui::DockSpace(id, {0, 0}, ImGuiDockNodeFlags_KeepAliveOnly);
    ImGui::PushStyleColor(ImGuiCol_Separator, theme_.background);
    ImGui::DockSpaceOverViewport(dock_space, viewport, ImGuiDockNodeFlags_NoWindowMenuButton);
    ImGui::PopStyleColor();
    visible_panels_.clear();
    if (layout_age_ >= layout_settles) {
        const auto wanted = std::exchange(state_.front_panels, {});
        for (const auto& panel : panels_)
            if (std::ranges::find(wanted, panel->id()) != wanted.end()) bring_to_front(*panel);
    }
    for (const auto& panel : panels_)
        if (panel->workspace() == workspace && state_.view.open_panels.contains(panel->id()))
            draw_panel(*panel, context);
    if (state_.preferences.presentation) return;
    draw_part("sources", [&] { sources_.draw(context); });
    draw_part("inspector", [&] { draw_inspector(context); });
}

void Shell::play(double seconds) {
    if (!state_.playback.playing) {
        last_played_ = seconds;
        return;
    }
    const double period = 1 / state_.playback.frames_per_second;
    if (seconds - last_played_ < period) return;
    // A frame is due when the picture of the last one is there: a slow bank plays slower, not blindly.
    bool waits = false;
    if (state_.view.workspace == Workspace::attention) waits = services_.attention().row().stale;
    if (state_.view.workspace == Workspace::retrieval) waits = services_.retrieval().trace().stale;
    if (waits && seconds - last_played_ < 10 * period) return;
    last_played_ = seconds;
    out_.push_back({"playback.advance", {}});
}

void Shell::run_commands() {
    const bool mouse_down = ImGui::IsMouseDown(ImGuiMouseButton_Left);
    bool dragged = false;
    // Commands may open what emits more: those of this frame only.
    const auto commands = std::exchange(out_, {});
    for (const Command& command : commands) {
        dragged = dragged || is_continuous(command.id);
        runner_.run(command);
    }
    if (!commands.empty()) frames_wanted_ = std::max(frames_wanted_, 2);
    if (mouse_down && dragged) state_.dragging = true;
    if (!mouse_down) {
        if (state_.dragging && !state_.scripted_drag) {
            state_.dragging = false;
            frames_wanted_ = std::max(frames_wanted_, 2);
        }
        if (!ImGui::GetIO().WantTextInput && !state_.scripted_drag) runner_.end_gesture();
    }
}

void Shell::draw_frame() {
    frames_wanted_ = std::max(0, frames_wanted_ - 1);
    auto drawing = context();
    services_.begin_frame(state_);
    // Panels that are not drawn would hold results of closed sources; those that are take what there is anew.
    if (open_.follow(state_))
        for (const auto& panel : panels_) panel->let_go();
    for (auto& command : pressed_commands(commands_, state_)) out_.push_back(std::move(command));
    play(state_.seconds);
    const bool presentation = state_.preferences.presentation;
    if (!presentation) draw_part("menu bar", [&] { draw_menu_bar(drawing); });
    draw_part("transport bar", [&] { draw_transport_bar(drawing); });
    if (!presentation) draw_part("workspaces", [&] { draw_workspace_tabs(drawing); });
    if (!presentation) draw_part("status bar", [&] { draw_status_bar(drawing); });
    draw_part("workspace", [&] { draw_workspace(drawing); });
    draw_part("palette", [&] { palette_.draw(drawing); });
    draw_part("entry", [&] { value_entry_.draw(drawing); });
    draw_part("file dialog", [&] { file_dialogs_.draw(drawing); });
    draw_part("export dialog", [&] { export_dialog_.draw(drawing); });
    draw_part("help", [&] { draw_help(drawing); });
    draw_part("notices", [&] { notice_ends_ = draw_notices(drawing); });
    draw_part("quit question", [&] { finished_ = draw_quit_question(drawing) || finished_; });
    run_commands();
    if (ImGui::GetIO().WantSaveIniSettings) {
        std::size_t size = 0;
        const char* text = ImGui::SaveIniSettingsToMemory(&size);
        state_.layout.assign(text, size);
        ImGui::GetIO().WantSaveIniSettings = false;
        settings_changed_ = true;
    }
    if (!same_kept(state_.preferences, kept_)) keep_settings();
}

void Shell::keep_settings() {
    if (options_.config_folder.empty()) return;
    if (!same_kept(state_.preferences, kept_)) keep_preferences(options_.config_folder, state_.preferences);
    kept_ = state_.preferences;
    if (settings_changed_) keep_layout(options_.config_folder, state_.layout);
    settings_changed_ = false;
}

double Shell::next_frame_in() const {
    if (frames_wanted_ > 0) return 0;
    double wait = -1;
    const auto sooner = [&wait](double seconds) { wait = wait < 0 ? seconds : std::min(wait, seconds); };
    if (state_.playback.playing) sooner(1 / state_.playback.frames_per_second);
    if (notice_ends_ > 0) sooner(std::max(0.02, notice_ends_ - state_.seconds));
    if (file_dialogs_.waiting()) sooner(0.1);
    if (ImGui::GetIO().WantTextInput) sooner(0.4); // the cursor blinks
    if (state_.dragging) sooner(0.1);              // a hand at rest is shown what was held back
    if (!services_.idle()) sooner(0.1);            // progress and spinners
    return wait;
}

bool Shell::settled() const {
    return frames_wanted_ == 0 && services_.settled(state_) && !state_.dragging;
}

} // namespace attnscope::ui
