// The panels of the Alignment workspace: figures of the tables that its slots hold, with anchor, layer and head under
// the mouse.
#pragma once

#include "shell/figure_panel.h"

#include <attnscope/alignment_figures.h>

#include <memory>
#include <string>
#include <vector>

namespace attnscope::ui {

class AlignmentPanel : public FigurePanel {
public:
    using Draw = Figure (*)(const alignment::View&, const alignment::Shown&);
    AlignmentPanel(const char* id, Draw draw, PanelHelp help) : FigurePanel(id), draw_(draw), help_(help) {}
    std::string title() const final { return alignment::panel_title(id()); }
    Workspace workspace() const final { return Workspace::alignment; }
    PanelHelp help() const final { return help_; }

protected:
    /// Whether heads have to be matched for it.
    virtual bool needs_matching() const { return false; }
    /// Whether the signs of random operators stand behind it; it is drawn without them until they are there.
    virtual bool needs_signs() const { return false; }
    /// What of the view its figure depends on, so that the rest does not draw it again.
    virtual alignment::View relevant(const alignment::View& view) const { return view; }
    FigureViewOptions view_options(PanelContext& context) override;
    void respond(const FigureInteraction& interaction, PanelContext& context) override;
    std::optional<Hint> hint(PanelContext& context) const final;
    std::optional<std::pair<std::string, Progress>> loading(PanelContext& context) const final;
    /// Whether dragging over layers moves the anchor.
    virtual bool drags_anchor() const { return false; }

private:
    struct Key {
        std::vector<std::uint64_t> generations;
        alignment::View view, pinned_view;
        bool beside = false;
        bool operator==(const Key&) const = default;
    };
    void update(PanelContext& context) final;

    Draw draw_;
    PanelHelp help_;
    Key key_;
};

std::vector<std::unique_ptr<Panel>> make_alignment_panels();

} // namespace attnscope::ui
