// What the panels of the attention workspace have in common: asking its slots, building the figure when its inputs
// changed, comparing it with the pinned view, and words where there is none.
#pragma once

#include "shell/figure_panel.h"

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
    /// Which view is asked for: the one of the window, or A, which it is compared with.
    enum class Side { now, pinned };

    /// Asks the slots of a view and keeps their results for build().
    virtual Answer ask(AttentionSlots& slots, Side side) = 0;
    /// The figure of what was last asked.
    virtual Figure build(Side side) = 0;
    /// Whether A has a part in the figure.
    virtual bool compares() const { return true; }
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

/// A panel that draws one result of the slots, the same for either view.
template <class Result>
class AttentionResultPanel : public AttentionPanel {
public:
    using AttentionPanel::AttentionPanel;
    void let_go() override {
        AttentionPanel::let_go();
        now_ = pinned_ = {};
    }

protected:
    virtual Answered<Result> wanted(AttentionSlots& slots) = 0;
    virtual Figure drawn(const Answered<Result>& answered) = 0;
    const Answered<Result>& now() const { return now_; }

    Answer ask(AttentionSlots& slots, Side side) final {
        Answered<Result>& kept = side == Side::now ? now_ : pinned_;
        kept = wanted(slots);
        Answer answer;
        answer.add(kept);
        return answer;
    }
    Figure build(Side side) final { return drawn(side == Side::now ? now_ : pinned_); }

private:
    Answered<Result> now_, pinned_;
};

} // namespace attnscope::ui
