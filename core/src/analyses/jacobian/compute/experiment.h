// The softmax-gradient experiment as computed here; the public <attnscope/jacobian_experiment.h> defines request and
// result.
#pragma once

#include <attnscope/jacobian_experiment.h>

namespace attnscope::compute {

jacobian::Experiment jacobian_experiment(const jacobian::ExperimentRequest& request, JobContext& context);

} // namespace attnscope::compute
