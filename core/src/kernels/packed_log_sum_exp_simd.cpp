// The normaliser of a softmax over the outputs of a product, compiled once per instruction set and chosen when the
// program runs. Logits are folded into their sum while they still lie in the cache; no more of them exists than a few
// panels'.
#include "kernels/aligned.h"
#include "kernels/packed_matrix.h"
#include "kernels/packed_matrix_simd.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/packed_log_sum_exp_simd.cpp"
#include <hwy/foreach_target.h>

#include "kernels/packed_tile-inl.h"

#include <hwy/contrib/math/math-inl.h>

HWY_BEFORE_NAMESPACE();
namespace attnscope::kernels::HWY_NAMESPACE {

/// Σ e^(logit − largest) over the logits met so far.
struct RunningSum {
    float largest = -std::numeric_limits<float>::infinity();
    double sum = 0;
};

/// Adds aligned logits, a whole number of vectors. Float32 holds what these few sum to, float64 the sum of all.
HWY_INLINE void fold(const float* HWY_RESTRICT logits, std::size_t count, RunningSum& running) {
    const Tag tag;
    const std::size_t lanes = hn::Lanes(tag);
    Vector top = hn::Load(tag, logits), total = top;
    for (std::size_t k = lanes; k < count; k += lanes) {
        const Vector some = hn::Load(tag, logits + k);
        top = hn::Max(top, some);
        total = hn::Add(total, some);
    }
    // A maximum passes over what is not a number, and a sum does not.
    if (std::isnan(hn::GetLane(hn::SumOfLanes(tag, total)))) {
        running.sum = std::numeric_limits<double>::quiet_NaN();
        return;
    }
    const float largest = hn::GetLane(hn::MaxOfLanes(tag, top));
    if (largest > running.largest) {
        running.sum *= std::exp(static_cast<double>(running.largest) - static_cast<double>(largest));
        running.largest = largest;
    }
    const Vector shift = hn::Set(tag, running.largest);
    Vector sum = hn::Zero(tag);
    for (std::size_t k = 0; k < count; k += lanes)
        sum = hn::Add(sum, hn::Exp(tag, hn::Sub(hn::Load(tag, logits + k), shift)));
    running.sum += static_cast<double>(hn::GetLane(hn::SumOfLanes(tag, sum)));
}

void log_sum_exp_part(const PackedMatrix& matrix, const LogSumExpPart& part) {
    constexpr std::size_t columns_at_once = 128; // of logits: few enough to stay in the second-level cache
    const std::size_t width = matrix.panel_width(), rows = part.end_row - part.first_row;
    const std::size_t panels_at_once = std::max<std::size_t>(1, columns_at_once / width);
    const std::size_t pitch = panels_at_once * width;
    const DepthBlocks blocks(matrix.inputs());
    float* const packed = packed_rows_memory(packed_floats(rows, matrix.inputs()));
    const auto logits = allocate_aligned<float>(rows * pitch);
    if (!logits) throw std::bad_alloc();
    const auto packed_block = [&](std::size_t block) { return packed + packed_floats(rows, blocks.begin(block)); };
    for (std::size_t block = 0; block < blocks.count; ++block)
        pack_rows(part.input + part.first_row * part.input_stride + blocks.begin(block), part.input_stride, rows,
                  blocks.begin(block + 1) - blocks.begin(block), packed_block(block));

    std::vector<RunningSum> running(rows);
    for (std::size_t first = part.first_panel; first < part.end_panel; first += panels_at_once) {
        const std::size_t end = std::min(first + panels_at_once, part.end_panel), begin_output = first * width;
        const std::size_t end_output = std::min(end * width, matrix.outputs());
        for (std::size_t block = 0; block < blocks.count; ++block) {
            const std::size_t depth = blocks.begin(block + 1) - blocks.begin(block);
            for (std::size_t panel = first; panel < end; ++panel)
                multiply_strips(packed_block(block), rows, matrix.panel(panel) + blocks.begin(block) * width, depth,
                                matrix.panel(std::min(panel + 1, part.end_panel - 1)) + blocks.begin(block) * width,
                                {.result = logits.get() + (panel - first) * width,
                                 .stride = pitch,
                                 .columns = std::min(width, end_output - panel * width),
                                 .bias = nullptr,
                                 .add = block > 0});
        }
        const std::size_t columns = end_output - begin_output, folded = (end - first) * width;
        for (std::size_t r = 0; r < rows; ++r) {
            float* const row = logits.get() + r * pitch;
            std::fill(row + columns, row + folded, -std::numeric_limits<float>::infinity());
            fold(row, folded, running[r]);
            const auto target = static_cast<std::size_t>(part.targets[part.first_row + r]);
            if (target >= begin_output && target < end_output)
                part.chosen[part.first_row + r] = row[target - begin_output];
        }
    }
    for (std::size_t r = 0; r < rows; ++r)
        part.normalisers[part.first_row + r] = static_cast<double>(running[r].largest) + std::log(running[r].sum);
}

} // namespace attnscope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attnscope::kernels {
HWY_EXPORT(log_sum_exp_part);

void log_sum_exp(const PackedMatrix& matrix, const LogSumExpPart& part) {
    HWY_DYNAMIC_DISPATCH(log_sum_exp_part)(matrix, part);
}
} // namespace attnscope::kernels
#endif
