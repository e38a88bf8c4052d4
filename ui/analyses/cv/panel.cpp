#include "ui/analyses/cv/panel.h"

#include <attnscope/compare_figures.h>

#include <cstdio>

namespace attnscope::ui {

void CvPanel::update(PanelContext& context) {
    CvSlots& slots = context.services.cv();
    answer_ = ask(slots);
    answer_.cancelled = answer_.cancelled || context.services.attention().read_cancelled();
    if (!answer_.ready) return hide();
    Key key{answer_.generations, slots.view(), {}, context.state.view.attention.beside};
    with_pinned_ = false;
    if (CvSlots* const pinned = context.services.pinned().cv(context.state)) {
        const Answer answer = ask_pinned(*pinned);
        join_pinned(answer, key.generations);
        key.pinned_view = pinned->view();
    }
    if (has_figure() && key == key_) return;
    key_ = std::move(key);
    Figure figure = build(key_.view);
    if (with_pinned_) compare_with_pinned(figure, build_pinned(key_.pinned_view), key_.beside);
    show(std::move(figure));
}

// ---------------------------------------------------------------- of the model

FigurePanel::Answer CvModelPanel::ask(CvSlots& slots) {
    Answer answer;
    const auto asked = slots.matrices();
    matrices_ = asked.result;
    answer.add(asked);
    return answer;
}

FigurePanel::Answer CvModelPanel::ask_pinned(CvSlots& slots) {
    Answer answer;
    if (!compares() || !slots.model()) return answer;
    const auto asked = slots.matrices();
    pinned_ = asked.result;
    answer.add(asked);
    return answer;
}

std::optional<Hint> CvModelPanel::hint(PanelContext& context) const {
    const Source* const source = context.state.model_source();
    const Hint::Action sample{"Open the sample", command("file.sample")}, open{"Open…", command("file.open")},
        train{"Start the experiment", command("cv.start")};
    if (!source)
        return Hint{
            "No model is open",
            "Drop a Hugging Face folder or a GGUF file into the window, or open one: its matrices appear on the "
            "band. The sample is SmolLM2-135M. The experiment needs no model.",
            {sample, open, train}};
    if (source->error && !source->model) return unusable("The model cannot be used", *source);
    if (!source->model) return std::nullopt;
    if (!has_figure() && answer_.error) return Hint{"This could not be computed", answer_.error->what(), {}, true};
    return std::nullopt;
}

std::optional<std::pair<std::string, Progress>> CvModelPanel::loading(PanelContext& context) const {
    return loading_of(context.state.model_source());
}

FigureViewOptions CvModelPanel::view_options(PanelContext& context) {
    FigureViewOptions options = FigurePanel::view_options(context);
    options.id_tooltip = [matrices = matrices_](std::uint32_t index) {
        if (!matrices || index >= matrices->size()) return;
        const cv::Matrix& matrix = (*matrices)[index];
        ImGui::Text("%s   %zu × %zu", matrix.name.c_str(), matrix.rows, matrix.cols);
        ImGui::Text("CV %s   [%s, %s]", short_number(matrix.cv).c_str(), short_number(matrix.ci95.low).c_str(),
                    short_number(matrix.ci95.high).c_str());
        ImGui::TextDisabled("null %s · effective dimension %s", short_number(matrix.null_cv).c_str(),
                            short_number(matrix.effective_dim).c_str());
    };
    if (matrices_)
        if (const cv::Matrix* const selected = cv::selected_matrix(context.services.cv().view(), *matrices_))
            options.selected_id = static_cast<std::uint32_t>(selected - matrices_->data());
    return options;
}

void emit_selection(PanelContext& context, const std::vector<cv::Matrix>& matrices, const cv::Matrix& matrix) {
    const cv::View view = context.services.cv().view();
    const int head = cv::has_heads(matrix.kind) ? cv::query_head(view, matrices, matrix.kind, matrix.head) : view.head;
    context.emit("cv.select", {{"kind", std::string(cv_kind_name(matrix.kind))},
                               {"layer", std::int64_t{matrix.layer < 0 ? view.layer : matrix.layer}},
                               {"head", std::int64_t{head}}});
}

void CvModelPanel::respond(const FigureInteraction& interaction, PanelContext& context) {
    const auto& hit = interaction.hovered;
    if (interaction.clicked && hit && hit->id && matrices_ && *hit->id < matrices_->size())
        emit_selection(context, *matrices_, (*matrices_)[*hit->id]);
}

// ---------------------------------------------------------------- of the experiment

FigurePanel::Answer CvExperimentPanel::ask(CvSlots& slots) {
    Answer answer;
    const auto asked = slots.experiment();
    experiment_ = asked.result;
    answer.add(asked);
    return answer;
}

FigurePanel::Answer CvExperimentPanel::ask_pinned(CvSlots& slots) {
    Answer answer;
    const auto asked = slots.experiment();
    pinned_ = asked.result;
    // The same run is no comparison.
    if (pinned_ == experiment_) return answer;
    answer.add(asked);
    return answer;
}

std::optional<Hint> CvExperimentPanel::hint(PanelContext& context) const {
    const ExperimentRun& run = context.services.cv().run();
    if (const auto error = context.services.cv().experiment().error; error && !run.running())
        return Hint{"The experiment failed", error->what(), {{"Start again", command("cv.start")}}, true};
    if (has_figure() || run.running()) return std::nullopt;
    const CvOptions& options = context.state.view.cv;
    char text[320];
    std::snprintf(
        text, sizeof text,
        "A transformer of one layer learns to sort short sequences, in %zu configurations of width and heads, "
        "%d epochs each. Watch how the volumes of its matrices spread before, while and after it learns.",
        options.dims.size() * options.heads.size(), options.epochs);
    return Hint{"The experiment has not been run", text, {{"Start the experiment", command("cv.start")}}};
}

} // namespace attnscope::ui
