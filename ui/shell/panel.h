// A panel: one dockable window of a workspace. It reads the state, asks slots, draws, and returns commands.
#pragma once

#include "state/app_state.h"
#include "state/commands.h"
#include "state/services.h"
#include "state/shown_figure.h"
#include "widgets/theme.h"

#include <attnscope/figure.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace attnscope::ui {

/// What a panel is given each frame.
struct PanelContext {
    const AppState& state;
    Services& services;
    const CommandRegistry& commands;
    const ThemeColours& theme;
    std::vector<Command>& out; ///< commands to run after the frame
    double seconds = 0;        ///< the window's clock
    void emit(std::string id, Arguments arguments = {}) { out.push_back({std::move(id), std::move(arguments)}); }
};

/// Help of a panel: what it shows, the formula as plain text with Unicode mathematics, the source.
struct PanelHelp {
    std::string definition, formula, source;
};

class Panel {
public:
    virtual ~Panel() = default;
    virtual std::string id() const = 0;    ///< retrieval.entropy; also the figure's id
    virtual std::string title() const = 0; ///< Entropy against β
    virtual Workspace workspace() const = 0;
    virtual PanelHelp help() const = 0;
    /// Draws inside an open ImGui window. Keeps view-only state (zoom, hover) itself.
    virtual void draw(PanelContext& context) = 0;
    /// The figure as shown now, for export and copy; none before the first result.
    virtual std::optional<ShownFigure> figure(PanelContext& context) = 0;
    /// Drops what is held of results, whose sources may be closed; the next draw() or figure() brings it back. What the
    /// user has set (zoom, sorting) stays.
    virtual void let_go() {}
};

/// All panels in View-menu order; see shell/analysis_view.h.
std::vector<std::unique_ptr<Panel>> make_panels();

} // namespace attnscope::ui
