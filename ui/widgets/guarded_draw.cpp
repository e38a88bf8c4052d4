#include "widgets/guarded_draw.h"

#include <attnscope/failure.h>

#include <imgui_internal.h>
#include <implot.h>
#include <implot_internal.h>

namespace attnscope::ui {

namespace {

/// What ImPlot keeps between its calls, which ImGui knows nothing of.
struct PlotState {
    int colours, styles, maps;
    bool in_plot, in_subplots;
};

PlotState plot_state() {
    const ImPlotContext& plots = *ImPlot::GetCurrentContext();
    return {plots.ColorModifiers.Size, plots.StyleModifiers.Size, plots.ColormapModifiers.Size,
            plots.CurrentPlot != nullptr, plots.CurrentSubplot != nullptr};
}

void recover_plots(const PlotState& before) {
    ImPlotContext& plots = *ImPlot::GetCurrentContext();
    // EndPlot() would draw what is not set up yet; the plot is left as it is, and begun anew in the next frame.
    if (plots.CurrentPlot && !before.in_plot) {
        ImPlot::ResetCtxForNextPlot(&plots);
        plots.CurrentItems = nullptr;
    }
    if (plots.CurrentSubplot && !before.in_subplots) ImPlot::ResetCtxForNextSubplot(&plots);
    if (plots.ColorModifiers.Size > before.colours) ImPlot::PopStyleColor(plots.ColorModifiers.Size - before.colours);
    if (plots.StyleModifiers.Size > before.styles) ImPlot::PopStyleVar(plots.StyleModifiers.Size - before.styles);
    if (plots.ColormapModifiers.Size > before.maps) ImPlot::PopColormap(plots.ColormapModifiers.Size - before.maps);
}

/// ImGui reports what it ends; here that is no mistake of the caller's.
class QuietRecovery {
public:
    QuietRecovery()
        : io_(ImGui::GetIO()), asserts_(io_.ConfigErrorRecoveryEnableAssert),
          logs_(io_.ConfigErrorRecoveryEnableDebugLog), tooltips_(io_.ConfigErrorRecoveryEnableTooltip) {
        io_.ConfigErrorRecoveryEnableAssert = io_.ConfigErrorRecoveryEnableDebugLog = false;
        io_.ConfigErrorRecoveryEnableTooltip = false;
    }
    ~QuietRecovery() {
        io_.ConfigErrorRecoveryEnableAssert = asserts_;
        io_.ConfigErrorRecoveryEnableDebugLog = logs_;
        io_.ConfigErrorRecoveryEnableTooltip = tooltips_;
    }
    QuietRecovery(const QuietRecovery&) = delete;
    QuietRecovery& operator=(const QuietRecovery&) = delete;

private:
    ImGuiIO& io_;
    bool asserts_, logs_, tooltips_;
};

} // namespace

std::optional<Error> guarded_draw(const std::string& subject, const std::function<void()>& draw) {
    ImGuiErrorRecoveryState before;
    ImGui::ErrorRecoveryStoreState(&before);
    const PlotState plots = plot_state();
    const auto failure = failure_of(subject, draw);
    if (failure) {
        recover_plots(plots);
        const QuietRecovery quiet;
        ImGui::ErrorRecoveryTryToRecoverState(&before);
    }
    return failure;
}

} // namespace attnscope::ui
