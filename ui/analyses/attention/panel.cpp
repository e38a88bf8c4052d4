#include "ui/analyses/attention/panel.h"

#include <attnscope/compare_figures.h>

namespace attnscope::ui {

void AttentionPanel::update(PanelContext& context) {
    AttentionSlots& slots = context.services.attention();
    answer_ = ask(slots, Side::now);
    if (!answer_.ready || !slots.model()) return hide();
    Key key{answer_.generations,          slots.layer(), slots.head(), slots.token(), slots.gain(),
            context.state.view.attention, variant()};
    AttentionSlots* const pinned_slots = compares() ? context.services.pinned().attention(context.state) : nullptr;
    with_pinned_ = false;
    if (pinned_slots) {
        const Answer pinned = ask(*pinned_slots, Side::pinned);
        with_pinned_ = pinned.ready;
        // Without A the figure is not what was asked for, unless there is no A to come.
        answer_.stale = answer_.stale || ((pinned.stale || !pinned.ready) && !pinned.error);
        answer_.cancelled = answer_.cancelled || pinned.cancelled;
        key.generations.insert(key.generations.end(), pinned.generations.begin(), pinned.generations.end());
        key.variant += "\n" + context.state.pinned->title;
    }
    if (has_figure() && key == key_) return;
    key_ = std::move(key);
    Figure figure = build(Side::now);
    if (with_pinned_) compare_with_pinned(figure, build(Side::pinned), context.state.view.attention.beside);
    show(std::move(figure));
}

std::optional<Hint> AttentionPanel::hint(PanelContext& context) const {
    const AppState& state = context.state;
    const Source* const source = state.model_source();
    const Hint::Action sample{"Open the sample", command("file.sample")}, open{"Open…", command("file.open")};
    if (!source)
        return Hint{"No model is open",
                    "Drop a Hugging Face folder or a GGUF file into the window, or open one: GPT-2, GPT-NeoX, Llama, "
                    "Mistral, Qwen and BERT. The sample is SmolLM2-135M.",
                    {sample, open}};
    if (source->error && !source->model) return unusable("The model cannot be used", *source);
    if (!source->model) return std::nullopt;
    if (state.prompt_text().find_first_not_of(" \t\r\n") == std::string::npos)
        return Hint{"There is no text to read",
                    "Type one under Prompts in Sources, or drop a text file into the window: one text a line.",
                    {}};
    const auto unread = context.services.attention().read_error();
    if (unread) return Hint{"The text cannot be read", unread->what(), {}, true};
    if (!has_figure() && answer_.error) return Hint{"This could not be computed", answer_.error->what(), {}, true};
    return std::nullopt;
}

std::optional<std::pair<std::string, Progress>> AttentionPanel::loading(PanelContext& context) const {
    return loading_of(context.state.model_source());
}

} // namespace attnscope::ui
