// The text itself, every token coloured by the weight that the selected query gives to it.
#pragma once

#include "panels/attention_panel.h"
#include "widgets/token_flow.h"

namespace attnscope::ui {

class AttentionTextPanel final : public AttentionPanel {
public:
    AttentionTextPanel() : AttentionPanel("attention.text") {}
    PanelHelp help() const override;

protected:
    Answer ask(AttentionSlots& slots) override;
    Figure build() override;
    void body(PanelContext& context) override;

private:
    /// Weight of a key; nothing for one that the query does not see.
    std::optional<float> weight(std::int64_t token) const;
    void tooltip(std::int64_t token, PanelContext& context) const;

    Answered<attention::Row> row_;
    TokenFlow flow_;
};

}  // namespace attnscope::ui
