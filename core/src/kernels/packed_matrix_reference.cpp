#include "kernels/packed_matrix.h"

#include <algorithm>
#include <vector>

namespace attnscope::kernels {

void multiply_reference(const PackedMatrix& matrix, const ProductPart& part) {
    std::vector<float> weights(matrix.inputs());
    const std::size_t end = std::min(matrix.outputs(), part.end_panel * matrix.panel_width());
    for (std::size_t o = part.first_panel * matrix.panel_width(); o < end; ++o) {
        matrix.copy_output(o, weights.data());
        for (std::size_t r = part.first_row; r < part.end_row; ++r) {
            const float* const input = part.input + r * part.input_stride;
            float& result = part.result[r * part.result_stride + o - part.result_panel * matrix.panel_width()];
            double sum = (part.bias ? part.bias[o] : 0.0) + (part.add ? result : 0.0);
            for (std::size_t i = 0; i < weights.size(); ++i)
                sum += static_cast<double>(input[i]) * weights[i];
            result = static_cast<float>(sum);
        }
    }
}

} // namespace attnscope::kernels
