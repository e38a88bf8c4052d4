// The map of the selected head: queries down, keys across. A long text is shown reduced, and the part that is zoomed
// into in detail.
#pragma once

#include "panels/attention_panel.h"

namespace attnscope::ui {

class AttentionMapPanel final : public AttentionPanel {
public:
    AttentionMapPanel() : AttentionPanel("attention.map") {}
    PanelHelp help() const override;

protected:
    Answer ask(AttentionSlots& slots) override;
    Figure build() override;
    Answer ask_pinned(AttentionSlots& slots) override;
    std::optional<Figure> build_pinned() override;
    std::string variant() const override;
    void body(PanelContext& context) override;
    FigureViewOptions view_options(PanelContext& context) override;
    void respond(const FigureInteraction& interaction, PanelContext& context) override;

private:
    /// The tile in sight of a long map that is zoomed into.
    std::optional<MapRegion> tile_in_sight(std::int64_t tokens) const;
    /// Whether so few tokens are in sight that each can be named.
    bool names_fit() const;
    void draw_controls(PanelContext& context);

    Answered<attention::Map> map_, detail_, pinned_;
    bool has_detail_ = false, named_ = false;
};

}  // namespace attnscope::ui
