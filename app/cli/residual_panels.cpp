// The panels of the low-rank workspace. The sweep is run once, and not at all where spectra alone are drawn.
#include "cli/panel_source.h"

#include <attnscope/residual_figures.h>
#include <attnscope/residual_recipe.h>

#include <optional>

namespace attnscope::cli {
namespace {

class ResidualPanels final : public PanelSource {
public:
    explicit ResidualPanels(ResidualJob job) : job_(std::move(job)) {}

    const std::vector<std::string>& panels() const override { return residual::panel_ids(); }
    bool can_draw(const std::string&) const override { return true; }
    void load(JobContext& context, std::vector<Warning>& warnings) override { load_inputs(job_, context, warnings); }
    Figure draw(const FigureSpec& spec, JobContext& context) const override {
        const bool of_spectra =
            spec.panel == "residual.map" || spec.panel == "residual.variance" || spec.panel == "residual.spectrum";
        if (of_spectra && !spectra_) spectra_ = residual::compute_spectra(of_all_layers(), context);
        if (!of_spectra && !result_) result_ = residual::compute(job_.request, context);
        const residual::Result drawn = result_ ? *result_ : planned();
        return residual_figure(job_, spec.panel, drawn, of_spectra ? &*spectra_ : nullptr);
    }
    Recipe recipe(const FigureSpec& figure) const override {
        ResidualJob job = job_;
        job.figure = figure;
        return residual_recipe(job);
    }

private:
    residual::Request of_all_layers() const {
        residual::Request request = job_.request;
        request.parameters.layers.clear();
        request.parameters.heads.clear();
        return request;
    }
    /// What spectra are drawn beside, without any loss.
    residual::Result planned() const {
        residual::Result result;
        result.plan = residual::plan(job_.request);
        const ModelConfig& config = job_.request.model->config();
        result.layers = config.layers;
        result.heads = static_cast<int>(config.heads);
        result.head_dim = static_cast<int>(config.head_dim);
        return result;
    }

    ResidualJob job_;
    mutable std::optional<residual::Result> result_;
    mutable std::optional<residual::Spectra> spectra_;
};

} // namespace

std::unique_ptr<PanelSource> panel_source(ResidualJob job) {
    return std::make_unique<ResidualPanels>(std::move(job));
}

} // namespace attnscope::cli
