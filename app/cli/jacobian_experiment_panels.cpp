// The panels of the softmax-gradient experiment. What they show is trained once.
#include "cli/panel_source.h"

#include <attnscope/jacobian_experiment_figures.h>

#include <optional>

namespace attnscope::cli {
namespace {

class JacobianExperimentPanels final : public PanelSource {
public:
    explicit JacobianExperimentPanels(JacobianExperimentJob job) : job_(std::move(job)) {}

    const std::vector<std::string>& panels() const override { return jacobian::experiment_panel_ids(); }
    bool can_draw(const std::string&) const override { return true; }
    void load(JobContext& context, std::vector<Warning>& warnings) override { load_inputs(job_, context, warnings); }
    Figure draw(const FigureSpec& spec, JobContext& context) const override {
        if (!result_) result_ = jacobian::compute_experiment(job_.request, context);
        const jacobian::ExperimentView view{.metric = job_.metric, .shown = job_.shown, .step = job_.step};
        return jacobian::experiment_figure(view, spec.panel, *result_);
    }
    Recipe recipe(const FigureSpec& figure) const override {
        JacobianExperimentJob job = job_;
        job.figure = figure;
        return jacobian_experiment_recipe(job);
    }

private:
    JacobianExperimentJob job_;
    mutable std::optional<jacobian::Experiment> result_;
};

} // namespace

std::unique_ptr<PanelSource> panel_source(JacobianExperimentJob job) {
    return std::make_unique<JacobianExperimentPanels>(std::move(job));
}

} // namespace attnscope::cli
