#include "ui/analyses/retrieval/panel.h"

#include <attnscope/compare_figures.h>

namespace attnscope::ui {

void RetrievalPanel::update(PanelContext& context) {
    RetrievalSlots& slots = context.services.retrieval();
    answer_ = ask(slots);
    const retrieval::View view = slots.view();
    if (!answer_.ready || !view.bank) return hide();
    Key key{answer_.generations, view.bank.get(), view.beta, view.step, view.mode, view.query_label, variant(context)};
    RetrievalSlots* const pinned_slots = context.services.pinned().retrieval(context.state);
    with_pinned_ = false;
    if (pinned_slots) {
        const Answer pinned = ask_pinned(*pinned_slots);
        with_pinned_ = pinned.ready;
        key.generations.insert(key.generations.end(), pinned.generations.begin(), pinned.generations.end());
        key.variant += "\n" + context.state.pinned->title;
    }
    if (has_figure() && key == key_) return;
    key_ = std::move(key);
    Figure figure = build(view);
    if (with_pinned_)
        if (const auto pinned = build_pinned(pinned_slots->view())) overlay_pinned(figure, *pinned);
    amend(figure, context);
    show(std::move(figure));
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
    if (source->error) return unusable("The bank cannot be used", *source);
    if (auto own = own_hint(context)) return own;
    if (has_figure()) return std::nullopt;
    if (answer_.error) {
        Hint failed{"This could not be computed", answer_.error->what(), {}, true};
        if (answer_.error->kind == ErrorKind::usage && answer_.error->subject == "query") {
            failed.title = "The query needs an encoder";
            failed.text += ". Open the folder or GGUF file of a sentence encoder, or use a memory as the query.";
            failed.actions = {sample, open, {"Use memory 0", command("query.memory", {{"row", std::int64_t{0}}})}};
        }
        return failed;
    }
    return std::nullopt;
}

std::optional<std::pair<std::string, Progress>> RetrievalPanel::loading(PanelContext& context) const {
    return loading_of(context.state.bank_source());
}

FigureViewOptions RetrievalPanel::view_options(PanelContext& context) {
    FigureViewOptions options = FigurePanel::view_options(context);
    options.selected_id = context.state.view.selection.memory;
    return options;
}

} // namespace attnscope::ui
