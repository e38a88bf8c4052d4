// How matrices are measured, as part of the params of a recipe.
#pragma once

#include "base/params_reader.h"

#include <attnscope/cv.h>

namespace attnscope {

/// points, samples, pool, exact, band.
Json cv_parameters_json(const cv::Parameters& parameters);
/// The reverse; fields that are missing keep their defaults. Throws Error{input} naming the one that is wrong.
void read_cv_parameters(const ParamsReader& reader, cv::Parameters& parameters);

} // namespace attnscope
