// The five modes side by side at the chosen β.
#pragma once

#include "ui/analyses/retrieval/panel.h"

namespace attnscope::ui {

class RetrievalModesPanel final : public RetrievalPanel {
public:
    RetrievalModesPanel() : RetrievalPanel("retrieval.modes") {}
    PanelHelp help() const override;
    void let_go() override {
        RetrievalPanel::let_go();
        traces_.reset();
    }

protected:
    Answer ask(RetrievalSlots& slots) override;
    Figure build(const retrieval::View& view) override;
    FigureViewOptions view_options(PanelContext& context) override;
    void respond(const FigureInteraction& interaction, PanelContext& context) override;

private:
    std::shared_ptr<const retrieval::TraceResult> traces_;
};

} // namespace attnscope::ui
