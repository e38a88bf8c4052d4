// Which panels there are, the β axis they share, and what each needs computed.
#include "analyses/retrieval/figure_parts.h"

#include "base/text_list.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace attnscope::retrieval {
namespace {

constexpr std::array<PanelName, 10> panels{{{"retrieval.weights", "Weights and texts"},
                                            {"retrieval.entropy", "Entropy against β"},
                                            {"retrieval.plane", "Plane"},
                                            {"retrieval.trajectories", "Trajectories"},
                                            {"retrieval.spectrum", "Spectrum"},
                                            {"retrieval.origin", "Origin test"},
                                            {"retrieval.modes", "Five modes"},
                                            {"retrieval.hysteresis", "Hysteresis"},
                                            {"retrieval.separation", "Separation"},
                                            {"retrieval.letters", "Letters"}}};

TraceRequest trace_request(const View& view, const Query& query, double lambda, int steps) {
    TraceRequest request;
    request.bank = view.bank;
    request.queries = {query};
    request.betas = {view.beta};
    request.modes = {view.mode};
    request.steps = steps;
    request.lambda = lambda;
    request.tolerance = 0; // pictures compare steps: every trace has them all
    return request;
}

SweepRequest sweep_request(const View& view, const Query& query, double lambda, int steps, const Spectrum& spectrum) {
    SweepRequest request;
    request.bank = view.bank;
    request.query = query;
    request.mode = view.mode;
    request.lambda = lambda;
    request.betas = beta_axis(spectrum);
    request.steps = steps;
    return request;
}

} // namespace

const std::vector<std::string>& panel_ids() {
    static const std::vector<std::string> ids = ids_of(panels);
    return ids;
}

const char* panel_title(std::string_view panel_id) {
    return title_of(panels, panel_id);
}

std::vector<double> beta_axis(const Spectrum& spectrum, int points) {
    const double centre = spectrum.beta_critical.value_or(1);
    points = std::max(points, 2);
    std::vector<double> betas(points);
    for (int i = 0; i < points; ++i) betas[i] = centre * std::exp2(-3 + 6.0 * i / (points - 1));
    return betas;
}

double default_beta(const Spectrum& spectrum) {
    return spectrum.beta_critical ? 0.75 * *spectrum.beta_critical : 1;
}

Figure compute_figure(const std::string& panel_id, const View& asked, const Query& query, double lambda, int steps,
                      JobContext& context) {
    const std::string id = panel_id.starts_with("retrieval.") ? panel_id : "retrieval." + panel_id;
    if (std::find(panel_ids().begin(), panel_ids().end(), id) == panel_ids().end()) {
        std::string names;
        for (const std::string& name : panel_ids()) add_to_list(names, name);
        throw Error{ErrorKind::usage, "panel", names, panel_id};
    }
    View view = asked;
    SpectrumRequest spectrum_request;
    spectrum_request.bank = view.bank;
    const Spectrum spectrum = compute_spectrum(spectrum_request, context);
    if (!(view.beta > 0)) view.beta = default_beta(spectrum);

    if (id == "retrieval.spectrum") return spectrum_figure(view, spectrum);
    if (id == "retrieval.origin") {
        OriginRequest request;
        request.bank = view.bank;
        return origin_figure(view, spectrum, compute_origin_tests(request, spectrum, context));
    }
    if (id == "retrieval.separation") {
        SeparationRequest request;
        request.bank = view.bank;
        request.centered = view.mode != Mode::raw;
        return separation_figure(view, compute_separation(request, spectrum, context));
    }
    if (id == "retrieval.plane") {
        PlaneRequest request;
        request.bank = view.bank;
        request.query = query;
        request.mode = view.mode;
        request.lambda = lambda;
        request.beta = view.beta;
        request.steps = steps;
        return plane_figure(view, compute_plane(request, spectrum, context));
    }
    if (id == "retrieval.entropy")
        return entropy_figure(view, spectrum,
                              compute_sweep(sweep_request(view, query, lambda, steps, spectrum), spectrum, context));
    if (id == "retrieval.hysteresis") {
        SweepRequest request = sweep_request(view, query, lambda, steps, spectrum);
        request.hysteresis = true;
        return hysteresis_figure(view, spectrum, compute_sweep(request, spectrum, context));
    }

    TraceRequest request = trace_request(view, query, lambda, steps);
    if (id == "retrieval.weights") {
        request.top = 10;
        request.keep_curves = true;
        const TraceResult result = compute_traces(request, spectrum, context);
        return weights_figure(view, result.traces.front(), request.top);
    }
    if (id == "retrieval.letters")
        return letters_figure(view, spectrum, compute_traces(request, spectrum, context).traces.front());
    if (id == "retrieval.modes") {
        request.modes.assign(all_modes.begin(), all_modes.end());
        return modes_figure(view, compute_traces(request, spectrum, context));
    }
    for (const double beta : TraceRequest{}.betas)
        if (std::abs(beta - view.beta) > 1e-9 * beta) request.betas.push_back(beta);
    std::sort(request.betas.begin(), request.betas.end());
    return trajectories_figure(view, compute_traces(request, spectrum, context));
}

} // namespace attnscope::retrieval
