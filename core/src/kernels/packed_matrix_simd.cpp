// The product of rows with packed weights, compiled once per instruction set and chosen when the program runs.
#include "kernels/packed_matrix_simd.h"
#include "kernels/packed_matrix.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/packed_matrix_simd.cpp"
#include <hwy/foreach_target.h>

#include "kernels/packed_tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace attnscope::kernels::HWY_NAMESPACE {

std::size_t panel_width() {
    return 2 * hn::Lanes(Tag());
}

void multiply_part(const PackedMatrix& matrix, const ProductPart& part) {
    const std::size_t width = matrix.panel_width(), rows = part.end_row - part.first_row;
    const DepthBlocks blocks(std::min(part.end_input, matrix.inputs()) - part.first_input);
    float* const packed = packed_rows_memory(packed_floats(rows, blocks.longest()));

    for (std::size_t block = 0; block < blocks.count; ++block) {
        const std::size_t first = blocks.begin(block), depth = blocks.begin(block + 1) - first;
        pack_rows(part.input + part.first_row * part.input_stride + first, part.input_stride, rows, depth, packed);
        for (std::size_t panel = part.first_panel; panel < part.end_panel; ++panel) {
            const std::size_t column = panel * width, next = std::min(panel + 1, part.end_panel - 1);
            const std::size_t skipped = (part.first_input + first) * width;
            multiply_strips(packed, rows, matrix.panel(panel) + skipped, depth, matrix.panel(next) + skipped,
                            {.result = part.result + part.first_row * part.result_stride + column,
                             .stride = part.result_stride,
                             .columns = std::min(width, matrix.outputs() - column),
                             .bias = part.bias && block == 0 ? part.bias + column : nullptr,
                             .add = part.add || block > 0});
        }
    }
}

} // namespace attnscope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace attnscope::kernels {
HWY_EXPORT(panel_width);
HWY_EXPORT(multiply_part);

std::size_t packed_panel_width() {
    return HWY_DYNAMIC_DISPATCH(panel_width)();
}

void multiply(const PackedMatrix& matrix, const ProductPart& part) {
    HWY_DYNAMIC_DISPATCH(multiply_part)(matrix, part);
}
} // namespace attnscope::kernels
#endif
