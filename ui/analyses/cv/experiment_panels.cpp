#include "ui/analyses/cv/experiment_panels.h"

#include "chrome/transport_parts.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace attnscope::ui {

namespace {

void choose_config(PanelContext& context, int dim, int heads) {
    context.emit("cv.config", {{"dim", std::int64_t{dim}}, {"heads", std::int64_t{heads}}});
}

constexpr int id_factor = 2048; // of the points of cv::relation_figure()

} // namespace

PanelHelp CvTrainingPanel::help() const {
    return {
        "A transformer of one layer, trained while you watch: 10 classes × 50 sequences of 8 tokens, each class a "
        "pattern whose positions are drawn anew with probability ¼; embedding and positions, self-attention, "
        "LayerNorm(h + attention), mean, linear; Adam on all sequences at once. Loss before each update, training "
        "accuracy after it, and the CV of the chosen matrices, the mean over heads bold and each head thin. Press or "
        "drag in a plot to look at an epoch; the play button runs through them. The same seed gives the same bits.",
        "L = −mean ln p(class),  θ ← Adam(θ, ∇L),  CV(epoch) = std(V)/mean(V)",
        "Kingma and Ba 2015, arXiv:1412.6980; Vaswani et al. 2017, arXiv:1706.03762"};
}

FigureViewOptions CvTrainingPanel::view_options(PanelContext& context) {
    FigureViewOptions options = CvExperimentPanel::view_options(context);
    options.cursor_axes = -1;
    return options;
}

void CvTrainingPanel::controls(PanelContext& context) const {
    const CvSlots& slots = context.services.cv();
    const CvOptions& options = context.state.view.cv;
    const float em = ImGui::GetFontSize();
    const bool running = slots.run().running();
    const std::size_t all = experiment_->configs.size(), done = experiment_->finished();
    if (running) {
        if (ImGui::Button("Pause")) context.emit("cv.pause");
        ImGui::SetItemTooltip("Stops at once and keeps what there is; Go on continues from the last update");
    } else if (done < all) {
        if (ImGui::Button("Go on")) context.emit("cv.start");
        ImGui::SetItemTooltip("Continues from the last update of every configuration");
    } else {
        if (ImGui::Button("New seed"))
            context.emit("cv.seed", {{"value", static_cast<std::int64_t>(options.seed + 1)}});
        ImGui::SetItemTooltip("Another draw of data and weights; pin this run as A first to compare the two");
    }
    ImGui::SameLine(0, em * 0.8f);
    bar_label("follow", context.theme);
    if (begin_choice("##group", options.group.c_str())) {
        for (const std::string& group : cv::experiment_groups())
            if (ImGui::Selectable(group.c_str(), group == options.group)) context.emit("cv.group", {{"group", group}});
        ImGui::EndCombo();
    }
    ImGui::SetItemTooltip("The matrices whose CV is followed, in all panels of the experiment");
    ImGui::SameLine(0, em * 0.8f);
    bar_label("width × heads", context.theme);
    const cv::ExperimentConfig* const chosen = cv::selected_config(slots.view(), *experiment_);
    const auto name = [](const cv::ExperimentConfig& config) {
        return std::to_string(config.dim) + " × " + std::to_string(config.heads);
    };
    if (begin_choice("##config", chosen ? name(*chosen).c_str() : "")) {
        for (const auto& config : experiment_->configs)
            if (ImGui::Selectable(name(*config).c_str(), config.get() == chosen))
                choose_config(context, config->dim, config->heads);
        ImGui::EndCombo();
    }
    if (!running) return;
    ImGui::SameLine(0, em * 0.8f);
    const Progress progress = slots.run().progress();
    char text[64];
    std::snprintf(text, sizeof text, "%.0f %%  %s", 100 * std::max(0.0, progress.fraction),
                  time_left(progress.seconds_left).c_str());
    if (ImGui::GetContentRegionAvail().x > em * 8) {
        ImGui::SetNextItemWidth(-FLT_MIN);
        ImGui::ProgressBar(static_cast<float>(std::max(0.0, progress.fraction)), {-FLT_MIN, 0}, text);
    } else {
        ImGui::NewLine();
    }
}

void CvTrainingPanel::body(PanelContext& context) {
    if (experiment_) controls(context);
    CvExperimentPanel::body(context);
}

void CvTrainingPanel::respond(const FigureInteraction& interaction, PanelContext& context) {
    if (!interaction.dragged_x) return;
    const int last = context.services.cv().last_epoch();
    const auto epoch = std::clamp<std::int64_t>(std::llround(*interaction.dragged_x), 0, last);
    if (epoch != context.state.view.cv.epoch) context.emit("cv.epoch", {{"value", epoch}});
}

PanelHelp CvGridPanel::help() const {
    return {
        "Every configuration of the experiment, filling in as it is trained: colour is the CV of the matrices that are "
        "followed, at the epoch of the bar above, or the newest. Click one to see its curves.",
        "CV = std(V)/mean(V), a mean over heads", "Miles 1971 for the Gaussian null"};
}

void CvGridPanel::respond(const FigureInteraction& interaction, PanelContext& context) {
    const auto& hit = interaction.hovered;
    if (!interaction.clicked || !hit || !hit->cell || hit->axes != 0) return;
    std::vector<int> dims, heads;
    for (const auto& config : experiment_->configs) {
        if (std::ranges::find(dims, config->dim) == dims.end()) dims.push_back(config->dim);
        if (std::ranges::find(heads, config->heads) == heads.end()) heads.push_back(config->heads);
    }
    const auto column = static_cast<std::size_t>((*hit->cell)[0]), row = static_cast<std::size_t>((*hit->cell)[1]);
    if (row < dims.size() && column < heads.size()) choose_config(context, dims[row], heads[column]);
}

PanelHelp CvRelationPanel::help() const {
    return {
        "The CV relation: how the spread of volumes depends on the number of dimensions that rows live in, for the "
        "matrices that are followed of every configuration, before training and at the epoch of the bar above. Before "
        "training they are random and lie near the null curve; where learning moves them is what the experiment "
        "shows. Few rows bias the CV low.",
        "null: CV² = ∏ⱼ E[χ²_{D−j}]/E[χ_{D−j}]² − 1, j = 0 … 3", "Miles 1971"};
}

FigureViewOptions CvRelationPanel::view_options(PanelContext& context) {
    FigureViewOptions options = CvExperimentPanel::view_options(context);
    options.id_tooltip = [](std::uint32_t id) { ImGui::Text("width %u × %u heads", id / id_factor, id % id_factor); };
    return options;
}

void CvRelationPanel::respond(const FigureInteraction& interaction, PanelContext& context) {
    const auto& hit = interaction.hovered;
    if (interaction.clicked && hit && hit->id)
        choose_config(context, static_cast<int>(*hit->id / id_factor), static_cast<int>(*hit->id % id_factor));
}

} // namespace attnscope::ui
