// A block of the evaluated text, every token coloured by what the cursor's rank adds to its loss.
#pragma once

#include "ui/analyses/residual/panel.h"
#include "widgets/token_flow.h"

namespace attnscope::ui {

class ResidualTextPanel final : public ResidualPanel {
public:
    ResidualTextPanel() : ResidualPanel("residual.text") {}
    PanelHelp help() const override;
    void let_go() override {
        ResidualPanel::let_go();
        taken_.reset();
        text_.clear();
        tokens_.clear();
        costs_.clear();
    }

protected:
    Needs needs() const override { return Needs::sweep; }
    Figure drawn(const Shown& shown) const override { return residual::text_figure(shown.view, *shown.result); }
    bool compares() const override { return false; } // it shows one block at one rank
    void body(PanelContext& context) override;

private:
    void take_block(const std::vector<std::string>& texts);
    void controls(PanelContext& context) const;
    void tooltip(std::int64_t token, PanelContext& context) const;

    TokenFlow flow_;
    // the block that is shown, joined to a text
    std::string text_;
    std::vector<Token> tokens_;
    residual::ResultPtr taken_;
    std::int64_t block_ = -1;
    std::vector<float> costs_;
    int rank_ = -1;
    float scale_ = 1; ///< nats of the full colour
};

} // namespace attnscope::ui
