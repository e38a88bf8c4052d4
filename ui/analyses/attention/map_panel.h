// The map of the selected head: queries down, keys across. A long text is shown reduced, and the part that is zoomed
// into in detail.
#pragma once

#include "ui/analyses/attention/panel.h"

namespace attnscope::ui {

class AttentionMapPanel final : public AttentionPanel {
public:
    AttentionMapPanel() : AttentionPanel("attention.map") {}
    PanelHelp help() const override;
    void let_go() override {
        AttentionPanel::let_go();
        now_ = pinned_ = {};
    }

protected:
    Answer ask(AttentionSlots& slots, Side side) override;
    Figure build(Side side) override;
    std::string variant() const override;
    void body(PanelContext& context) override;
    FigureViewOptions view_options(PanelContext& context) override;
    void respond(const FigureInteraction& interaction, PanelContext& context) override;

private:
    /// The map of a view, and the part of it in detail that is zoomed into.
    struct Maps {
        Answered<attention::Map> whole, detail;
        bool has_detail = false;
        bool covers = false; ///< the detail is of all that is in sight
    };
    Maps& maps(Side side) { return side == Side::now ? now_ : pinned_; }
    std::optional<Zoom> zoom() const;
    void draw_controls(PanelContext& context);

    Maps now_, pinned_;
    bool named_ = false;
};

} // namespace attnscope::ui
