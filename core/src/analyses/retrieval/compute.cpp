// All of the retrieval analysis, one part after the other.
#include <attnscope/retrieval.h>
#include <attnscope/retrieval_figures.h>

namespace attnscope::retrieval {
namespace {

TraceResult traces(const Request& request, const Spectrum& spectrum, JobContext& context) {
    TraceRequest traces;
    traces.bank = request.bank;
    traces.queries = request.queries;
    traces.betas = request.betas;
    traces.modes = request.modes;
    traces.steps = request.steps;
    traces.tolerance = request.tolerance;
    traces.lambda = request.lambda;
    return compute_traces(traces, spectrum, context);
}

std::vector<OriginTest> origin_tests(const Request& request, const Spectrum& spectrum, JobContext& context) {
    OriginRequest origin;
    origin.bank = request.bank;
    origin.betas = request.origin_betas;
    origin.epsilon = request.origin_epsilon;
    origin.steps = request.origin_steps;
    return compute_origin_tests(origin, spectrum, context);
}

std::vector<QuerySweep> sweeps(const Request& request, const Spectrum& spectrum, JobContext& context) {
    SweepRequest sweep;
    sweep.bank = request.bank;
    sweep.lambda = request.lambda;
    sweep.betas = beta_axis(spectrum);
    sweep.steps = request.steps;
    sweep.hysteresis = true;
    std::vector<QuerySweep> all;
    for (std::size_t query = 0; query < request.queries.size(); ++query) {
        sweep.query = request.queries[query];
        for (const Mode mode : request.modes) {
            sweep.mode = mode;
            all.push_back({static_cast<int>(query), mode, compute_sweep(sweep, spectrum, context)});
        }
    }
    return all;
}

Plane plane(const Request& request, double beta, const Spectrum& spectrum, JobContext& context) {
    PlaneRequest plane;
    plane.bank = request.bank;
    plane.query = request.queries.front();
    plane.mode = request.modes.front();
    plane.lambda = request.lambda;
    plane.beta = beta;
    plane.steps = request.steps;
    plane.x = request.plane_x;
    plane.y = request.plane_y;
    plane.basins = request.basins;
    return compute_plane(plane, spectrum, context);
}

} // namespace

Result compute(const Request& request, JobContext& context) {
    if (request.plane && (request.queries.empty() || request.modes.empty())) {
        throw Error(ErrorKind::usage, "plane", "a query and a mode", "none");
    }
    Result result;
    SpectrumRequest spectrum;
    spectrum.bank = request.bank;
    result.spectrum = compute_spectrum(spectrum, context);
    for (const double beta : request.beta_table) {
        // The Jacobian at the origin of the centred space is β·C.
        const double rho = beta * result.spectrum.lambda_max;
        result.radii.push_back({beta, rho, rho < 1});
    }
    result.traces = traces(request, result.spectrum, context);
    result.origin = origin_tests(request, result.spectrum, context);
    if (request.sweep) result.sweeps = sweeps(request, result.spectrum, context);
    if (request.plane) {
        result.plane_beta = request.plane_beta > 0 ? request.plane_beta : default_beta(result.spectrum);
        result.plane = plane(request, result.plane_beta, result.spectrum, context);
    }
    if (request.separation) {
        SeparationRequest separation;
        separation.bank = request.bank;
        separation.samples = request.separation_samples;
        separation.centered = request.modes.empty() || !raw_keys(request.modes.front());
        result.separation = compute_separation(separation, result.spectrum, context);
    }
    request.bank->check_intact();
    return result;
}

} // namespace attnscope::retrieval
