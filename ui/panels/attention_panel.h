// What the panels of the attention workspace have in common: asking its slots, building the figure when its inputs
// changed, comparing it with the pinned view, and words where there is none.
#pragma once

#include "panels/figure_panel.h"

#include <attnscope/attention_figures.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace attnscope::ui {

class AttentionPanel : public FigurePanel {
public:
    using FigurePanel::FigurePanel;
    std::string title() const override { return attention::panel_title(id()); }
    Workspace workspace() const final { return Workspace::attention; }

protected:
    /// Asks the slots of the current view and keeps their results for build().
    virtual Answer ask(AttentionSlots& slots) = 0;
    /// The figure of what was last asked.
    virtual Figure build() = 0;
    /// The same for the pinned view: its curves are laid over the current ones, its map is subtracted or put beside.
    virtual Answer ask_pinned(AttentionSlots&) { return {}; }
    virtual std::optional<Figure> build_pinned() { return std::nullopt; }
    /// What else the figure depends on, besides the selection and the options.
    virtual std::string variant() const { return {}; }

private:
    struct Key {
        std::vector<std::uint64_t> generations;
        int layer = 0, head = 0;
        std::int64_t token = 0;
        double gain = 1;
        AttentionOptions options;
        std::string variant;
        bool operator==(const Key&) const = default;
    };
    void update(PanelContext& context) final;
    std::optional<Hint> hint(PanelContext& context) const final;
    std::optional<std::pair<std::string, Progress>> loading(PanelContext& context) const final;

    Key key_;
};

}  // namespace attnscope::ui
