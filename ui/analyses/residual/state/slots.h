// The slots of the low-rank workspace, shared by its panels: the text, the sweep over ranks, and the spectra of all
// heads. What nobody asks for is not computed.
#pragma once

#include "state/app_state.h"
#include "state/asked.h"
#include "state/runs.h"

#include <attnscope/residual_figures.h>
#include <attnscope/residual_recipe.h>
#include <attnscope/slot.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace attnscope::ui {

/// The beginning of a text that a sweep can use.
struct SweptText {
    residual::Ids ids;
    std::vector<std::string> texts; ///< of the tokens; none without a tokenizer
};

class ResidualSlots {
public:
    /// `run` outlives the slots; those of the pinned view share that of the window.
    ResidualSlots(JobSystem& jobs, ResidualRun& run, bool pinned = false);
    ~ResidualSlots();

    /// Fixes what the other members answer for; once a frame before panels are drawn.
    void begin_frame(const AppState& state);

    ModelPtr model() const;
    /// What is selected, as figures take it; the rank is one of the curve, where it has any.
    residual::View view() const;
    /// What the sweep comes to; none before the text is read, or where it cannot be (see error()).
    std::optional<residual::Plan> plan() const;
    /// Why there is no plan.
    std::optional<Error> error() const;

    Asked<residual::Result> sweep();
    Asked<residual::Spectra> spectra();
    /// What there is of them, without asking for more.
    residual::ResultPtr shown_result() const;
    std::shared_ptr<const residual::Spectra> shown_spectra() const;
    bool stopped() const; ///< the sweep, before its end
    bool running() const;
    std::shared_ptr<const SweptText> text() const;

    ResidualRun& run() { return run_; }
    bool settled() const;

    /// What a figure of a panel is made from, as the command line takes it. None without a model and a text.
    std::optional<ResidualJob> job() const;

private:
    struct Impl;
    ResidualRun& run_;
    std::unique_ptr<Impl> impl_;
};

} // namespace attnscope::ui
