// The slots of the retrieval workspace, shared by its panels. A panel that is visible asks each frame for what it
// shows; what nobody asks for is not computed.
#pragma once

#include "state/app_state.h"
#include "state/asked.h"

#include <attnscope/retrieval.h>
#include <attnscope/retrieval_figures.h>
#include <attnscope/slot.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace attnscope::ui {

class RetrievalSlots {
public:
    explicit RetrievalSlots(JobSystem& jobs);
    ~RetrievalSlots();

    /// Fixes what the other members answer for; once a frame before panels are drawn.
    void begin_frame(const AppState& state);

    /// The query vector in the raw space; empty while it is being embedded or when nothing is chosen.
    const retrieval::Query& query() const;
    std::optional<Error> query_error() const;
    std::string query_label() const;
    retrieval::View view() const; ///< bank, β (resolved), step, mode, label

    Asked<retrieval::Spectrum> spectrum();
    Asked<retrieval::TraceResult> trace();      ///< selected β and mode, sorted curves kept
    Asked<retrieval::TraceResult> beta_table(); ///< β 5, 20, 50, 100 and the selected one
    Asked<retrieval::TraceResult> all_modes();  ///< five modes at the selected β
    Asked<retrieval::Sweep> sweep();
    Asked<retrieval::Sweep> hysteresis();
    Asked<retrieval::Plane> plane();
    Asked<std::vector<retrieval::OriginTest>> origin();
    Asked<retrieval::Separation> separation();

    bool settled() const;
    double last_trace_seconds() const; ///< request to result of the newest trace, for the status bar
    /// Request to result of every trace since the last call; a request given up for a newer one counts until that
    /// one's result.
    std::vector<double> take_trace_latencies();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace attnscope::ui
