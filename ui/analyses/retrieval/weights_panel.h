// The memories of largest weight with their texts, and all weights sorted.
#pragma once

#include "ui/analyses/retrieval/panel.h"

namespace attnscope::ui {

class RetrievalWeightsPanel final : public RetrievalPanel {
public:
    RetrievalWeightsPanel() : RetrievalPanel("retrieval.weights") {}
    PanelHelp help() const override;
    void let_go() override {
        RetrievalPanel::let_go();
        traces_.reset();
        pinned_traces_.reset();
        step_ = nullptr;
        curve_ = {};
    }

protected:
    Answer ask(RetrievalSlots& slots) override;
    Figure build(const retrieval::View& view) override;
    Answer ask_pinned(RetrievalSlots& slots) override;
    std::optional<Figure> build_pinned(const retrieval::View& view) override;
    void body(PanelContext& context) override;

private:
    void draw_table(PanelContext& context, float height);
    void draw_row(PanelContext& context, std::size_t row, const retrieval::Ranked& ranked, float largest);
    std::optional<double> pinned_weight(std::uint32_t index) const;

    std::shared_ptr<const retrieval::TraceResult> traces_, pinned_traces_;
    const retrieval::Step* step_ = nullptr; ///< of traces_, the one shown
    int pinned_step_ = 0;
    Figure curve_; ///< of what is shown, the sorted weights alone
    std::uint64_t curve_generation_ = 0;
};

} // namespace attnscope::ui
