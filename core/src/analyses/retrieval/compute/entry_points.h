// Retrieval dynamics as computed here; the public <attnscope/retrieval.h> defines every request, result and error.
//
// These functions are what the compute module's table points at. `spectrum` is that of the request's own bank.
#pragma once

#include <attnscope/retrieval.h>

namespace attnscope::compute {

retrieval::Spectrum spectrum(const retrieval::SpectrumRequest& request, JobContext& context);

retrieval::FirstStep first_step(const retrieval::FirstStepRequest& request, const retrieval::Spectrum& spectrum,
                                JobContext& context);

/// Publishes a TraceResult snapshot after every step but the last.
retrieval::TraceResult traces(const retrieval::TraceRequest& request, const retrieval::Spectrum& spectrum,
                              JobContext& context);

std::vector<retrieval::OriginTest> origin_tests(const retrieval::OriginRequest& request,
                                                const retrieval::Spectrum& spectrum, JobContext& context);

retrieval::Sweep sweep(const retrieval::SweepRequest& request, const retrieval::Spectrum& spectrum,
                       JobContext& context);

retrieval::Plane plane(const retrieval::PlaneRequest& request, const retrieval::Spectrum& spectrum,
                       JobContext& context);

retrieval::Separation separation(const retrieval::SeparationRequest& request, const retrieval::Spectrum& spectrum,
                                 JobContext& context);

} // namespace attnscope::compute
