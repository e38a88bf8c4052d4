// Whether a small step away from the centroid grows or shrinks.
#include "analyses/retrieval/compute/entry_points.h"

#include "analyses/retrieval/compute/dynamics.h"

#include <cmath>
#include <string>

namespace attnscope::compute {

std::vector<retrieval::OriginTest> origin_tests(const retrieval::OriginRequest& request,
                                                const retrieval::Spectrum& spectrum, JobContext& context) {
    check_bank(request.bank, spectrum);
    check_steps(request.steps);
    for (const double beta : request.betas) check_beta(beta);
    if (!(request.epsilon > 0) || !std::isfinite(request.epsilon))
        throw Error(ErrorKind::usage, "epsilon", "a finite number above 0", std::to_string(request.epsilon));

    const kernels::KeyBank bank = key_bank(request.bank, spectrum);
    std::vector<std::vector<double>> states;
    std::vector<retrieval::OriginTest> tests;
    for (const double beta : request.betas) {
        auto& state = states.emplace_back(spectrum.directions.begin(),
                                          spectrum.directions.begin() + static_cast<std::ptrdiff_t>(spectrum.d));
        for (double& value : state) value *= request.epsilon;
        tests.push_back({beta, request.epsilon, {}, {}});
    }
    for (int t = 0; t < request.steps && !tests.empty(); ++t) {
        context.progress(t, request.steps, "origin test");
        std::vector<kernels::Probe> probes;
        for (std::size_t i = 0; i < tests.size(); ++i) probes.push_back({states[i], tests[i].beta, {}, true});
        std::vector<kernels::PassResult> passes = kernels::retrieval_pass(bank, probes, context);
        for (std::size_t i = 0; i < tests.size(); ++i) {
            const double before = norm(states[i]), after = norm(passes[i].update);
            tests[i].steps.push_back({t, before, after, before > 0 ? after / before : 0});
            if (!tests[i].escaped_at && after > request.escape * request.epsilon) tests[i].escaped_at = t;
            states[i] = std::move(passes[i].update);
        }
    }
    return tests;
}

} // namespace attnscope::compute
