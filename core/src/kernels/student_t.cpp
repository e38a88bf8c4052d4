#include "kernels/student_t.h"
#include "base/none.h"

#include <attnscope/error.h>

#include <cmath>
#include <numbers>

namespace attnscope::compute {

namespace {

/// P(|T| ≤ t), by the finite series in θ = atan(t/√ν) (Abramowitz and Stegun 26.7.3 and 26.7.4).
double probability_within(double t, int degrees) {
    const double theta = std::atan(t / std::sqrt(static_cast<double>(degrees)));
    const double sine = std::sin(theta), squared = std::cos(theta) * std::cos(theta);
    const bool odd = degrees % 2 == 1;
    double term = odd ? std::cos(theta) : 1, sum = degrees > 1 ? term : 0;
    for (int k = odd ? 3 : 2; k < degrees; k += 2) {
        term *= squared * (k - 1) / k;
        sum += term;
    }
    return odd ? 2 / std::numbers::pi * (theta + sine * sum) : sine * sum;
}

} // namespace

double student_t_95(int degrees_of_freedom) {
    ATTNSCOPE_ASSERT(degrees_of_freedom >= 1);
    double low = 1.9, high = 13; // of infinitely many degrees and of one
    for (int step = 0; step < 60; ++step) {
        const double middle = (low + high) / 2;
        (probability_within(middle, degrees_of_freedom) < 0.95 ? low : high) = middle;
    }
    return (low + high) / 2;
}

MeanInterval mean_interval(const std::vector<double>& values) {
    double sum = 0;
    int count = 0;
    for (const double value : values)
        if (!std::isnan(value)) {
            sum += value;
            ++count;
        }
    if (count == 0) return {none, none, 0};
    const double mean = sum / count;
    if (count == 1) return {mean, none, 1};
    double squares = 0;
    for (const double value : values)
        if (!std::isnan(value)) squares += (value - mean) * (value - mean);
    return {mean, student_t_95(count - 1) * std::sqrt(squares / (count - 1) / count), count};
}

} // namespace attnscope::compute
