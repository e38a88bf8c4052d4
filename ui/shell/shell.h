// Everything of the window that needs no window system: the state, its services, and one function that draws a frame.
// The program drives it through GLFW, tests through ImGui's null backend.
#pragma once

#include "chrome/chrome.h"
#include "chrome/export_dialog.h"
#include "shell/panel.h"
#include "state/commands.h"
#include "state/open_sources.h"
#include "state/services.h"

#include <attnscope/slot.h>

#include <imgui.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

namespace attnscope::ui {

class Shell {
public:
    struct Options {
        /// Preferences and the layout are read from here and kept here; empty = nowhere.
        std::filesystem::path config_folder;
        std::function<std::vector<std::unique_ptr<Panel>>()> panels = make_panels;
    };
    /// An ImGui and an ImPlot context are current. Loads the fonts.
    Shell(JobSystem& jobs, Options options);
    ~Shell();
    Shell(const Shell&) = delete;
    Shell& operator=(const Shell&) = delete;

    /// Before ImGui::NewFrame: what must not change within a frame (style, layout), and what workers have finished.
    void prepare_frame(double seconds);
    /// Between ImGui::NewFrame and ImGui::Render. Runs the commands of the frame at its end.
    void draw_frame();
    /// Changes made since are kept in the config folder. Called when the window closes, and now and then.
    void keep_settings();

    AppState& state() { return state_; }
    Services& services() { return services_; }
    CommandRunner& runner() { return runner_; }
    const CommandRegistry& commands() const { return commands_; }
    const ThemeColours& theme() const { return theme_; }
    const std::vector<std::unique_ptr<Panel>>& panels() const { return panels_; }

    /// Seconds until a frame is due without an event: 0 = at once, negative = none.
    double next_frame_in() const;
    /// Nothing computes, loads or moves: what is shown is what was asked for.
    bool settled() const;
    /// The user has asked to leave and nothing stands in the way.
    bool finished() const { return finished_; }
    /// Panels that were drawn in the last frame (not behind another tab).
    const std::vector<std::string>& visible_panels() const { return visible_panels_; }
    /// Shown in the status bar; 0 while idle.
    void set_frames_per_second(float value) { frames_per_second_ = value; }

private:
    ChromeContext context();
    void draw_workspace(ChromeContext& context);
    void draw_panel(Panel& panel, ChromeContext& context);
    /// Draws a part of the window; one that fails says so, and the others are drawn all the same.
    void draw_part(const char* name, const std::function<void()>& draw);
    /// Gives ImGui the layout that is wanted, or says why it cannot be used.
    void load_wanted_layout();
    void play(double seconds);
    void run_commands();
    void follow_style();

    Options options_;
    AppState state_;
    Services services_;
    CommandRegistry commands_;
    CommandRunner runner_;
    std::vector<std::unique_ptr<Panel>> panels_;
    OpenSources open_;
    SourcesPanel sources_;
    CommandPalette palette_;
    ValueEntry value_entry_;
    FileDialogs file_dialogs_;
    ExportDialog export_dialog_;

    Fonts fonts_;
    ThemeColours theme_;
    struct Styled {
        Theme theme;
        float zoom, dpi;
        bool presentation;
        bool operator==(const Styled&) const = default;
    };
    std::optional<Styled> styled_;
    std::vector<Command> out_;
    std::vector<std::string> visible_panels_;
    bool finished_ = false, settings_changed_ = false;
    Preferences kept_;
    int layout_age_ = 0; ///< frames since the docking layout was built or loaded
    double last_played_ = 0, notice_ends_ = 0;
    int frames_wanted_ = 3; ///< drawn without an event: results of this frame's commands show in the next
    float frames_per_second_ = 0;
};

} // namespace attnscope::ui
