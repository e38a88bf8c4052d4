// The pictures of the retrieval workspace as Figures, made from results; shared by the window and the command line.
#pragma once

#include <attnscope/figure.h>
#include <attnscope/retrieval.h>

#include <string>
#include <vector>

namespace attnscope::retrieval {

/// What is selected when a figure is drawn.
struct View {
    BankPtr bank;
    double beta = 1;
    int step = 1; ///< 0 … steps
    Mode mode = Mode::centered;
    std::string query_label; ///< as shown in titles: the typed text, or "memory 17"
};

/// Panel ids in the order of the View menu; each has one function below.
/// retrieval.weights entropy plane trajectories spectrum origin modes hysteresis separation letters
const std::vector<std::string>& panel_ids();
const char* panel_title(std::string_view panel_id);

Figure weights_figure(const View& view, const Trace& trace, int shown = 10); ///< top bars and the sorted curve
Figure entropy_figure(const View& view, const Spectrum& spectrum, const Sweep& sweep);
Figure hysteresis_figure(const View& view, const Spectrum& spectrum, const Sweep& sweep);
/// ‖q‖, H/ln n, max α, Δ, |cos v1|, E against t; the trace nearest view.beta bold, the rest thin.
Figure trajectories_figure(const View& view, const TraceResult& traces);
Figure spectrum_figure(const View& view, const Spectrum& spectrum); ///< λ_k and 1/λ_k
Figure plane_figure(const View& view, const Plane& plane);
Figure origin_figure(const View& view, const Spectrum& spectrum, const std::vector<OriginTest>& tests);
Figure modes_figure(const View& view, const TraceResult& traces); ///< five modes side by side at view.beta
/// The state at every t as a picture. Throws Error{input} when the memories of view.bank are none.
Figure letters_figure(const View& view, const Spectrum& spectrum, const Trace& trace);
Figure separation_figure(const View& view, const Separation& separation);

/// The β axis of sweeps and of the slider: `points` log-spaced from β_c/8 to 8 β_c (1/8…8 around 1 without β_c).
std::vector<double> beta_axis(const Spectrum& spectrum, int points = 60);
/// 0.75 β_c, or 1.
double default_beta(const Spectrum& spectrum);

/// Computes what a panel needs and draws it: the command line's `figure`, headless.
Figure compute_figure(const std::string& panel_id, const View& view, const Query& query, double lambda, int steps,
                      JobContext& context);

} // namespace attnscope::retrieval
