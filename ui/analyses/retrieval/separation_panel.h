// How far each memory stands from the one most like it.
#pragma once

#include "ui/analyses/retrieval/panel.h"

namespace attnscope::ui {

class RetrievalSeparationPanel final : public RetrievalPanel {
public:
    RetrievalSeparationPanel() : RetrievalPanel("retrieval.separation") {}
    PanelHelp help() const override;
    void let_go() override {
        RetrievalPanel::let_go();
        separation_.reset();
    }

protected:
    Answer ask(RetrievalSlots& slots) override;
    Figure build(const retrieval::View& view) override;

private:
    std::shared_ptr<const retrieval::Separation> separation_;
};

} // namespace attnscope::ui
