// Entropy of every row of the selected head; its cursor is the query.
#pragma once

#include "ui/analyses/attention/panel.h"

namespace attnscope::ui {

class AttentionRowsPanel final : public AttentionResultPanel<attention::Rows> {
public:
    AttentionRowsPanel() : AttentionResultPanel("attention.rows") {}
    PanelHelp help() const override;

protected:
    Answered<attention::Rows> wanted(AttentionSlots& slots) override { return slots.rows(); }
    Figure drawn(const Answered<attention::Rows>& answered) override;
    FigureViewOptions view_options(PanelContext& context) override;
    void respond(const FigureInteraction& interaction, PanelContext& context) override;
};

} // namespace attnscope::ui
