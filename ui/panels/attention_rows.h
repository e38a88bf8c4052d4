// Entropy of every row of the selected head; its cursor is the query.
#pragma once

#include "panels/attention_panel.h"

namespace attnscope::ui {

class AttentionRowsPanel final : public AttentionPanel {
public:
    AttentionRowsPanel() : AttentionPanel("attention.rows") {}
    PanelHelp help() const override;

protected:
    Answer ask(AttentionSlots& slots) override;
    Figure build() override;
    Answer ask_pinned(AttentionSlots& slots) override;
    std::optional<Figure> build_pinned() override;
    FigureViewOptions view_options(PanelContext& context) override;
    void respond(const FigureInteraction& interaction, PanelContext& context) override;

private:
    Answered<attention::Rows> rows_, pinned_;
};

}  // namespace attnscope::ui
