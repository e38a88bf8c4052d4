// The figures on the screen, by panel id: what exporting and copying act on, and what the cursor reads in them.
#pragma once

#include "state/app_state.h"

#include <attnscope/figure.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace attnscope::ui {

/// A figure with the view it was drawn from, from which its recipe is made.
struct ShownFigure {
    std::shared_ptr<const Figure> figure;  ///< without a recipe
    View view;
};

/// Names and values under the cursor, as the Inspector lists them.
struct Readout {
    std::string panel;
    std::vector<std::pair<std::string, std::string>> values;
};

/// Work that a job hands back to the thread that owns the state. Outlives whoever posts.
class Mailbox {
public:
    void post(std::function<void(AppState&)> work);  ///< from any thread
    bool deliver(AppState& state);                   ///< true when there was some

private:
    std::mutex mutex_;
    std::vector<std::function<void(AppState&)>> waiting_;
};

class FigureStore {
public:
    /// Remembers what a panel shows. Only figures that answer the view are put; a stale one is not.
    void put(const std::string& panel, std::shared_ptr<const Figure> figure, const View& view);
    const ShownFigure* find(const std::string& panel) const;

    /// What is under the cursor in this frame; empty when nothing is. A new frame starts with nothing.
    void set_readout(Readout readout) { next_readout_ = std::move(readout); }
    const Readout& readout() const { return readout_; }
    void begin_frame();

    const std::shared_ptr<Mailbox>& mailbox() const { return mailbox_; }

private:
    std::map<std::string, ShownFigure> shown_;
    Readout readout_, next_readout_;
    std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>();
};

}  // namespace attnscope::ui
