// The fixed point followed up and down in β.
#pragma once

#include "ui/analyses/retrieval/panel.h"

namespace attnscope::ui {

class RetrievalHysteresisPanel final : public RetrievalPanel {
public:
    RetrievalHysteresisPanel() : RetrievalPanel("retrieval.hysteresis") {}
    PanelHelp help() const override;
    void let_go() override {
        RetrievalPanel::let_go();
        sweep_.reset();
        spectrum_.reset();
    }

protected:
    Answer ask(RetrievalSlots& slots) override;
    Figure build(const retrieval::View& view) override;
    FigureViewOptions view_options(PanelContext& context) override;
    void respond(const FigureInteraction& interaction, PanelContext& context) override;

private:
    std::shared_ptr<const retrieval::Sweep> sweep_;
    std::shared_ptr<const retrieval::Spectrum> spectrum_;
};

} // namespace attnscope::ui
