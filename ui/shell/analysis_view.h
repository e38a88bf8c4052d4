// What an analysis is to the eye: one record for each, made in its room and listed in analysis_views.cpp. What it is to
// the state is state/analysis.h.
#pragma once

#include "chrome/chrome.h"

#include <memory>
#include <vector>

namespace attnscope::ui {

struct AnalysisView {
    std::vector<std::unique_ptr<Panel>> (*panels)(); ///< in View-menu order
    void (*transport)(ChromeContext&);               ///< its controls, from the left of the bar
    void (*status)(ChromeContext&);                  ///< parts of the line at the bottom
    const char* (*hint)(const AppState&);            ///< for beginners, in that line
    // of the Inspector
    bool (*is_ready)(const ChromeContext&); ///< whether there are numbers to show
    const char* awaited;                    ///< what is said until there are
    void (*values)(ChromeContext&);         ///< the numbers of the state, above what lies under the cursor
    void (*details)(ChromeContext&);        ///< what is looked at besides, below it; may be null
    void (*warnings)(ChromeContext&);       ///< what to beware of
};

AnalysisView retrieval_view();
AnalysisView attention_view();
AnalysisView cv_view();
AnalysisView alignment_view();
AnalysisView jacobian_view();
AnalysisView residual_view();

const AnalysisView& view_of(Workspace workspace);

} // namespace attnscope::ui
