#include "kernels/layer_rows.h"

#include <cmath>

namespace attnscope::kernels {

void rms_norm_row_reference(const float* row, const float* weight, std::size_t width, double epsilon, double* result) {
    double squares = 0;
    for (std::size_t i = 0; i < width; ++i)
        squares += static_cast<double>(row[i]) * static_cast<double>(row[i]);
    const double length = std::sqrt(squares / static_cast<double>(width) + epsilon);
    for (std::size_t i = 0; i < width; ++i)
        result[i] = static_cast<double>(weight[i]) * static_cast<double>(row[i]) / length;
}

void rotate_row_reference(double* row, const float* cosines, const float* sines, std::size_t pairs) {
    for (std::size_t i = 0; i < pairs; ++i) {
        const double x = row[i], y = row[pairs + i];
        row[i] = x * static_cast<double>(cosines[i]) - y * static_cast<double>(sines[i]);
        row[pairs + i] = y * static_cast<double>(cosines[i]) + x * static_cast<double>(sines[i]);
    }
}

void silu_gate_reference(double* values, const float* by, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
        values[i] = values[i] / (1 + std::exp(-values[i])) * static_cast<double>(by[i]);
}

} // namespace attnscope::kernels
