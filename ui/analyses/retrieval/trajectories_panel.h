// The scalars of the trace against the step; its cursor is the step of the window.
#pragma once

#include "ui/analyses/retrieval/panel.h"

namespace attnscope::ui {

class RetrievalTrajectoriesPanel final : public RetrievalPanel {
public:
    RetrievalTrajectoriesPanel() : RetrievalPanel("retrieval.trajectories") {}
    PanelHelp help() const override;
    void let_go() override {
        RetrievalPanel::let_go();
        traces_.reset();
        pinned_traces_.reset();
    }

protected:
    Answer ask(RetrievalSlots& slots) override;
    Figure build(const retrieval::View& view) override;
    Answer ask_pinned(RetrievalSlots& slots) override;
    std::optional<Figure> build_pinned(const retrieval::View& view) override;
    FigureViewOptions view_options(PanelContext& context) override;
    void respond(const FigureInteraction& interaction, PanelContext& context) override;

private:
    std::shared_ptr<const retrieval::TraceResult> traces_, pinned_traces_;
};

} // namespace attnscope::ui
