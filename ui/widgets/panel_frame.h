// What every panel has around its content: a line saying what is shown, the menu of what can be done with it, and
// words in its place when there is nothing to show yet.
#pragma once

#include "shell/panel.h"

#include <attnscope/error.h>
#include <attnscope/job.h>

#include <optional>
#include <string>

namespace attnscope::ui {

struct PanelStatus {
    std::string subtitle;
    bool busy = false;       ///< a newer result is being computed
    bool has_figure = false; ///< there is something to copy and save
    Progress progress;
};

/// The line above the content. Right-clicking anywhere in the panel opens the same menu as its button.
void panel_header(const Panel& panel, const PanelStatus& status, PanelContext& context);
/// Opens the panel's menu on a right click that was no drag; at the end of a panel's drawing.
void panel_context_menu(const Panel& panel, const PanelStatus& status, PanelContext& context);

/// Centred words for a panel that shows nothing yet: what is missing, and buttons for what to do about it.
struct Hint {
    struct Action {
        std::string label;
        Command command;
    };
    std::string title, text;
    std::vector<Action> actions;
    bool is_error = false;
};
void draw_hint(const Hint& hint, PanelContext& context);
/// That a person cancelled what the panel shows, and a button that computes it after all.
void draw_cancelled(PanelContext& context);
/// What is being computed, how far it is and how long it takes.
void draw_waiting(const Progress& progress, const std::string& what, const ThemeColours& theme);

} // namespace attnscope::ui
