// All heads of the model, coloured by a statistic; a click chooses the cell that every other panel shows.
#pragma once

#include "ui/analyses/attention/panel.h"

namespace attnscope::ui {

class AttentionHeadsPanel final : public AttentionResultPanel<attention::Result> {
public:
    AttentionHeadsPanel() : AttentionResultPanel("attention.heads") {}
    PanelHelp help() const override;

protected:
    Answered<attention::Result> wanted(AttentionSlots& slots) override { return slots.overview(); }
    Figure drawn(const Answered<attention::Result>& answered) override;
    void respond(const FigureInteraction& interaction, PanelContext& context) override;
};

} // namespace attnscope::ui
