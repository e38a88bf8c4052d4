// A measured matrix as JSON, as results of models and of the experiment have it.
#pragma once

#include "base/json_text.h"

#include <attnscope/cv.h>

namespace attnscope {

Json cv_matrix_json(const cv::Matrix& matrix, bool histogram);

} // namespace attnscope
