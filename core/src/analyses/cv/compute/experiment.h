// The CV experiment as computed here; the public <attnscope/cv_experiment.h> defines request and result.
#pragma once

#include <attnscope/cv_experiment.h>

namespace attnscope::compute {

cv::Experiment cv_experiment(const cv::ExperimentRequest& request, JobContext& context);

} // namespace attnscope::compute
