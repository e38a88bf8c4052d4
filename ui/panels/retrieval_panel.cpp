#include "panels/retrieval_panel.h"

#include <algorithm>

namespace attnscope::ui {

namespace {

/// The curve that stands for its axes: the accented one, else the widest.
const Line* leading_line(const Axes& axes) {
    const Line* leading = nullptr;
    const auto weight = [](const Line& line) {
        return line.width + (line.colour.role == Colour::Role::accent ? 100.0f : 0.0f);
    };
    for (const Element& element : axes.elements)
        if (const auto* line = std::get_if<Line>(&element); line && (!leading || weight(*line) > weight(*leading)))
            leading = line;
    return leading;
}

}  // namespace

void overlay_pinned(Figure& figure, const Figure& pinned) {
    bool explained = false;
    for (std::size_t i = 0; i < std::min(figure.axes.size(), pinned.axes.size()); ++i) {
        const Line* const leading = leading_line(pinned.axes[i]);
        if (!leading) continue;
        Line line = *leading;
        line.name = "A";
        line.colour = {.role = Colour::Role::text, .alpha = 0.75f};
        line.width = 1.2f;
        line.dashed = true;
        line.markers = false;
        // Over the fills, under the curves of the current view.
        auto& elements = figure.axes[i].elements;
        const auto first_line = std::find_if(elements.begin(), elements.end(), [](const Element& element) {
            return std::holds_alternative<Line>(element) || std::holds_alternative<Points>(element);
        });
        elements.insert(first_line, std::move(line));
        if (figure.axes[i].legend == Axes::Legend::none && !explained) figure.axes[i].legend = Axes::Legend::top_right;
        explained = true;
    }
}

void RetrievalPanel::update(PanelContext& context) {
    RetrievalSlots& slots = context.services.retrieval();
    answer_ = ask(slots);
    const retrieval::View view = slots.view();
    if (!answer_.ready || !view.bank) {
        has_figure_ = false;
        return;
    }
    Key key{answer_.generations, view.bank, view.beta, view.step, view.mode, view.query_label, variant(context)};
    RetrievalSlots* const pinned_slots = context.services.pinned().retrieval(context.state);
    has_pinned_ = false;
    if (pinned_slots) {
        const Answer pinned = ask_pinned(*pinned_slots);
        has_pinned_ = pinned.ready;
        key.generations.insert(key.generations.end(), pinned.generations.begin(), pinned.generations.end());
        key.variant += "\n" + context.state.pinned->title;
    }
    if (has_figure_ && key == key_) return;
    key_ = std::move(key);
    figure_ = build(view);
    if (has_pinned_)
        if (const auto pinned = build_pinned(pinned_slots->view())) overlay_pinned(figure_, *pinned);
    amend(figure_, context);
    has_figure_ = true;
    ++generation_;
}

std::optional<Figure> RetrievalPanel::figure(PanelContext& context) {
    update(context);
    if (!has_figure_ || answer_.stale) return std::nullopt;
    return figure_;
}

std::optional<Hint> RetrievalPanel::hint(PanelContext& context) const {
    const AppState& state = context.state;
    const Source* const source = state.bank_source();
    const Hint::Action sample{"Open the sample", command("file.sample")}, open{"Open…", command("file.open")};
    if (!source)
        return Hint{"No bank is open",
                    "Drop a file of embeddings into the window, or open one: safetensors, npy, npz or a PyTorch file. "
                    "The sample is WordNet glosses embedded by MiniLM.",
                    {sample, open}};
    if (source->error)
        return Hint{"The bank cannot be used",
                    source->error->what(),
                    {{"Load again", command("source.retry", {{"source", std::int64_t{source->id}}})}, open},
                    true};
    if (auto own = own_hint(context)) return own;
    if (has_figure_) return std::nullopt;
    if (answer_.error) {
        Hint failed{"This could not be computed", answer_.error->what(), {}, true};
        if (answer_.error->kind == ErrorKind::usage && answer_.error->subject == "query") {
            failed.title = "The query needs an encoder";
            failed.text += ". Open the folder of a sentence encoder, or use a memory as the query.";
            failed.actions = {sample, open, {"Use memory 0", command("query.memory", {{"row", std::int64_t{0}}})}};
        }
        return failed;
    }
    return std::nullopt;
}

void RetrievalPanel::draw(PanelContext& context) {
    update(context);
    const Source* const source = context.state.bank_source();
    const bool loading = source && source->loading;
    PanelStatus status;
    status.has_figure = has_figure_;
    status.subtitle = has_figure_ ? figure_.subtitle : "";
    status.busy = has_figure_ && answer_.stale && !answer_.error;
    status.progress = answer_.progress;
    panel_header(*this, status, context);
    if (auto words = hint(context)) {
        draw_hint(*words, context);
    } else if (loading && !has_figure_) {
        draw_waiting(source->progress, "Loading " + source->name, context.theme);
    } else if (!has_figure_) {
        draw_waiting(answer_.progress, "Computing", context.theme);
    } else {
        if (answer_.error) {
            // The picture below answers an earlier wish; say why there is no newer one.
            ImGui::PushTextWrapPos(0);
            ImGui::TextColored(context.theme.error, "%s", answer_.error->what());
            ImGui::PopTextWrapPos();
        }
        body(context);
    }
    panel_context_menu(*this, status, context);
}

FigureViewOptions RetrievalPanel::view_options(PanelContext& context) {
    FigureViewOptions options;
    options.stale = answer_.stale;
    options.selected_id = context.state.view.selection.memory;
    return options;
}

FigureInteraction RetrievalPanel::draw_figure(const Figure& figure, PanelContext& context) {
    FigureInteraction interaction = view_.draw(id_.c_str(), figure, generation_, context.theme, view_options(context));
    if (interaction.hovered) context.services.readout().set({title(), interaction.values}, ImGui::GetFrameCount());
    return interaction;
}

void RetrievalPanel::body(PanelContext& context) { respond(draw_figure(figure_, context), context); }

}  // namespace attnscope::ui
