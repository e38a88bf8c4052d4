// Mean row entropy of the selected head against the gain; its cursor is the gain of the window.
#pragma once

#include "panels/attention_panel.h"

namespace attnscope::ui {

class AttentionGainPanel final : public AttentionPanel {
public:
    AttentionGainPanel() : AttentionPanel("attention.gain") {}
    PanelHelp help() const override;

protected:
    Answer ask(AttentionSlots& slots) override;
    Figure build() override;
    Answer ask_pinned(AttentionSlots& slots) override;
    std::optional<Figure> build_pinned() override;
    FigureViewOptions view_options(PanelContext& context) override;
    void respond(const FigureInteraction& interaction, PanelContext& context) override;

private:
    Answered<attention::GainCurves> curves_, pinned_;
};

}  // namespace attnscope::ui
