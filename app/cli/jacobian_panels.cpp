// The panels of the softmax gradient workspace, drawn from a model or from captures. What a panel needs is computed
// once.
#include "cli/panel_source.h"

#include <attnscope/jacobian_figures.h>
#include <attnscope/jacobian_recipe.h>

#include <optional>

namespace attnscope::cli {
namespace {

class JacobianPanels final : public PanelSource {
public:
    explicit JacobianPanels(JacobianJob job) : job_(std::move(job)) {}

    const std::vector<std::string>& panels() const override { return jacobian::panel_ids(); }
    bool can_draw(const std::string&) const override { return true; }
    void load(JobContext& context, std::vector<Warning>& warnings) override { load_inputs(job_, context, warnings); }
    Figure draw(const FigureSpec& spec, JobContext& context) const override {
        if (jacobian::needs_maps(spec.panel)) {
            if (!maps_) maps_ = jacobian_maps(job_, context);
        } else if (!result_) {
            result_ = compute_jacobian(job_, context);
        }
        static const jacobian::Result nothing;
        return jacobian_figure(job_, spec.panel, result_ ? *result_ : nothing, maps_.get());
    }
    Recipe recipe(const FigureSpec& figure) const override {
        JacobianJob job = job_;
        job.figure = figure;
        return jacobian_recipe(job);
    }

private:
    JacobianJob job_;
    mutable std::optional<jacobian::Result> result_;
    mutable jacobian::LayerMapsPtr maps_;
};

} // namespace

std::unique_ptr<PanelSource> panel_source(JacobianJob job) {
    return std::make_unique<JacobianPanels>(std::move(job));
}

} // namespace attnscope::cli
