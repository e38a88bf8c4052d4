// The energy on a plane through the centroid, the memories on it and the way of the state.
#pragma once

#include "ui/analyses/retrieval/panel.h"

namespace attnscope::ui {

class RetrievalPlanePanel final : public RetrievalPanel {
public:
    RetrievalPlanePanel() : RetrievalPanel("retrieval.plane") {}
    PanelHelp help() const override;
    void let_go() override {
        RetrievalPanel::let_go();
        plane_.reset();
    }

protected:
    Answer ask(RetrievalSlots& slots) override;
    Figure build(const retrieval::View& view) override;
    void body(PanelContext& context) override;
    FigureViewOptions view_options(PanelContext& context) override;
    void respond(const FigureInteraction& interaction, PanelContext& context) override;

private:
    void draw_controls(PanelContext& context);

    std::shared_ptr<const retrieval::Plane> plane_;
};

} // namespace attnscope::ui
