// The panels of the CV bands workspace, drawn from a model or from the experiment. What a panel needs is measured once.
#include "cli/panel_source.h"

#include <attnscope/cv_experiment_recipe.h>
#include <attnscope/cv_figures.h>
#include <attnscope/cv_recipe.h>

#include <optional>

namespace attnscope::cli {
namespace {

std::vector<std::string> panels_of(bool experiment) {
    std::vector<std::string> ids;
    for (const std::string& id : cv::panel_ids()) {
        if (cv::is_experiment_panel(id) == experiment) ids.push_back(id);
    }
    return ids;
}

class ModelPanels final : public PanelSource {
public:
    explicit ModelPanels(CvJob job) : job_(std::move(job)) {}

    const std::vector<std::string>& panels() const override { return panels_; }
    bool can_draw(const std::string&) const override { return true; }
    void load(JobContext& context, std::vector<Warning>& warnings) override { load_inputs(job_, context, warnings); }
    Figure draw(const FigureSpec& spec, JobContext& context) const override {
        if (!result_) result_ = compute_cv(job_, context);
        return cv_figure(job_, spec.panel, *result_);
    }
    Recipe recipe(const FigureSpec& figure) const override {
        CvJob job = job_;
        job.figure = figure;
        return cv_recipe(job);
    }

private:
    CvJob job_;
    std::vector<std::string> panels_ = panels_of(false);
    mutable std::optional<cv::ModelResult> result_;
};

class ExperimentPanels final : public PanelSource {
public:
    explicit ExperimentPanels(CvExperimentJob job) : job_(std::move(job)) {}

    const std::vector<std::string>& panels() const override { return panels_; }
    bool can_draw(const std::string&) const override { return true; }
    void load(JobContext&, std::vector<Warning>&) override {}
    Figure draw(const FigureSpec& spec, JobContext& context) const override {
        if (!result_) result_ = cv::compute_experiment(job_.request, context);
        return cv_experiment_figure(job_, spec.panel, *result_);
    }
    Recipe recipe(const FigureSpec& figure) const override {
        CvExperimentJob job = job_;
        job.figure = figure;
        return cv_experiment_recipe(job);
    }

private:
    CvExperimentJob job_;
    std::vector<std::string> panels_ = panels_of(true);
    mutable std::optional<cv::Experiment> result_;
};

} // namespace

std::unique_ptr<PanelSource> panel_source(CvJob job) {
    return std::make_unique<ModelPanels>(std::move(job));
}
std::unique_ptr<PanelSource> panel_source(CvExperimentJob job) {
    return std::make_unique<ExperimentPanels>(std::move(job));
}

} // namespace attnscope::cli
