// Intervals of means.
#pragma once

#include <vector>

namespace attnscope::compute {

/// The t with P(|T| ≤ t) = .95 for a Student t of so many degrees of freedom ≥ 1; relative error below 1e-6.
double student_t_95(int degrees_of_freedom);

/// Mean of the values that are numbers, and the half width of its 95 % interval; NaN where there are too few. `count`
/// values were numbers.
struct MeanInterval {
    double mean, half_width;
    int count;
};
MeanInterval mean_interval(const std::vector<double>& values);

} // namespace attnscope::compute
