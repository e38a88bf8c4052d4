// Entropy of the weights against β, step by step; its cursor is the β of the window.
#pragma once

#include "ui/analyses/retrieval/panel.h"

namespace attnscope::ui {

class RetrievalEntropyPanel final : public RetrievalPanel {
public:
    RetrievalEntropyPanel() : RetrievalPanel("retrieval.entropy") {}
    PanelHelp help() const override;
    void let_go() override {
        RetrievalPanel::let_go();
        sweep_.reset();
        pinned_sweep_.reset();
        spectrum_.reset();
        pinned_spectrum_.reset();
    }

protected:
    Answer ask(RetrievalSlots& slots) override;
    Figure build(const retrieval::View& view) override;
    Answer ask_pinned(RetrievalSlots& slots) override;
    std::optional<Figure> build_pinned(const retrieval::View& view) override;
    FigureViewOptions view_options(PanelContext& context) override;
    void respond(const FigureInteraction& interaction, PanelContext& context) override;

private:
    std::shared_ptr<const retrieval::Sweep> sweep_, pinned_sweep_;
    std::shared_ptr<const retrieval::Spectrum> spectrum_, pinned_spectrum_;
};

} // namespace attnscope::ui
