#include "ui/analyses/jacobian/experiment_panels.h"

#include "chrome/transport_parts.h"

#include <attnscope/compare_figures.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace attnscope::ui {

namespace {

constexpr float side_by_side = 14; // × em that each of several plots needs

void choose_run(PanelContext& context, const jacobian::Combination& combination) {
    context.emit("training.run", {{"method", std::string(choice_name(combination.method))},
                                  {"gradient", std::string(choice_name(combination.gradient))}});
}

const char* method_text(jacobian::Method method) {
    switch (method) {
    case jacobian::Method::back_propagation: return "back-propagation: errors go back through the weights";
    case jacobian::Method::feedback_alignment: return "feedback alignment: through fixed random matrices";
    case jacobian::Method::sign_symmetric: return "sign-symmetric: through the signs of the weights";
    case jacobian::Method::direct_feedback: break;
    }
    return "direct feedback: the output's error to every block through a fixed random matrix";
}

const char* gradient_text(jacobian::SoftmaxGradient gradient) {
    switch (gradient) {
    case jacobian::SoftmaxGradient::full: return "A ⊙ (g − Σ A g)";
    case jacobian::SoftmaxGradient::diagonal: return "A ⊙ (1 − A) ⊙ g: no lateral sum";
    case jacobian::SoftmaxGradient::straight_through: return "g: as if there were no softmax";
    case jacobian::SoftmaxGradient::surrogate: break;
    }
    return "A ⊙ (g − dO·O): the same number by another way";
}

float named_choice_width(const char* label, const std::string& shown) {
    return ImGui::CalcTextSize(label).x + ImGui::GetStyle().ItemSpacing.x + choice_width(shown.c_str());
}

/// A choice of several by ticks: "methods bp, fa".
template <class Values, class All, class Help>
void tick_choice(PanelContext& context, const char* label, const char* command_id, const char* argument,
                 const Values& chosen, const All& all, const Help& help) {
    std::string shown;
    for (const auto value : chosen) shown += (shown.empty() ? "" : ", ") + std::string(choice_name(value));
    if (chosen.size() == all.size()) shown = "all";
    next_control(named_choice_width(label, shown));
    bar_label(label, context.theme);
    if (begin_choice((std::string("##") + label).c_str(), shown.c_str())) {
        for (const auto value : all) {
            bool on = std::ranges::find(chosen, value) != chosen.end();
            if (ImGui::Checkbox(choice_name(value), &on))
                context.emit(command_id, {{argument, std::string(choice_name(value))}});
            ImGui::SetItemTooltip("%s", help(value));
        }
        ImGui::EndCombo();
    }
}

void progress_bar(const Progress& progress) {
    char text[64];
    std::snprintf(text, sizeof text, "%.0f %%  %s", 100 * std::max(0.0, progress.fraction),
                  time_left(progress.seconds_left).c_str());
    next_control(ImGui::GetFontSize() * 9);
    ImGui::SetNextItemWidth(-FLT_MIN);
    ImGui::ProgressBar(static_cast<float>(std::max(0.0, progress.fraction)), {-FLT_MIN, 0}, text);
}

} // namespace

void JacobianExperimentPanel::update(PanelContext& context) {
    JacobianTraining& training = context.services.training();
    answer_ = {};
    const auto asked = training.experiment();
    experiment_ = asked.result;
    answer_.add(asked);
    if (!answer_.ready) return hide();
    Key key{answer_.generations, training.view(), {}, context.state.view.attention.beside};
    with_pinned_ = false;
    jacobian::ExperimentPtr pinned_experiment;
    if (JacobianTraining* const pinned = context.services.pinned().training(context.state)) {
        const auto of_pinned = pinned->experiment();
        // The same run is no comparison.
        if (of_pinned.result && of_pinned.result != experiment_) {
            with_pinned_ = true;
            pinned_experiment = of_pinned.result;
            key.generations.push_back(of_pinned.generation);
        }
        key.pinned_view = pinned->view();
    }
    if (has_figure() && key == key_) return;
    key_ = std::move(key);
    Figure figure = jacobian::experiment_figure(key_.view, id(), *experiment_);
    if (with_pinned_)
        compare_with_pinned(figure, jacobian::experiment_figure(key_.pinned_view, id(), *pinned_experiment),
                            key_.beside);
    show(std::move(figure));
}

std::optional<Hint> JacobianExperimentPanel::hint(PanelContext& context) const {
    const JacobianTraining& training = context.services.training();
    const Hint::Action start{"Start the training", command("training.start")}, open{"Open…", command("file.open")},
        sample{"Use the sample's texts", command("training.sample")};
    if (const auto error = training.experiment().error; error && !training.run().running())
        return Hint{"The training failed", error->what(), {start}, true};
    if (has_figure() || training.run().running()) return std::nullopt;
    if (const auto error = training.text_error())
        return Hint{"This text cannot be trained on", error->what(), {sample, open}, true};
    if (training.reads_text()) return std::nullopt;
    if (!training.request().text)
        return Hint{
            "No text to train on",
            "Drop a .txt file into the window, or open one: a small transformer learns it character by character, "
            "once under every method. A few pages are enough.",
            {sample, open}};
    const jacobian::ExperimentText& text = *training.request().text;
    char words[320];
    std::snprintf(words, sizeof words,
                  "A transformer of 4 layers learns %s (%zu characters, %zu distinct), %d steps under each of %zu "
                  "combinations of method and softmax gradient, side by side from the same weights.",
                  text.name.c_str(), text.ids.size(), text.vocabulary.size(), training.request().steps,
                  training.request().combinations.size());
    return Hint{"The training has not begun", words, {start}};
}

PanelHelp JacobianTrainingPanel::help() const {
    return {
        "A character model (4 layers, 4 heads, 128 wide, blocks of 64) trained on the selected text while you watch, "
        "once "
        "for every combination: how errors go back from layer to layer, and which gradient the softmax passes on. All "
        "runs start from the same weights and see the same windows, and a seed gives the same bits. Loss of every "
        "step, loss on the tenth of the text that is not trained on, and the metric of the bar above, "
        "measured with the gradient that the method itself sends. Drag in a plot to look at an earlier step.",
        "full A ⊙ (g − Σ A g),  diag A ⊙ (1 − A) ⊙ g,  ste g,  surrogate A ⊙ (g − dO·O)",
        "Lillicrap et al. 2016, doi:10.1038/ncomms13276; Liao et al. 2016, arXiv:1510.05067; Nøkland 2016, "
        "arXiv:1609.01596; Dao et al. 2022, arXiv:2205.14135"};
}

FigureViewOptions JacobianTrainingPanel::view_options(PanelContext& context) {
    FigureViewOptions options = JacobianExperimentPanel::view_options(context);
    options.cursor_axes = -1;
    options.legends_above = true;
    // Three side by side, or below each other: two and one would leave a hole and make the curves small.
    const float em = ImGui::GetFontSize(), width = ImGui::GetContentRegionAvail().x;
    options.smallest_width = width < 3 * side_by_side * em ? width / em : side_by_side * 0.8f;
    return options;
}

void JacobianTrainingPanel::controls(PanelContext& context) const {
    const JacobianTraining& training = context.services.training();
    const JacobianTrainingOptions& options = context.state.view.training;
    const bool running = training.run().running();
    const bool begun = experiment_ != nullptr;
    if (running) {
        if (ImGui::Button("Pause")) context.emit("training.pause");
        ImGui::SetItemTooltip("Stops at once and keeps what there is; Go on continues from the last step");
    } else if (!begun || experiment_->finished() < experiment_->runs.size()) {
        if (ImGui::Button(begun ? "Go on" : "Start")) context.emit("training.start");
        ImGui::SetItemTooltip(begun ? "Continues from the last step of every run"
                                    : "Trains every combination, side by side");
    } else {
        if (ImGui::Button("New seed"))
            context.emit("training.seed", {{"value", static_cast<std::int64_t>(options.seed + 1)}});
        ImGui::SetItemTooltip("Other weights and windows; pin these runs as A first to compare the two");
    }
    tick_choice(context, "methods", "training.method", "method", options.methods, jacobian::methods, method_text);
    tick_choice(context, "softmax", "training.gradient", "gradient", options.gradients, jacobian::softmax_gradients,
                gradient_text);
    const jacobian::TrainingRun* const chosen = begun ? jacobian::selected_run(training.view(), *experiment_) : nullptr;
    const std::string bold = chosen ? jacobian::combination_name(chosen->combination) : "";
    next_control(named_choice_width("bold", bold));
    bar_label("bold", context.theme);
    if (begin_choice("##run", bold.c_str())) {
        for (const auto& run : experiment_->runs)
            if (ImGui::Selectable(jacobian::combination_name(run->combination).c_str(), run.get() == chosen))
                choose_run(context, run->combination);
        ImGui::EndCombo();
    }
    ImGui::SetItemTooltip("The run whose heads are shown, in all panels of the experiment");
    if (running) progress_bar(training.run().progress());
}

void JacobianTrainingPanel::body(PanelContext& context) {
    controls(context);
    JacobianExperimentPanel::body(context);
}

void JacobianTrainingPanel::respond(const FigureInteraction& interaction, PanelContext& context) {
    if (!interaction.dragged_x) return;
    const int last = context.services.training().last_step();
    const auto step = std::clamp<std::int64_t>(std::llround(*interaction.dragged_x), 0, last);
    if (step != context.state.view.training.step) context.emit("training.step", {{"value", step}});
}

PanelHelp JacobianGridPanel::help() const {
    return {"Every combination of method and softmax gradient, filling in as it is trained: colour is the loss on the "
            "tenth of "
            "the text that is not trained on, at the chosen step or the newest. Click one to see its heads.",
            "L = −mean ln p(next character)", "as Training"};
}

void JacobianGridPanel::respond(const FigureInteraction& interaction, PanelContext& context) {
    const auto& hit = interaction.hovered;
    if (!interaction.clicked || !hit || !hit->cell || !experiment_) return;
    std::vector<jacobian::Method> methods;
    std::vector<jacobian::SoftmaxGradient> gradients;
    for (const auto& run : experiment_->runs) {
        const jacobian::Combination& each = run->combination;
        if (std::ranges::find(methods, each.method) == methods.end()) methods.push_back(each.method);
        if (std::ranges::find(gradients, each.gradient) == gradients.end()) gradients.push_back(each.gradient);
    }
    const auto column = static_cast<std::size_t>((*hit->cell)[0]), row = static_cast<std::size_t>((*hit->cell)[1]);
    if (row < methods.size() && column < gradients.size()) choose_run(context, {methods[row], gradients[column]});
}

PanelHelp JacobianTrainedPanel::help() const {
    return {"The chosen metric of every head of the bold run at the chosen step: whether its gradient needs the "
            "lateral sum as "
            "it learns. g is the gradient that the run's own method sends; windows are of the text that is trained on.",
            "r_diag = ‖A ⊙ (1 − A) ⊙ g‖²/‖A ⊙ (g − Σ A g)‖²", "as Training"};
}

} // namespace attnscope::ui
