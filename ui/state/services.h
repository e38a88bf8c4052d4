// What the window does besides drawing: loading sources on workers and keeping the slots that panels ask.
#pragma once

#include "state/app_state.h"
#include "state/figure_store.h"
#include "state/pinned_view.h"
#include "state/retrieval_slots.h"

#include <attnscope/slot.h>

#include <filesystem>
#include <memory>

namespace attnscope::ui {

class Services {
public:
    explicit Services(JobSystem& jobs);
    ~Services();

    JobSystem& jobs() { return jobs_; }
    RetrievalSlots& retrieval() { return *retrieval_; }
    FigureStore& figures() { return figures_; }   ///< update() delivers its mailbox and begins its frame
    PinnedView& pinned() { return pinned_; }

    /// Adds a row and loads it on the batch worker: tensor files become banks (or queries when a bank of the same
    /// width is selected and the file has few rows – the user can change that), folders with a BERT config encoders,
    /// .txt/.jsonl prompts, session and result files what they hold.
    SourceId open(AppState& state, const std::filesystem::path& path);
    SourceId add_bank(AppState& state, std::shared_ptr<const Bank> bank);
    SourceId add_prompt(AppState& state, std::string text);
    void unload(AppState& state, SourceId id);

    /// Once a frame: moves finished loads and progress into the state, and derives what is not chosen yet (the first
    /// bank, its default query and β). True when something changed.
    bool update(AppState& state);
    /// Nothing is loading or computing, and every slot shows what is wanted: --screenshot waits for this.
    bool settled(const AppState& state) const;

private:
    struct Impl;
    JobSystem& jobs_;
    std::unique_ptr<RetrievalSlots> retrieval_;
    FigureStore figures_;
    PinnedView pinned_{jobs_};
    std::unique_ptr<Impl> impl_;
};

}  // namespace attnscope::ui
