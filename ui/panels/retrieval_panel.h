// What the panels of the retrieval workspace have in common: asking, building the figure when its inputs changed,
// drawing it in the frame, and words where there is none.
#pragma once

#include "panels/panel.h"
#include "state/readout.h"
#include "widgets/figure_view.h"
#include "widgets/memory_text.h"
#include "widgets/panel_frame.h"

#include <attnscope/retrieval_figures.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace attnscope::ui {

class RetrievalPanel : public Panel {
public:
    explicit RetrievalPanel(std::string id) : id_(std::move(id)) {}
    std::string id() const final { return id_; }
    std::string title() const override { return retrieval::panel_title(id_); }
    Workspace workspace() const final { return Workspace::retrieval; }
    void draw(PanelContext& context) final;
    /// None before the first result, and while the shown one is stale. Its recipe is made when it is written.
    std::optional<Figure> figure(PanelContext& context) final;

protected:
    /// The slots' answer, of whatever type.
    struct Answer {
        bool ready = false, stale = false;
        std::optional<Error> error;
        Progress progress;
        std::vector<std::uint64_t> generations;   ///< of everything the figure is made from
        template <class Result>
        void add(const Asked<Result>& asked) {
            ready = (generations.empty() || ready) && asked.result;
            stale = stale || asked.stale;
            if (!error) error = asked.error;
            if (asked.stale || !asked.result) progress = asked.progress;
            generations.push_back(asked.result ? asked.generation : 0);
        }
    };

    /// Asks the slots of the current view and keeps their results for build().
    virtual Answer ask(RetrievalSlots& slots) = 0;
    /// The figure of what was last asked.
    virtual Figure build(const retrieval::View& view) = 0;
    /// The same for the pinned view, where its curves can be laid over the current ones.
    virtual Answer ask_pinned(RetrievalSlots&) { return {}; }
    virtual std::optional<Figure> build_pinned(const retrieval::View&) { return std::nullopt; }
    /// Whether what ask_pinned() kept may be shown now.
    bool has_pinned() const { return has_pinned_; }
    /// Anything else the figure depends on.
    virtual std::string variant(const PanelContext&) const { return {}; }
    /// Changes to the built figure for the screen and for export alike.
    virtual void amend(Figure&, const PanelContext&) {}

    /// Words instead of the content where the bank is not of the kind that the panel shows.
    virtual std::optional<Hint> own_hint(PanelContext&) const { return std::nullopt; }
    /// Draws below the header; the figure view alone unless a panel has more.
    virtual void body(PanelContext& context);
    virtual FigureViewOptions view_options(PanelContext& context);
    virtual void respond(const FigureInteraction&, PanelContext&) {}

    const Figure& shown() const { return figure_; }
    std::uint64_t generation() const { return generation_; }
    const Answer& answer() const { return answer_; }
    bool has_figure() const { return has_figure_; }
    FigureView& view() { return view_; }
    MemoryPictures& pictures() { return pictures_; }
    /// Draws `figure` (all or part of what is shown), tells the readout board, and gives the interaction back.
    FigureInteraction draw_figure(const Figure& figure, PanelContext& context);

private:
    struct Key {
        std::vector<std::uint64_t> generations;
        retrieval::BankPtr bank;
        double beta = 0;
        int step = 0;
        retrieval::Mode mode = retrieval::Mode::centered;
        std::string label, variant;
        bool operator==(const Key&) const = default;
    };
    void update(PanelContext& context);
    std::optional<Hint> hint(PanelContext& context) const;

    std::string id_;
    Answer answer_;
    Key key_;
    Figure figure_;
    bool has_figure_ = false, has_pinned_ = false;
    std::uint64_t generation_ = 0;
    FigureView view_;
    MemoryPictures pictures_;
};

/// Lays the bold curve of each axes of `pinned` over the same axes of `figure`: muted, dashed, named A.
void overlay_pinned(Figure& figure, const Figure& pinned);

}  // namespace attnscope::ui
