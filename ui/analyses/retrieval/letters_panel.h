// A bank whose memories are small pictures: draw a query, erase half of one, watch the state become a letter.
#pragma once

#include "ui/analyses/retrieval/panel.h"
#include "widgets/drawing_pad.h"

namespace attnscope::ui {

class LettersPanel final : public RetrievalPanel {
public:
    LettersPanel() : RetrievalPanel("retrieval.letters") {}
    PanelHelp help() const override;
    void let_go() override {
        RetrievalPanel::let_go();
        traces_.reset();
        spectrum_.reset();
        states_of_.reset();
    }

protected:
    Answer ask(RetrievalSlots& slots) override;
    Figure build(const retrieval::View& view) override;
    std::optional<Hint> own_hint(PanelContext& context) const override;
    void body(PanelContext& context) override;

private:
    void draw_pad(PanelContext& context, float side);
    void draw_tools(PanelContext& context, float width);
    void draw_states(PanelContext& context, const Bank& bank);
    void draw_memories(PanelContext& context, const Bank& bank);
    /// The query as a picture of −1 … 1: the drawing itself, or a vector scaled to full ink.
    std::vector<float> query_picture(PanelContext& context) const;
    /// States of the trace as pictures, moved back by the mean where the mode takes it away.
    void show_states(const Bank& bank, Theme theme);

    std::shared_ptr<const retrieval::TraceResult> traces_;
    std::shared_ptr<const retrieval::Spectrum> spectrum_;
    DrawingPad pad_;
    DrawingPad::Tool tool_ = DrawingPad::Tool::pen;
    PictureSheet states_;
    std::shared_ptr<const retrieval::TraceResult> states_of_;
    Theme states_theme_ = Theme::dark;
};

} // namespace attnscope::ui
