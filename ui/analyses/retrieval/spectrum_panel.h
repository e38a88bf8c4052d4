// Eigenvalues of the covariance and the β at which each mode loses stability.
#pragma once

#include "ui/analyses/retrieval/panel.h"

namespace attnscope::ui {

class RetrievalSpectrumPanel final : public RetrievalPanel {
public:
    RetrievalSpectrumPanel() : RetrievalPanel("retrieval.spectrum") {}
    PanelHelp help() const override;
    void let_go() override {
        RetrievalPanel::let_go();
        spectrum_.reset();
    }

protected:
    Answer ask(RetrievalSlots& slots) override;
    Figure build(const retrieval::View& view) override;
    void respond(const FigureInteraction& interaction, PanelContext& context) override;

private:
    std::shared_ptr<const retrieval::Spectrum> spectrum_;
};

} // namespace attnscope::ui
