#include "ui/analyses/jacobian/panels.h"

#include <attnscope/compare_figures.h>

#include <algorithm>

namespace attnscope::ui {

namespace {

constexpr const char* jacobian_formula =
    "g_S = A ⊙ (g − Σⱼ Aⱼ gⱼ) = A ⊙ (1 − A) ⊙ g + A ⊙ (A ⊙ g − Σⱼ Aⱼ gⱼ),  g = ∂L/∂A = dO·Vᵀ";
constexpr const char* jacobian_source =
    "Softmax Jacobian diag(A) − AAᵀ; Σ A g = dO·O as in FlashAttention, Dao et al. 2022";

void select(PanelContext& context, const jacobian::HeadMetrics& head) {
    context.emit("jacobian.select", {{"layer", std::int64_t{head.layer}}, {"head", std::int64_t{head.head}}});
}

} // namespace

void JacobianPanel::update(PanelContext& context) {
    JacobianSlots& slots = context.services.jacobian();
    answer_ = ask(slots);
    answer_.cancelled = answer_.cancelled || context.services.attention().read_cancelled();
    if (!answer_.ready) return hide();
    Key key{answer_.generations, slots.view(), {}, context.state.view.attention.beside};
    with_pinned_ = false;
    if (JacobianSlots* const pinned = context.services.pinned().jacobian(context.state)) {
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

std::optional<Hint> JacobianPanel::hint(PanelContext& context) const {
    if (context.services.jacobian().captures()) {
        if (!has_figure() && answer_.error)
            return Hint{"These captures cannot be used", answer_.error->what(), {}, true};
        return std::nullopt;
    }
    const Source* const model = context.state.model_source();
    const Hint::Action sample{"Open the sample", command("file.sample")}, open{"Open…", command("file.open")};
    if (!model)
        return Hint{
            "No model is open",
            "Drop a Hugging Face folder or a GGUF file into the window, or open one: the gradient of its loss on the "
            "chosen text appears for every head. The sample is SmolLM2-135M. "
            "A file of captured probabilities A and gradients g will do too.",
            {sample, open}};
    if (model->error && !model->model) return unusable("The model cannot be used", *model);
    if (!model->model) return std::nullopt;
    if (const char* const words = context.services.jacobian().obstacle(); *words)
        return Hint{"Nothing to differentiate", words, {open}};
    if (!has_figure() && answer_.error) return Hint{"This could not be computed", answer_.error->what(), {}, true};
    return std::nullopt;
}

std::optional<std::pair<std::string, Progress>> JacobianPanel::loading(PanelContext& context) const {
    return loading_of(context.state.model_source());
}

FigurePanel::Answer JacobianHeadsPanel::ask(JacobianSlots& slots) {
    Answer answer;
    const auto asked = slots.result();
    result_ = asked.result;
    answer.add(asked);
    return answer;
}

FigurePanel::Answer JacobianMapsOfLayerPanel::ask(JacobianSlots& slots) {
    Answer answer;
    const auto asked = slots.maps();
    maps_ = asked.result;
    answer.add(asked);
    return answer;
}

// ---------------------------------------------------------------- all heads

PanelHelp JacobianMapPanel::help() const {
    return {"One metric of the softmax gradient for every layer and head: choose it in the bar above. Layers appear "
            "from the "
            "top down, as the gradient passes them. r_diag is the energy of the diagonal part in units of the whole; "
            "it is no "
            "share and can exceed 1. Click a cell to look into its head.",
            jacobian_formula, jacobian_source};
}

FigurePanel::Answer JacobianMapPanel::ask_pinned(JacobianSlots& slots) {
    Answer answer;
    const auto asked = slots.result();
    pinned_ = asked.result;
    answer.add(asked);
    return answer;
}

void JacobianMapPanel::respond(const FigureInteraction& interaction, PanelContext& context) {
    const auto& hit = interaction.hovered;
    if (!interaction.clicked || !hit || !hit->cell || hit->axes != 0 || !result_) return;
    for (const jacobian::HeadMetrics& head : result_->heads)
        if (head.layer == (*hit->cell)[1] && head.head == (*hit->cell)[0]) return select(context, head);
}

PanelHelp JacobianBarsPanel::help() const {
    return {"The chosen metric for the heads of the selected layer, or for all heads of a small model.",
            jacobian_formula, jacobian_source};
}

PanelHelp JacobianEnergyPanel::help() const {
    return {
        "The energies of the two parts of the gradient and of their overlap add up to 1: r_diag + energy_off + "
        "energy_cross = 1. So every head is a point in a plane; the corners of the triangle are one kind of energy "
        "alone. "
        "The overlap has a sign: below the base the parts work against each other. Click a point to select its head.",
        "‖full‖² = ‖diag‖² + ‖lateral‖² + 2⟨diag, lateral⟩", jacobian_source};
}

FigureViewOptions JacobianEnergyPanel::view_options(PanelContext& context) {
    FigureViewOptions options = FigurePanel::view_options(context);
    options.id_tooltip = [result = result_](std::uint32_t index) {
        if (!result || index >= result->heads.size()) return;
        const jacobian::HeadMetrics& head = result->heads[index];
        ImGui::Text("layer %d, head %d", head.layer, head.head);
        ImGui::Text("r_diag %s · off %s · cross %s", short_number(head.r_diag).c_str(),
                    short_number(head.energy_off).c_str(), short_number(head.energy_cross).c_str());
        ImGui::TextDisabled("cos(diag, full) %s", short_number(head.cos_diag).c_str());
        if (head.undefined > 0)
            ImGui::TextDisabled("of %zu of %zu sequences", head.sequences - head.undefined, head.sequences);
    };
    if (result_)
        if (const auto* const head = jacobian::selected_head(context.services.jacobian().view(), result_->heads))
            options.selected_id = static_cast<std::uint32_t>(head - result_->heads.data());
    return options;
}

void JacobianEnergyPanel::respond(const FigureInteraction& interaction, PanelContext& context) {
    const auto& hit = interaction.hovered;
    if (interaction.clicked && hit && hit->id && result_ && *hit->id < result_->heads.size())
        select(context, result_->heads[*hit->id]);
}

// ---------------------------------------------------------------- one head

PanelHelp JacobianRowPanel::help() const {
    return {
        "One query row of the selected head: its weights A, the gradient g that reaches them, and the gradient of the "
        "scores with its diagonal and lateral parts, which share one scale. Step through the rows with the token in "
        "the "
        "bar above, or play them. Keys behind the query have no weight and no gradient of their score, but g is there.",
        jacobian_formula, jacobian_source};
}

PanelHelp JacobianMapsPanel::help() const {
    return {
        "The gradient of the scores of the selected head over all queries and keys, and its two parts, on one scale. "
        "Click a row to look at it.",
        jacobian_formula, jacobian_source};
}

void JacobianMapsPanel::respond(const FigureInteraction& interaction, PanelContext& context) {
    const auto& hit = interaction.hovered;
    if (!interaction.clicked || !hit || !hit->cell || !maps_) return;
    const auto* const map = std::get_if<HeatMap>(&shown().axes[static_cast<std::size_t>(hit->axes)].elements.front());
    if (!map) return;
    // A cell of a long map stands for several rows.
    const auto rows = static_cast<std::int64_t>((map->y_max - map->y_min) / map->height);
    const JacobianSlots& slots = context.services.jacobian();
    const auto last = static_cast<std::int64_t>(slots.length()) - 1;
    const auto row = std::clamp<std::int64_t>((*hit->cell)[1] * rows, 0, last);
    context.emit("jacobian.row", {{"value", static_cast<std::int64_t>(slots.view().sequence * slots.length()) + row}});
}

} // namespace attnscope::ui
