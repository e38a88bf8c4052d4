// What the panels of the retrieval workspace have in common: asking its slots, building the figure when its inputs
// changed, and words where there is none.
#pragma once

#include "shell/figure_panel.h"
#include "widgets/memory_text.h"

#include <attnscope/retrieval_figures.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace attnscope::ui {

class RetrievalPanel : public FigurePanel {
public:
    using FigurePanel::FigurePanel;
    std::string title() const override { return retrieval::panel_title(id()); }
    Workspace workspace() const final { return Workspace::retrieval; }

protected:
    /// Asks the slots of the current view and keeps their results for build().
    virtual Answer ask(RetrievalSlots& slots) = 0;
    /// The figure of what was last asked.
    virtual Figure build(const retrieval::View& view) = 0;
    /// The same for the pinned view, where its curves can be laid over the current ones.
    virtual Answer ask_pinned(RetrievalSlots&) { return {}; }
    virtual std::optional<Figure> build_pinned(const retrieval::View&) { return std::nullopt; }
    /// Whether what ask_pinned() kept may be shown now.
    bool has_pinned() const { return with_pinned_; }
    /// Anything else the figure depends on.
    virtual std::string variant(const PanelContext&) const { return {}; }
    /// Changes to the built figure for the screen and for export alike.
    virtual void amend(Figure&, const PanelContext&) {}

    /// Words instead of the content where the bank is not of the kind that the panel shows.
    virtual std::optional<Hint> own_hint(PanelContext&) const { return std::nullopt; }
    FigureViewOptions view_options(PanelContext& context) override;

    const Answer& answer() const { return answer_; }
    MemoryPictures& pictures() { return pictures_; }

private:
    struct Key {
        std::vector<std::uint64_t> generations;
        /// As an identity: a closed bank is not kept open. Its results have generations of their own.
        const Bank* bank = nullptr;
        double beta = 0;
        int step = 0;
        retrieval::Mode mode = retrieval::Mode::centered;
        std::string label, variant;
        bool operator==(const Key&) const = default;
    };
    void update(PanelContext& context) final;
    std::optional<Hint> hint(PanelContext& context) const final;
    std::optional<std::pair<std::string, Progress>> loading(PanelContext& context) const final;

    Key key_;
    MemoryPictures pictures_;
};

} // namespace attnscope::ui
