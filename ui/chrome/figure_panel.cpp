#include "shell/figure_panel.h"

#include <utility>

namespace attnscope::ui {

void FigurePanel::show(Figure figure) {
    figure_ = std::move(figure);
    has_figure_ = true;
    ++generation_;
}

Hint FigurePanel::unusable(const char* title, const Source& source) {
    return {title,
            source.error->what(),
            {{"Load again", command("source.retry", {{"source", std::int64_t{source.id}}})},
             {"Open…", command("file.open")}},
            true};
}

std::optional<std::pair<std::string, Progress>> FigurePanel::loading_of(const Source* source) {
    if (!source || !source->loading) return std::nullopt;
    return std::pair{source->name, source->progress};
}

void FigurePanel::join_pinned(const Answer& pinned, std::vector<std::uint64_t>& generations) {
    with_pinned_ = pinned.ready;
    // Without A the figure is not what was asked for, unless there is no A to come.
    answer_.stale = answer_.stale || (pinned.stale && !pinned.error);
    answer_.cancelled = answer_.cancelled || pinned.cancelled;
    generations.insert(generations.end(), pinned.generations.begin(), pinned.generations.end());
}

std::optional<ShownFigure> FigurePanel::figure(PanelContext& context) {
    update(context);
    if (!has_figure_ || answer_.stale) return std::nullopt;
    ShownFigure shown{figure_, view_.zooms(), with_pinned_};
    zoom_into(shown.figure, shown.zoom);
    return shown;
}

void FigurePanel::draw(PanelContext& context) {
    if (auto zooms = context.services.take_zoom(id_); !zooms.empty()) view_.zoom_to(std::move(zooms));
    update(context);
    const auto awaited = loading(context);
    PanelStatus status;
    status.has_figure = has_figure_;
    status.subtitle = has_figure_ ? figure_.subtitle : "";
    status.busy = has_figure_ && answer_.stale && !answer_.error && !answer_.cancelled;
    status.progress = answer_.progress;
    panel_header(*this, status, context);
    if (auto words = hint(context)) {
        draw_hint(*words, context);
    } else if (awaited && !has_figure_) {
        draw_waiting(awaited->second, "Loading " + awaited->first, context.theme);
    } else if (!has_figure_ && answer_.cancelled) {
        draw_cancelled(context);
    } else if (!has_figure_) {
        draw_waiting(answer_.progress, "Computing", context.theme);
    } else {
        if (answer_.error) {
            // The picture below answers an earlier wish; say why there is no newer one.
            ImGui::PushTextWrapPos(0);
            ImGui::TextColored(context.theme.error, "%s", answer_.error->what());
            ImGui::PopTextWrapPos();
        } else if (answer_.cancelled) {
            draw_cancelled(context);
        }
        body(context);
    }
    panel_context_menu(*this, status, context);
}

FigureViewOptions FigurePanel::view_options(PanelContext&) {
    FigureViewOptions options;
    options.stale = answer_.stale;
    return options;
}

FigureInteraction FigurePanel::draw_figure(const Figure& figure, PanelContext& context) {
    FigureInteraction interaction = view_.draw(id_.c_str(), figure, generation_, context.theme, view_options(context));
    if (interaction.hovered) context.services.readout().set({title(), interaction.values}, ImGui::GetFrameCount());
    return interaction;
}

void FigurePanel::body(PanelContext& context) {
    respond(draw_figure(figure_, context), context);
}

} // namespace attnscope::ui
