#include "kernels/packed_matrix.h"

#include "base/memory.h"
#include "kernels/aligned.h"
#include "kernels/packed_matrix_simd.h"

#include <algorithm>
#include <new>

namespace attnscope::kernels {

float* packed_rows_memory(std::size_t floats) {
    thread_local hwy::AlignedFreeUniquePtr<float[]> memory;
    thread_local std::size_t size = 0;
    if (floats > size) {
        size = 0;
        memory = allocate_aligned<float>(floats);
        size = floats;
    }
    return memory.get();
}

PackedMatrix::PackedMatrix(std::size_t outputs, std::size_t inputs)
    : outputs_(outputs), inputs_(inputs), panel_width_(packed_panel_width()),
      memory_(
          allocate_bytes(std::max(panel_width_, panels() * panel_width_ * inputs) * sizeof(float), "packed weights")) {}

void PackedMatrix::pack(const float* values, Order order, std::size_t first_panel, std::size_t end_panel,
                        std::size_t stride) {
    if (stride == 0) stride = order == Order::columns ? outputs_ : inputs_;
    for (std::size_t panel = first_panel; panel < end_panel; ++panel) {
        const std::size_t first = panel * panel_width_, taken = std::min(panel_width_, outputs_ - first);
        float* to = numbers() + panel * panel_width_ * inputs_;
        for (std::size_t i = 0; i < inputs_; ++i, to += panel_width_) {
            if (order == Order::columns) {
                std::copy_n(values + i * stride + first, taken, to);
            } else {
                for (std::size_t o = 0; o < taken; ++o) to[o] = values[(first + o) * stride + i];
            }
            std::fill(to + taken, to + panel_width_, 0.0f);
        }
    }
}

void PackedMatrix::copy_output(std::size_t output, float* to) const {
    const float* from = panel(output / panel_width_) + output % panel_width_;
    for (std::size_t i = 0; i < inputs_; ++i, from += panel_width_) to[i] = *from;
}

namespace {

// A part's rows, packed, stay in the second-level cache while all its panels pass by; few panels would not pay for
// packing them.
constexpr std::size_t most_rows = 144, fewest_panels = 6;
constexpr std::size_t parts_per_thread = 6;

} // namespace

std::size_t row_block_begin(std::size_t rows, std::size_t block, std::size_t blocks) {
    constexpr std::size_t tile_multiple = 12;
    return block == blocks ? rows : rows * block / blocks / tile_multiple * tile_multiple;
}

ProductPlan::ProductPlan(const PackedMatrix& matrix, const ProductPart& whole, std::size_t threads) : whole_(whole) {
    const std::size_t rows = whole.end_row - whole.first_row, panels = whole.end_panel - whole.first_panel;
    if (rows == 0 || panels == 0) return;
    row_blocks_ = (rows + most_rows - 1) / most_rows;
    // No part of more than some milliseconds, and enough of them that no thread waits long for another.
    constexpr std::size_t most_products = 100'000'000;
    const std::size_t row_block = (rows + row_blocks_ - 1) / row_blocks_;
    const std::size_t panel_products = row_block * matrix.panel_width() * std::max<std::size_t>(1, matrix.inputs());
    const std::size_t panels_a_part = std::max<std::size_t>(1, most_products / panel_products);
    std::size_t wanted = (panels + panels_a_part - 1) / panels_a_part;
    if (threads > 1) wanted = std::max(wanted, (threads * parts_per_thread + row_blocks_ - 1) / row_blocks_);
    panel_blocks_ = std::clamp<std::size_t>(wanted, 1, std::max<std::size_t>(1, panels / fewest_panels));
}

ProductPart ProductPlan::part(std::size_t index) const {
    const std::size_t row = index / panel_blocks_, panel = index % panel_blocks_;
    const std::size_t rows = whole_.end_row - whole_.first_row, panels = whole_.end_panel - whole_.first_panel;
    ProductPart part = whole_;
    part.first_row = whole_.first_row + row_block_begin(rows, row, row_blocks_);
    part.end_row = whole_.first_row + row_block_begin(rows, row + 1, row_blocks_);
    part.first_panel = whole_.first_panel + panels * panel / panel_blocks_;
    part.end_panel = whole_.first_panel + panels * (panel + 1) / panel_blocks_;
    return part;
}

} // namespace attnscope::kernels
