#include "kernels/layer_rows.h"

#include <cmath>

namespace attnscope::kernels {

void rms_norm_row_reference(const float* row, const float* weight, std::size_t width, double epsilon, double* result) {
    double squares = 0;
    for (std::size_t i = 0; i < width; ++i) squares += static_cast<double>(row[i]) * static_cast<double>(row[i]);
    const double length = std::sqrt(squares / static_cast<double>(width) + epsilon);
    for (std::size_t i = 0; i < width; ++i)
        result[i] = static_cast<double>(weight[i]) * static_cast<double>(row[i]) / length;
}

void rotate_row_reference(double* row, const float* cosines, const float* sines, std::size_t pairs, PairLayout layout) {
    const bool halves = layout == PairLayout::halves;
    for (std::size_t i = 0; i < pairs; ++i) {
        double& first = row[halves ? i : 2 * i];
        double& second = row[halves ? pairs + i : 2 * i + 1];
        const double x = first, y = second;
        first = x * static_cast<double>(cosines[i]) - y * static_cast<double>(sines[i]);
        second = y * static_cast<double>(cosines[i]) + x * static_cast<double>(sines[i]);
    }
}

void silu_gate_reference(double* values, const float* by, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
        values[i] = values[i] / (1 + std::exp(-values[i])) * static_cast<double>(by[i]);
}

} // namespace attnscope::kernels
