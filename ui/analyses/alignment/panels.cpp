#include "ui/analyses/alignment/panels.h"

#include <attnscope/compare_figures.h>

#include <algorithm>
#include <cmath>

namespace attnscope::ui {

namespace {

constexpr const char* operators = "g = W_Kᵀ W_Q;  ⟨g, g′⟩ = Σ (W_K W′_Kᵀ) ⊙ (W_Q W′_Qᵀ);  cos = ⟨g, g′⟩/(‖g‖ ‖g′‖)";
constexpr const char* circuits =
    "QK and OV circuits: Elhage et al. 2021, A mathematical framework for transformer circuits";
constexpr const char* angles = "Principal angles: Björck and Golub 1973";

/// A map of layers: a click takes the column as anchor and the row as layer.
class MapPanel final : public AlignmentPanel {
public:
    using AlignmentPanel::AlignmentPanel;

protected:
    FigureViewOptions view_options(PanelContext& context) override {
        FigureViewOptions options = AlignmentPanel::view_options(context);
        options.square = true;
        return options;
    }
    void respond(const FigureInteraction& interaction, PanelContext& context) override {
        const auto& hit = interaction.hovered;
        if (!interaction.clicked || !hit || !hit->cell || hit->axes != 0) return;
        context.emit("alignment.select",
                     {{"anchor", std::int64_t{(*hit->cell)[0]}}, {"layer", std::int64_t{(*hit->cell)[1]}}});
    }
};

/// Curves over layers: dragging moves the anchor.
class ProfilePanel final : public AlignmentPanel {
public:
    using AlignmentPanel::AlignmentPanel;

protected:
    bool drags_anchor() const override { return true; }
};

class HeadsPanel final : public AlignmentPanel {
public:
    using AlignmentPanel::AlignmentPanel;

protected:
    alignment::View relevant(const alignment::View& view) const override {
        alignment::View kept;
        kept.head = view.head;
        kept.quantity = view.quantity;
        kept.anchor = view.anchor;
        return kept;
    }
    void respond(const FigureInteraction& interaction, PanelContext& context) override {
        const auto& hit = interaction.hovered;
        const AlignmentSlots& slots = context.services.alignment();
        if (!interaction.clicked || !hit || !hit->cell || hit->axes != 0 || slots.layers() == 0) return;
        const alignment::Tiles tiles = alignment::tiles_of(slots.layers(), slots.heads());
        const int column = (*hit->cell)[0], row = (*hit->cell)[1];
        const int head = row / tiles.height * tiles.columns + column / tiles.width;
        const bool beside = column % tiles.width == slots.layers() || row % tiles.height < tiles.gap;
        if (head >= slots.heads() || beside) return;
        context.emit("alignment.head", {{"value", std::int64_t{slots.view().head == head ? -1 : head}}});
    }
};

class PlainPanel final : public AlignmentPanel {
public:
    using AlignmentPanel::AlignmentPanel;
};

class SignsPanel final : public AlignmentPanel {
public:
    using AlignmentPanel::AlignmentPanel;

protected:
    bool needs_signs() const override { return true; }
};

class MatchedPanel final : public AlignmentPanel {
public:
    using AlignmentPanel::AlignmentPanel;

protected:
    bool needs_matching() const override { return true; }
    bool drags_anchor() const override { return true; }
};

} // namespace

void AlignmentPanel::update(PanelContext& context) {
    AlignmentSlots& slots = context.services.alignment();
    answer_ = {};
    const auto tables = slots.tables();
    answer_.add(tables);
    Asked<alignment::Matching> matching;
    if (needs_matching()) {
        matching = slots.matching();
        answer_.add(matching);
    }
    Asked<alignment::SignChance> signs, pinned_signs;
    const auto add_signs = [](Answer& answer, const Asked<alignment::SignChance>& asked) {
        answer.generations.push_back(asked.result ? asked.generation : 0);
        answer.stale = answer.stale || !asked.result;
        answer.cancelled = answer.cancelled || asked.cancelled;
        if (!asked.result) answer.progress = asked.progress;
        if (!answer.error) answer.error = asked.error;
    };
    if (needs_signs()) add_signs(answer_, signs = slots.signs());
    if (!answer_.ready) return hide();
    Key key{answer_.generations, relevant(slots.view()), {}, context.state.view.attention.beside};
    with_pinned_ = false;
    Asked<AlignmentTables> pinned_tables;
    Asked<alignment::Matching> pinned_matching;
    if (AlignmentSlots* const pinned = context.services.pinned().alignment(context.state)) {
        Answer answer;
        pinned_tables = pinned->tables();
        answer.add(pinned_tables);
        if (needs_matching()) {
            pinned_matching = pinned->matching();
            answer.add(pinned_matching);
        }
        if (needs_signs()) add_signs(answer, pinned_signs = pinned->signs());
        join_pinned(answer, key.generations);
        key.pinned_view = pinned->view();
        // Two views are compared in one quantity.
        key.pinned_view.quantity = key.view.quantity;
        key.pinned_view = relevant(key.pinned_view);
    }
    if (has_figure() && key == key_) return;
    key_ = std::move(key);
    const auto drawn = [this](const alignment::View& view, const Asked<AlignmentTables>& asked,
                              const Asked<alignment::Matching>& matched, const Asked<alignment::SignChance>& chance) {
        return draw_(view, {*asked.result->operators, asked.result->comparison, asked.result->chance,
                            matched.result.get(), chance.result.get()});
    };
    Figure figure = drawn(key_.view, tables, matching, signs);
    if (with_pinned_)
        compare_with_pinned(figure, drawn(key_.pinned_view, pinned_tables, pinned_matching, pinned_signs), key_.beside);
    show(std::move(figure));
}

FigureViewOptions AlignmentPanel::view_options(PanelContext& context) {
    FigureViewOptions options = FigurePanel::view_options(context);
    if (drags_anchor()) options.cursor_axes = -1;
    return options;
}

void AlignmentPanel::respond(const FigureInteraction& interaction, PanelContext& context) {
    if (!drags_anchor() || !interaction.dragged_x) return;
    const int layers = context.services.alignment().layers();
    if (layers == 0) return;
    const auto layer = static_cast<std::int64_t>(std::clamp(std::round(*interaction.dragged_x), 0.0, layers - 1.0));
    if (layer != context.services.alignment().view().anchor) context.emit("alignment.anchor", {{"value", layer}});
}

std::optional<Hint> AlignmentPanel::hint(PanelContext& context) const {
    const AppState& state = context.state;
    const Source* const grams = state.find(state.view.alignment.grams);
    const Source* const source = grams ? grams : state.model_source();
    const Hint::Action sample{"Open the sample", command("file.sample")}, open{"Open…", command("file.open")};
    if (!source)
        return Hint{
            "Nothing to compare is open",
            "Drop a model, or a JSON file of grams with its eigendirections beside it, into the window, or open one: "
            "how alike its layers are appears here. The sample is SmolLM2-135M.",
            {sample, open}};
    if (source->error && !source->model && !source->grams) return unusable("The file cannot be used", *source);
    if (!has_figure() && answer_.error) return Hint{"This could not be computed", answer_.error->what(), {}, true};
    return std::nullopt;
}

std::optional<std::pair<std::string, Progress>> AlignmentPanel::loading(PanelContext& context) const {
    const AppState& state = context.state;
    const Source* const grams = state.find(state.view.alignment.grams);
    const Source* const source = grams ? grams : state.model_source();
    return loading_of(source);
}

std::vector<std::unique_ptr<Panel>> make_alignment_panels() {
    using namespace alignment;
    std::vector<std::unique_ptr<Panel>> panels;
    panels.push_back(std::make_unique<MapPanel>(
        "alignment.map", map_figure,
        PanelHelp{
            "How alike the operators of every two layers are: mean over heads, or one head. Colours end at the largest "
            "value off the diagonal, which is 1 by definition. Random operators have cosines of mean 0 and standard "
            "deviation 1/hidden a head. Heads are compared by their index although nothing matches them: the panel "
            "Matched heads looks for partners. Click a cell: its column becomes the anchor, its row the layer.",
            operators, circuits}));
    panels.push_back(std::make_unique<ProfilePanel>(
        "alignment.profile", profile_figure,
        PanelHelp{
            "Every layer against the anchor. cos compares shape alone; t_opt is the multiple of the anchor's operator "
            "that is nearest to the layer's, and the residual what is left of it. Shaded: what random operators of the "
            "same lengths show. Drag across the plot to move the anchor.",
            "t_opt = ⟨g, g_a⟩/‖g_a‖²,  residual = √(1 − cos²)", circuits}));
    panels.push_back(std::make_unique<SignsPanel>(
        "alignment.signs", signs_figure,
        PanelHelp{
            "Do the strongest eigenvalues of a layer's symmetric part have the signs of the anchor's, place by place? "
            "The anchor agrees with itself and is included, so chance lies above one half by 1/2L. Band: 95 % of "
            "models "
            "of random operators of the same sizes.",
            "(g + gᵀ)/2 = Σ λᵢ vᵢ vᵢᵀ,  |λ₁| ≥ |λ₂| ≥ …", "Share of positive eigenvalues: Sylvester 1852"}));
    panels.push_back(std::make_unique<ProfilePanel>(
        "alignment.angles", angles_figure,
        PanelHelp{
            "Cosines of the principal angles between the subspaces that the kept directions of a layer's and of the "
            "anchor's head span, and the squared overlap of the two first directions. Shaded: random subspaces of the "
            "same size, which are far from orthogonal when they are many. Drag to move the anchor.",
            "cos θᵢ = σᵢ(Qₐᵀ Q_b)", angles}));
    panels.push_back(std::make_unique<HeadsPanel>(
        "alignment.heads", heads_figure,
        PanelHelp{"The map of layers of every head. Click one to look at that head in all panels, again for the mean.",
                  operators, circuits}));
    panels.push_back(std::make_unique<PlainPanel>(
        "alignment.spectra", spectra_figure,
        PanelHelp{
            "Eigenvalues of the symmetric part of every head of the selected layer. Exactly half are positive wherever "
            "the stacked weights have full rank, which says nothing about the model.",
            "(g + gᵀ)/2, from a problem of size 2·head_dim", "Sylvester 1852, law of inertia"}));
    panels.push_back(std::make_unique<MatchedPanel>(
        "alignment.matched", matched_figure,
        PanelHelp{
            "Heads have no order that layers share. Here the heads of each layer are assigned to those of the anchor "
            "so "
            "that the sum of |cos| is largest. Choosing among many raises the sum by itself: the band is the same "
            "choice "
            "among random operators. Files of grams have no cosines of different heads: their kept directions and "
            "eigenvalues are compared instead.",
            "max over permutations p of Σ_h |cos(g_h, g′_p(h))|", "Assignment: Kuhn 1955, Munkres 1957"}));
    panels.push_back(std::make_unique<PlainPanel>(
        "alignment.verdict", verdict_figure,
        PanelHelp{
            "The mean cosine to the anchor, with and without the anchor itself. The anchor contributes its own 1, so "
            "the verdict that includes it cannot fall below 1/L: ten layers without anything in common are WEAK.",
            "above .9 STRONG, above .5 MEDIUM, above .1 WEAK, else REJECTED", circuits}));
    return panels;
}

} // namespace attnscope::ui
