// What the panels of the low-rank workspace have in common: asking its slots for the sweep or for the spectra of all
// heads, building the figure when its inputs changed, comparing it with the pinned view, and words where there is none.
#pragma once

#include "shell/figure_panel.h"

#include <attnscope/residual_figures.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace attnscope::ui {

class ResidualPanel : public FigurePanel {
public:
    using FigurePanel::FigurePanel;
    std::string title() const override { return residual::panel_title(id()); }
    Workspace workspace() const final { return Workspace::residual; }
    void let_go() override {
        FigurePanel::let_go();
        now_ = pinned_ = {};
    }

protected:
    /// What a view has: results are null until they are there.
    struct Shown {
        residual::View view;
        residual::ResultPtr result;
        std::shared_ptr<const residual::Spectra> spectra;
        std::optional<residual::Plan> plan;
    };
    enum class Needs { sweep, spectra };
    virtual Needs needs() const = 0;
    virtual Figure drawn(const Shown& shown) const = 0;
    /// Whether A has a part in it.
    virtual bool compares() const { return true; }
    const Shown& now() const { return now_; }
    std::optional<Hint> hint(PanelContext& context) const final;

private:
    struct Key {
        std::vector<std::uint64_t> generations;
        residual::View view, pinned_view;
        std::vector<residual::HeadChoice> heads;
        bool beside = false;
        bool operator==(const Key&) const = default;
    };
    Answer ask(ResidualSlots& slots, Shown& shown) const;
    void update(PanelContext& context) final;
    std::optional<std::pair<std::string, Progress>> loading(PanelContext& context) const final;

    Key key_;
    Shown now_, pinned_;
};

} // namespace attnscope::ui
