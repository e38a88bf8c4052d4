#include "ui/analyses/residual/panel.h"

#include <attnscope/compare_figures.h>

namespace attnscope::ui {

FigurePanel::Answer ResidualPanel::ask(ResidualSlots& slots, Shown& shown) const {
    Answer answer;
    shown.plan = slots.plan();
    if (needs() == Needs::sweep) {
        const auto asked = slots.sweep();
        shown.result = asked.result;
        answer.add(asked);
    } else {
        const auto asked = slots.spectra();
        shown.spectra = asked.result;
        answer.add(asked);
    }
    shown.view = slots.view();
    return answer;
}

void ResidualPanel::update(PanelContext& context) {
    ResidualSlots& slots = context.services.residual();
    answer_ = ask(slots, now_);
    if (!answer_.ready) return hide();
    Key key{answer_.generations, now_.view, {}, {}, context.state.view.attention.beside};
    if (now_.plan) key.heads = now_.plan->heads;
    with_pinned_ = false;
    if (ResidualSlots* const pinned = compares() ? context.services.pinned().residual(context.state) : nullptr) {
        const Answer answer = ask(*pinned, pinned_);
        join_pinned(answer, key.generations);
        // The same sweep is no comparison.
        with_pinned_ =
            with_pinned_ && (needs() == Needs::sweep ? pinned_.result != now_.result : pinned_.spectra != now_.spectra);
        key.pinned_view = pinned_.view;
    }
    if (has_figure() && key == key_) return;
    key_ = std::move(key);
    if (const auto text = slots.text()) now_.view.tokens = text->texts;
    Figure figure = drawn(now_);
    if (with_pinned_) {
        // A is looked at where the current view looks.
        pinned_.view.rank = now_.view.rank;
        compare_with_pinned(figure, drawn(pinned_), key_.beside);
    }
    show(std::move(figure));
}

std::optional<Hint> ResidualPanel::hint(PanelContext& context) const {
    const AppState& state = context.state;
    const Source* const source = state.model_source();
    const Hint::Action sample{"Open the sample", command("file.sample")}, open{"Open…", command("file.open")},
        glosses{"Take glosses of WordNet", command("residual.wordnet")};
    if (!source)
        return Hint{"No model is open",
                    "Drop a Hugging Face folder or a GGUF file into the window, or open one: GPT-2, GPT-NeoX, Llama, "
                    "Mistral and Qwen. The sample is SmolLM2-135M.",
                    {sample, open}};
    if (source->error && !source->model) return unusable("The model cannot be used", *source);
    if (!source->model) return std::nullopt;
    const ResidualSlots& slots = context.services.residual();
    if (!source->model->config().causal())
        return Hint{
            "An encoder predicts no next token", "It has no perplexity: open a language model.", {sample, open}};
    if (const auto refused = slots.error()) {
        const bool short_text = refused->subject == "text";
        const auto& parameters = state.view.residual.parameters;
        const bool leading = parameters.calibration == residual::Calibration::leading;
        const auto wanted = (parameters.blocks + (leading ? 0 : parameters.calibration_blocks)) * parameters.seq_len;
        if (short_text)
            return Hint{"The text is too short",
                        "A sweep evaluates blocks of a long text: " + std::to_string(wanted) +
                            " tokens as it is set up above. Drop a text file into the window, take fewer or shorter "
                            "blocks, or try the glosses of WordNet.",
                        {glosses, open}};
        return Hint{"This cannot be swept", refused->what(), {}, true};
    }
    if (state.prompt_text().find_first_not_of(" \t\r\n") == std::string::npos)
        return Hint{"There is no text to read",
                    "Drop a text file into the window, or try the glosses of WordNet.",
                    {glosses, open}};
    if (!has_figure() && answer_.error)
        return Hint{
            "This could not be computed", answer_.error->what(), {{"Try again", command("residual.run")}}, true};
    if (!has_figure() && needs() == Needs::sweep && slots.stopped())
        return Hint{"The sweep was stopped", "Finished ranks are kept.", {{"Go on", command("residual.run")}}};
    return std::nullopt;
}

std::optional<std::pair<std::string, Progress>> ResidualPanel::loading(PanelContext& context) const {
    return loading_of(context.state.model_source());
}

} // namespace attnscope::ui
