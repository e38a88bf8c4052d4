#include "cli/panel_source.h"

#include "cli/figure_job.h"

#include <attnscope/alignment_figures.h>
#include <attnscope/attention_figures.h>
#include <attnscope/compare_figures.h>
#include <attnscope/cv_figures.h>
#include <attnscope/jacobian_figures.h>
#include <attnscope/residual_figures.h>
#include <attnscope/retrieval_figures.h>

#include <algorithm>

namespace attnscope::cli {
namespace {

class RetrievalPanels final : public PanelSource {
public:
    explicit RetrievalPanels(RetrievalJob job) : job_(std::move(job)) {}

    const std::vector<std::string>& panels() const override { return retrieval::panel_ids(); }
    bool can_draw(const std::string& panel) const override {
        return panel != "retrieval.letters" || job_.request.bank->has_pictures();
    }
    void load(JobContext& context, std::vector<Warning>& warnings) override { load_inputs(job_, context, warnings); }
    Figure draw(const FigureSpec& spec, JobContext& context) const override {
        return draw_panel(job_, spec.panel, context);
    }
    Recipe recipe(const FigureSpec& figure) const override {
        RetrievalJob job = job_;
        job.figure = figure;
        return retrieval_recipe(job);
    }

private:
    RetrievalJob job_;
};

/// Layer, head and query, as near as the model and the text have them.
void clamp_cursor(AttentionJob& job) {
    const ModelConfig& config = job.request.model->config();
    job.layer = std::clamp(job.layer, 0, static_cast<int>(config.layers) - 1);
    job.head = std::clamp(job.head, 0, static_cast<int>(config.heads) - 1);
    job.token = std::min<std::int64_t>(job.token, std::ssize(job.request.texts.front()) - 1);
}

class AttentionPanels final : public PanelSource {
public:
    explicit AttentionPanels(AttentionJob job) : job_(std::move(job)) {}
    AttentionPanels(AttentionJob of_heads, AttentionJob of_one_head)
        : job_(std::move(of_one_head)), of_heads_(std::move(of_heads)) {}

    const std::vector<std::string>& panels() const override { return attention::panel_ids(); }
    bool can_draw(const std::string&) const override { return true; }
    void load(JobContext& context, std::vector<Warning>& warnings) override {
        load_inputs(job_, context, warnings);
        if (!of_heads_) return;
        std::vector<Warning> same;
        of_heads_->request.model = job_.request.model;
        load_inputs(*of_heads_, context, same);
        clamp_cursor(job_);
        clamp_cursor(*of_heads_);
    }
    Figure draw(const FigureSpec& spec, JobContext& context) const override {
        return attention_figure(job_of(spec), spec, context);
    }
    Recipe recipe(const FigureSpec& figure) const override {
        AttentionJob job = job_of(figure);
        job.figure = figure;
        return attention_recipe(job);
    }

private:
    const AttentionJob& job_of(const FigureSpec& figure) const {
        return of_heads_ && figure.panel == "attention.heads" ? *of_heads_ : job_;
    }

    AttentionJob job_;
    std::optional<AttentionJob> of_heads_; // where they are drawn from another one
};

class ComparedPanels final : public PanelSource {
public:
    ComparedPanels(std::unique_ptr<PanelSource> shown, std::unique_ptr<PanelSource> pinned, bool beside)
        : shown_(std::move(shown)), pinned_(std::move(pinned)), beside_(beside) {}

    const std::vector<std::string>& panels() const override { return shown_->panels(); }
    bool can_draw(const std::string& panel) const override { return shown_->can_draw(panel); }
    void load(JobContext& context, std::vector<Warning>& warnings) override {
        shown_->load(context, warnings);
        std::vector<Warning> of_pinned;
        pinned_->load(context, of_pinned);
        for (Warning& warning : of_pinned)
            if (std::ranges::find(warnings, warning) == warnings.end()) warnings.push_back(std::move(warning));
    }
    Figure draw(const FigureSpec& spec, JobContext& context) const override {
        Figure figure = shown_->draw(spec, context);
        if (compares(spec.panel)) compare_with_pinned(figure, pinned_->draw(spec, context), beside_);
        return figure;
    }
    Recipe recipe(const FigureSpec& figure) const override {
        Recipe recipe = shown_->recipe(figure);
        if (!compares(figure.panel)) return recipe;
        recipe.pinned = std::make_shared<const Recipe>(pinned_->recipe(figure));
        recipe.beside = beside_;
        return recipe;
    }

private:
    bool compares(const std::string& panel) const { return shows_pinned(panel) && pinned_->can_draw(panel); }

    std::unique_ptr<PanelSource> shown_, pinned_;
    bool beside_;
};

std::string short_name(const std::string& id) {
    return id.substr(id.find('.') + 1);
}

/// The id that `panel` means among `ids`; empty for none.
std::string find_panel(const std::vector<std::string>& ids, const std::string& panel) {
    const auto found = std::find_if(ids.begin(), ids.end(),
                                    [&](const std::string& id) { return id == panel || short_name(id) == panel; });
    return found == ids.end() ? std::string() : *found;
}

[[noreturn]] void refuse_panel(const std::vector<std::string>& known, const std::string& panel) {
    std::string names = "all";
    for (const std::string& id : known) names += ", " + short_name(id);
    throw Error(ErrorKind::usage, "--panel", "one of " + names, panel);
}

} // namespace

std::unique_ptr<PanelSource> panel_source(RetrievalJob job) {
    return std::make_unique<RetrievalPanels>(std::move(job));
}

std::unique_ptr<PanelSource> panel_source(AttentionJob job) {
    return std::make_unique<AttentionPanels>(std::move(job));
}

std::unique_ptr<PanelSource> panel_source(AttentionJob of_heads, AttentionJob of_one_head) {
    return std::make_unique<AttentionPanels>(std::move(of_heads), std::move(of_one_head));
}

std::unique_ptr<PanelSource> compared(std::unique_ptr<PanelSource> shown, std::unique_ptr<PanelSource> pinned,
                                      bool beside) {
    return std::make_unique<ComparedPanels>(std::move(shown), std::move(pinned), beside);
}

Workspace workspace_of(const std::string& panel) {
    for (const ui::Analysis& analysis : ui::all_analyses())
        if (!find_panel(analysis.panel_ids(), panel).empty()) return analysis.workspace;
    refuse_panel(all_panels(), panel);
}

std::vector<std::string> all_panels() {
    std::vector<std::string> ids;
    for (const ui::Analysis& analysis : ui::all_analyses())
        ids.insert(ids.end(), analysis.panel_ids().begin(), analysis.panel_ids().end());
    return ids;
}

std::string panel_id(const PanelSource& source, const std::string& panel) {
    const std::string id = find_panel(source.panels(), panel);
    if (id.empty()) refuse_panel(source.panels(), panel);
    return id;
}

} // namespace attnscope::cli
