// Whether the centroid gives the state back or lets it go.
#pragma once

#include "ui/analyses/retrieval/panel.h"

namespace attnscope::ui {

class RetrievalOriginPanel final : public RetrievalPanel {
public:
    RetrievalOriginPanel() : RetrievalPanel("retrieval.origin") {}
    PanelHelp help() const override;
    void let_go() override {
        RetrievalPanel::let_go();
        tests_.reset();
        spectrum_.reset();
    }

protected:
    Answer ask(RetrievalSlots& slots) override;
    Figure build(const retrieval::View& view) override;

private:
    std::shared_ptr<const std::vector<retrieval::OriginTest>> tests_;
    std::shared_ptr<const retrieval::Spectrum> spectrum_;
};

} // namespace attnscope::ui
