// The panels of the Alignment workspace, drawn from a model or from grams. What they need is computed once.
#include "cli/panel_source.h"

#include <attnscope/alignment_recipe.h>

#include <optional>

namespace attnscope::cli {
namespace {

class AlignmentPanels final : public PanelSource {
public:
    explicit AlignmentPanels(AlignmentJob job) : job_(std::move(job)) {}

    const std::vector<std::string>& panels() const override { return alignment::panel_ids(); }
    bool can_draw(const std::string& panel) const override { return panel != matched_panel || job_.match; }
    void load(JobContext& context, std::vector<Warning>& warnings) override { load_inputs(job_, context, warnings); }
    Figure draw(const FigureSpec& spec, JobContext& context) const override {
        // Matching costs as much as everything else together: only where it is shown.
        const bool match = spec.panel == matched_panel || job_.match;
        if (!result_ || (match && !result_->matching)) {
            AlignmentJob job = job_;
            job.match = match;
            job.signs = false;
            result_ = compute_alignment(job, context);
        }
        // Random operators take longer than all the rest of a model that was opened before.
        if (spec.panel == signs_panel && !result_->signs)
            result_->signs = alignment::compute_sign_chance(alignment::sign_shape(*result_->operators), context);
        return alignment_figure(job_, spec.panel, *result_);
    }
    Recipe recipe(const FigureSpec& figure) const override {
        AlignmentJob job = job_;
        job.figure = figure;
        return alignment_recipe(job);
    }

private:
    static constexpr const char *matched_panel = "alignment.matched", *signs_panel = "alignment.signs";

    AlignmentJob job_;
    mutable std::optional<AlignmentResult> result_;
};

} // namespace

std::unique_ptr<PanelSource> panel_source(AlignmentJob job) {
    return std::make_unique<AlignmentPanels>(std::move(job));
}

} // namespace attnscope::cli
