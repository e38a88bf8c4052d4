// Mean row entropy of the selected head against the gain; its cursor is the gain of the window.
#pragma once

#include "ui/analyses/attention/panel.h"

namespace attnscope::ui {

class AttentionGainPanel final : public AttentionResultPanel<attention::GainCurves> {
public:
    AttentionGainPanel() : AttentionResultPanel("attention.gain") {}
    PanelHelp help() const override;

protected:
    Answered<attention::GainCurves> wanted(AttentionSlots& slots) override { return slots.gain_curves(); }
    Figure drawn(const Answered<attention::GainCurves>& answered) override;
    FigureViewOptions view_options(PanelContext& context) override;
    void respond(const FigureInteraction& interaction, PanelContext& context) override;
};

} // namespace attnscope::ui
