// The text itself, every token coloured by the weight that the selected query gives to it.
#pragma once

#include "ui/analyses/attention/panel.h"
#include "widgets/token_flow.h"

namespace attnscope::ui {

class AttentionTextPanel final : public AttentionResultPanel<attention::Row> {
public:
    AttentionTextPanel() : AttentionResultPanel("attention.text") {}
    PanelHelp help() const override;

protected:
    Answered<attention::Row> wanted(AttentionSlots& slots) override { return slots.row(); }
    Figure drawn(const Answered<attention::Row>& answered) override;
    bool compares() const override { return false; } // it shows one row of one head
    void body(PanelContext& context) override;

private:
    /// Weight of a key; nothing for one that the query does not see.
    std::optional<float> weight(std::int64_t token) const;
    void tooltip(std::int64_t token, PanelContext& context) const;

    TokenFlow flow_;
};

} // namespace attnscope::ui
