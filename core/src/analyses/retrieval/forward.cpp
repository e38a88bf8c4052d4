// The public functions of retrieval.h in base: names, and the door to what the compute module does.
#include <attnscope/retrieval.h>

#include "module/compute_module.h"

#include <algorithm>
#include <cmath>

namespace attnscope::retrieval {

const char* fixed_point_name(FixedPoint kind) noexcept {
    switch (kind) {
    case FixedPoint::global_mean: return "global mean";
    case FixedPoint::metastable: return "metastable";
    case FixedPoint::single_pattern: break;
    }
    return "single pattern";
}

std::vector<double> Spectrum::singular_values() const {
    constexpr std::size_t kept = 10;
    std::vector<double> values;
    for (std::size_t k = 0; k < std::min(kept, eigenvalues.size()); ++k) {
        values.push_back(std::sqrt(std::max(0.0, eigenvalues[k]) * static_cast<double>(n)));
    }
    return values;
}

std::size_t Sweep::unsettled() const noexcept {
    std::size_t count = 0;
    for (std::size_t b = 0; b < settled_up.size(); ++b) count += !comparable(b);
    return count;
}

std::vector<float> raw_state(const std::vector<double>& state, const Spectrum& spectrum, Mode mode) {
    const bool centred = mode != Mode::raw && mode != Mode::hybrid;
    std::vector<float> values(state.size());
    for (std::size_t k = 0; k < state.size(); ++k)
        values[k] = static_cast<float>(state[k] + (centred ? spectrum.mean[k] : 0));
    return values;
}

Spectrum compute_spectrum(const SpectrumRequest& request, JobContext& context) {
    return compute_module().spectrum(request, context);
}

FirstStep compute_first_step(const FirstStepRequest& request, const Spectrum& spectrum, JobContext& context) {
    return compute_module().first_step(request, spectrum, context);
}

TraceResult compute_traces(const TraceRequest& request, const Spectrum& spectrum, JobContext& context) {
    return compute_module().traces(request, spectrum, context);
}

std::vector<OriginTest> compute_origin_tests(const OriginRequest& request, const Spectrum& spectrum,
                                             JobContext& context) {
    return compute_module().origin_tests(request, spectrum, context);
}

Sweep compute_sweep(const SweepRequest& request, const Spectrum& spectrum, JobContext& context) {
    return compute_module().sweep(request, spectrum, context);
}

Plane compute_plane(const PlaneRequest& request, const Spectrum& spectrum, JobContext& context) {
    return compute_module().plane(request, spectrum, context);
}

Separation compute_separation(const SeparationRequest& request, const Spectrum& spectrum, JobContext& context) {
    return compute_module().separation(request, spectrum, context);
}

} // namespace attnscope::retrieval
