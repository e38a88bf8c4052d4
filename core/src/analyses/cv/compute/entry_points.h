// CV bands as computed here; the public <attnscope/cv.h> defines every request, result and error.
//
// These functions are what the compute module's table points at.
#pragma once

#include <attnscope/cv.h>

namespace attnscope::compute {

cv::Matrix cv_matrix(const cv::Request& request, JobContext& context);
cv::ModelResult cv_model(const cv::ModelRequest& request, JobContext& context);

} // namespace attnscope::compute
