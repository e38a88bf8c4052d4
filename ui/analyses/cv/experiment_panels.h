// The experiment while it is trained: curves, configurations, and CV against head_dim.
#pragma once

#include "ui/analyses/cv/panel.h"

namespace attnscope::ui {

class CvTrainingPanel final : public CvExperimentPanel {
public:
    CvTrainingPanel() : CvExperimentPanel("cv.training") {}
    PanelHelp help() const override;

protected:
    Figure draw_experiment(const cv::View& view, const cv::Experiment& experiment) const override {
        return cv::training_figure(view, experiment);
    }
    FigureViewOptions view_options(PanelContext& context) override;
    void body(PanelContext& context) override;
    void respond(const FigureInteraction& interaction, PanelContext& context) override;

private:
    /// Start and pause, what is followed, which configuration, the seed.
    void controls(PanelContext& context) const;
};

class CvGridPanel final : public CvExperimentPanel {
public:
    CvGridPanel() : CvExperimentPanel("cv.grid") {}
    PanelHelp help() const override;

protected:
    Figure draw_experiment(const cv::View& view, const cv::Experiment& experiment) const override {
        return cv::grid_figure(view, experiment);
    }
    void respond(const FigureInteraction& interaction, PanelContext& context) override;
};

class CvRelationPanel final : public CvExperimentPanel {
public:
    CvRelationPanel() : CvExperimentPanel("cv.relation") {}
    PanelHelp help() const override;

protected:
    Figure draw_experiment(const cv::View& view, const cv::Experiment& experiment) const override {
        return cv::relation_figure(view, experiment);
    }
    FigureViewOptions view_options(PanelContext& context) override;
    void respond(const FigureInteraction& interaction, PanelContext& context) override;
};

} // namespace attnscope::ui
