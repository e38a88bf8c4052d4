// The softmax-gradient experiment while it is trained: curves, combinations, and the heads of the selected run.
#pragma once

#include "shell/figure_panel.h"

#include <attnscope/jacobian_experiment_figures.h>

#include <optional>
#include <utility>

namespace attnscope::ui {

class JacobianExperimentPanel : public FigurePanel {
public:
    using FigurePanel::FigurePanel;
    std::string title() const override { return jacobian::experiment_panel_title(id()); }
    Workspace workspace() const final { return Workspace::jacobian; }
    void let_go() override {
        FigurePanel::let_go();
        experiment_.reset();
    }

protected:
    std::optional<Hint> hint(PanelContext& context) const override;
    std::optional<std::pair<std::string, Progress>> loading(PanelContext&) const override { return std::nullopt; }

    jacobian::ExperimentPtr experiment_;

private:
    struct Key {
        std::vector<std::uint64_t> generations;
        jacobian::ExperimentView view, pinned_view;
        bool beside = false;
        bool operator==(const Key&) const = default;
    };
    void update(PanelContext& context) final;

    Key key_;
};

class JacobianTrainingPanel final : public JacobianExperimentPanel {
public:
    JacobianTrainingPanel() : JacobianExperimentPanel("jacobian.training") {}
    PanelHelp help() const override;

protected:
    FigureViewOptions view_options(PanelContext& context) override;
    void body(PanelContext& context) override;
    void respond(const FigureInteraction& interaction, PanelContext& context) override;

private:
    /// Start and pause, which runs there are, which is bold.
    void controls(PanelContext& context) const;
};

class JacobianGridPanel final : public JacobianExperimentPanel {
public:
    JacobianGridPanel() : JacobianExperimentPanel("jacobian.grid") {}
    PanelHelp help() const override;

protected:
    void respond(const FigureInteraction& interaction, PanelContext& context) override;
};

class JacobianTrainedPanel final : public JacobianExperimentPanel {
public:
    JacobianTrainedPanel() : JacobianExperimentPanel("jacobian.trained") {}
    PanelHelp help() const override;
};

} // namespace attnscope::ui
