#include "kernels/packed_matrix.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace attnscope::kernels {

void multiply_reference(const PackedMatrix& matrix, const ProductPart& part) {
    std::vector<float> weights(matrix.inputs());
    const std::size_t end = std::min(matrix.outputs(), part.end_panel * matrix.panel_width());
    for (std::size_t o = part.first_panel * matrix.panel_width(); o < end; ++o) {
        matrix.copy_output(o, weights.data());
        for (std::size_t r = part.first_row; r < part.end_row; ++r) {
            const float* const input = part.input + r * part.input_stride;
            float& result = part.result[r * part.result_stride + o];
            double sum = (part.bias ? part.bias[o] : 0.0) + (part.add ? result : 0.0);
            for (std::size_t i = part.first_input; i < std::min(part.end_input, weights.size()); ++i)
                sum += static_cast<double>(input[i - part.first_input]) * weights[i];
            result = static_cast<float>(sum);
        }
    }
}

void log_sum_exp_reference(const PackedMatrix& matrix, const LogSumExpPart& part) {
    const std::size_t begin = part.first_panel * matrix.panel_width();
    const std::size_t end = std::min(matrix.outputs(), part.end_panel * matrix.panel_width());
    std::vector<float> weights(matrix.inputs());
    std::vector<double> logits(end - begin);
    for (std::size_t r = part.first_row; r < part.end_row; ++r) {
        double largest = -std::numeric_limits<double>::infinity(), sum = 0;
        for (std::size_t o = begin; o < end; ++o) {
            matrix.copy_output(o, weights.data());
            double& logit = logits[o - begin] = 0;
            for (std::size_t i = 0; i < weights.size(); ++i)
                logit += static_cast<double>(part.input[r * part.input_stride + i]) * weights[i];
            largest = std::max(largest, logit);
            if (part.targets[r] == static_cast<std::int64_t>(o)) part.chosen[r] = static_cast<float>(logit);
        }
        for (const double logit : logits) sum += std::exp(logit - largest);
        part.normalisers[r] = largest + std::log(sum);
    }
}

} // namespace attnscope::kernels
