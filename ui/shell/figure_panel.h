// What panels that show a Figure have in common: the header, words where there is nothing to draw, the figure in its
// view, and what is read out under the cursor. Each workspace derives its own kind, which asks the workspace's slots.
#pragma once

#include "shell/panel.h"
#include "state/asked.h"
#include "state/readout.h"
#include "widgets/figure_view.h"
#include "widgets/panel_frame.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace attnscope::ui {

class FigurePanel : public Panel {
public:
    explicit FigurePanel(std::string id) : id_(std::move(id)) {}
    std::string id() const final { return id_; }
    void draw(PanelContext& context) final;
    /// None before the first result, and while the shown one is stale. Its recipe is made when it is written.
    std::optional<ShownFigure> figure(PanelContext& context) final;
    void let_go() override { hide(); }

protected:
    /// The slots' answer, of whatever type.
    struct Answer {
        bool ready = false, stale = false, cancelled = false;
        std::optional<Error> error;
        Progress progress;
        std::vector<std::uint64_t> generations; ///< of everything the figure is made from
        template <class Result>
        void add(const Asked<Result>& asked) {
            ready = (generations.empty() || ready) && asked.result;
            stale = stale || asked.stale;
            cancelled = cancelled || asked.cancelled;
            if (!error) error = asked.error;
            if (asked.stale || !asked.result) progress = asked.progress;
            generations.push_back(asked.result ? asked.generation : 0);
        }
    };

    /// Asks the slots; calls show() when what is shown has to change, hide() when there is nothing.
    virtual void update(PanelContext& context) = 0;
    /// Words instead of the content.
    virtual std::optional<Hint> hint(PanelContext& context) const = 0;
    /// What is being loaded before anything can be computed, and how far it is.
    virtual std::optional<std::pair<std::string, Progress>> loading(PanelContext& context) const = 0;

    /// Words about a source that could not be opened.
    static Hint unusable(const char* title, const Source& source);
    /// A source on its way; nothing while there is none, or once it is there.
    static std::optional<std::pair<std::string, Progress>> loading_of(const Source* source);
    /// Adds what the slots of the pinned view answered to the answer, and to the `generations` that the figure is made
    /// from.
    void join_pinned(const Answer& pinned, std::vector<std::uint64_t>& generations);

    /// Draws below the header; the figure view alone unless a panel has more.
    virtual void body(PanelContext& context);
    virtual FigureViewOptions view_options(PanelContext& context);
    virtual void respond(const FigureInteraction&, PanelContext&) {}

    void show(Figure figure);
    void hide() {
        has_figure_ = false;
        figure_ = {};
    }

    const Figure& shown() const { return figure_; }
    std::uint64_t generation() const { return generation_; }
    bool has_figure() const { return has_figure_; }
    FigureView& view() { return view_; }
    const FigureView& view() const { return view_; }
    /// Draws `figure` (all or part of what is shown), tells the readout board, and gives the interaction back.
    FigureInteraction draw_figure(const Figure& figure, PanelContext& context);

    Answer answer_;            ///< of the last update()
    bool with_pinned_ = false; ///< A has a part in the figure

private:
    std::string id_;
    Figure figure_;
    bool has_figure_ = false;
    std::uint64_t generation_ = 0;
    FigureView view_;
};

} // namespace attnscope::ui
