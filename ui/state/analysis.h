// What an analysis is to the state of the window: one record for each, made in its room and listed in analyses.cpp.
// What it is to the eye is shell/analysis_view.h.
#pragma once

#include "state/commands.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace attnscope::ui {

struct Analysis {
    Workspace workspace;
    const char *id, *title;                         ///< residual, which its panels' ids begin with; Low-rank ε
    std::vector<Timeline> timelines;                ///< the first is the default
    const std::vector<std::string>& (*panel_ids)(); ///< that figures are made of, on the command line as well
    const char* leading_panel;                      ///< where export and copy act when the workspace is entered
    bool reads_models;                              ///< it looks into models rather than banks
    bool (*has_something)(const AppState&);         ///< to play and to pin
    /// The next frame of its timeline, `frames` on; wraps when playing.
    std::optional<Command> (*advance)(AppState&, Services&, int frames, bool wrap);
    /// Settles in the view what is shown by default; a title that tells it apart.
    std::string (*pin)(const AppState&, Services&, View&);
    void (*add_commands)(CommandRegistry&);
};

Analysis retrieval_analysis();
Analysis attention_analysis();
Analysis cv_analysis();
Analysis alignment_analysis();
Analysis jacobian_analysis();
Analysis residual_analysis();

std::span<const Analysis> all_analyses();
const Analysis& analysis_of(Workspace workspace);

} // namespace attnscope::ui
