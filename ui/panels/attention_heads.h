// All heads of the model, coloured by a statistic; a click chooses the cell that every other panel shows.
#pragma once

#include "panels/attention_panel.h"

namespace attnscope::ui {

class AttentionHeadsPanel final : public AttentionPanel {
public:
    AttentionHeadsPanel() : AttentionPanel("attention.heads") {}
    PanelHelp help() const override;

protected:
    Answer ask(AttentionSlots& slots) override;
    Figure build() override;
    Answer ask_pinned(AttentionSlots& slots) override;
    std::optional<Figure> build_pinned() override;
    void respond(const FigureInteraction& interaction, PanelContext& context) override;

private:
    Answered<attention::Result> overview_, pinned_;
};

}  // namespace attnscope::ui
