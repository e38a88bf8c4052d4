// The slots of the softmax gradient workspace, shared by its panels: the metrics of every head, and the maps of the
// selected layer for the sequence that the selected token is in; of captured maps where some are chosen, else of a
// model. What nobody asks for is not computed.
#pragma once

#include "state/app_state.h"
#include "state/asked.h"
#include "ui/analyses/attention/state/slots.h"

#include <attnscope/jacobian_figures.h>
#include <attnscope/jacobian_recipe.h>
#include <attnscope/slot.h>

#include <memory>
#include <optional>

namespace attnscope::ui {

class JacobianSlots {
public:
    explicit JacobianSlots(JobSystem& jobs);
    ~JacobianSlots();

    /// Fixes what the other members answer for; once a frame before panels are drawn. `read` is the chosen text as the
    /// model reads it, null while there is none.
    void begin_frame(const AppState& state, ReadTextPtr read);

    /// What is looked into: maps from elsewhere, else the model.
    jacobian::CapturesPtr captures() const;
    ModelPtr model() const;
    int layers() const; ///< of it; 0 without one
    int heads() const;
    const ReadTextPtr& read() const;
    /// What is selected, as figures take it.
    jacobian::View view() const;
    std::size_t length() const; ///< tokens of a sequence; 0 where the text is too short for one
    std::size_t sequences() const;
    /// Why there is nothing to compute with this model and text; empty when there is.
    const char* obstacle() const;

    Asked<jacobian::Result> result();
    Asked<jacobian::LayerMaps> maps();

    bool settled() const;
    double seconds() const; ///< what the metrics of all heads took; 0 before

    /// What a figure of a panel is made from, as the command line takes it. None without a model and a text.
    std::optional<JacobianJob> job(const AppState& state) const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace attnscope::ui
