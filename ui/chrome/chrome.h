// What surrounds the workspace's panels: menu bar, transport bar, sources, inspector, status bar, and what opens over
// them. Each is drawn from the state and returns commands, as panels do.
#pragma once

#include "shell/panel.h"
#include "state/commands.h"

#include <memory>
#include <string>
#include <vector>

namespace attnscope::ui {

struct ChromeContext : PanelContext {
    const CommandRunner& runner;
    const std::vector<std::unique_ptr<Panel>>& panels;
    const std::vector<std::string>& visible_panels; ///< drawn in the frame before, not behind another tab
    float frames_per_second = 0;                    ///< 0 while idle
};

/// ImGui's name of a panel's window: the title, and an id that keeps its place when the title changes.
std::string window_name(const Panel& panel);
std::string window_name(const std::string& title, const std::string& id);

void draw_menu_bar(ChromeContext& context);
/// Returns the height it took below the menu bar.
void draw_transport_bar(ChromeContext& context);
/// The workspaces, one of them chosen; nothing where there is only one.
void draw_workspace_tabs(ChromeContext& context);
void draw_status_bar(ChromeContext& context);

class SourcesPanel {
public:
    void draw(ChromeContext& context);

private:
    void query_entry(ChromeContext& context);  ///< a line that is embedded as it is typed
    void prompt_entry(ChromeContext& context); ///< several lines that a model reads as they are typed
    /// Selects the prompt before or after the chosen one.
    void step_history(ChromeContext& context, int by);
    void row(ChromeContext& context, const Source& source);
    std::string typed_; ///< text of the entry while it is being edited
    bool editing_ = false, starting_new_ = false, focus_wanted_ = false;
};

void draw_inspector(ChromeContext& context);

class CommandPalette {
public:
    void draw(ChromeContext& context);

private:
    struct Entry {
        std::string title, shortcut, detail;
        Command command;
        bool enabled = true;
    };
    std::vector<Entry> entries(const ChromeContext& context) const;
    /// Runs the entry, or goes on to ask for the first argument that has neither a value nor a fallback.
    void choose(ChromeContext& context, const Entry& entry);
    void close(ChromeContext& context);

    bool was_open_ = false;
    std::string filter_;
    int selected_ = 0;
    std::optional<Command> pending_; ///< whose arguments are being asked
};

/// Entry of a number that B, G, L or H opened.
class ValueEntry {
public:
    void draw(ChromeContext& context);

private:
    std::string text_, command_; ///< command_: whose popup is open; empty = none
};

/// Choosing files: the desktop's own dialog where there is one, else a small one of the window.
class FileDialogs {
public:
    FileDialogs();
    ~FileDialogs();
    void draw(ChromeContext& context);
    bool waiting() const; ///< for a dialog of the desktop

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

void draw_help(ChromeContext& context);
/// What commands said, above the status bar. Returns when the next of them goes, in seconds of the window's clock; 0
/// when none is shown.
double draw_notices(ChromeContext& context);
/// Asks whether to leave while work would be lost. True once leaving is settled.
bool draw_quit_question(ChromeContext& context);

/// A score above 0 when the letters of `pattern` occur in `text` in that order, higher for words' beginnings and runs;
/// 0 when they do not. Case and spaces do not matter.
int fuzzy_score(std::string_view pattern, std::string_view text);

} // namespace attnscope::ui
