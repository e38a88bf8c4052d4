// Weights laid out once for products with many rows, and the product.
//
// A packed matrix keeps the outputs of a weight matrix in panels as wide as two vectors of the processor: input after
// input, a panel holds the weights of its outputs side by side, so a product reads it from front to back. Packing costs
// one pass over the matrix; every product with it is then as quick as its first.
//
// Rows are multiplied in tiles of a few rows by one panel, whose sums stay in registers, and inputs in blocks short
// enough for the first-level cache (Goto and van de Geijn 2008, Anatomy of high-performance matrix multiplication).
#pragma once

#include <hwy/aligned_allocator.h>

#include <cstddef>

namespace attnscope::kernels {

class PackedMatrix {
public:
    /// How the numbers to be packed lie.
    enum class Order {
        rows,    ///< (outputs, inputs)
        columns, ///< (inputs, outputs)
    };

    PackedMatrix() = default;
    /// Room for a matrix; either size may be 0. Throws std::bad_alloc.
    PackedMatrix(std::size_t outputs, std::size_t inputs);
    /// Fills panels first … end from a whole matrix of float32 numbers. Thread-safe for panels apart.
    void pack(const float* values, Order order, std::size_t first_panel, std::size_t end_panel);

    std::size_t outputs() const noexcept { return outputs_; }
    std::size_t inputs() const noexcept { return inputs_; }
    std::size_t bytes() const noexcept { return panels() * panel_width_ * inputs_ * sizeof(float); }
    /// The weights of one output, as they were: `inputs` numbers.
    void copy_output(std::size_t output, float* to) const;

    std::size_t panels() const noexcept { return (outputs_ + panel_width_ - 1) / panel_width_; }
    std::size_t panel_width() const noexcept { return panel_width_; }
    const float* panel(std::size_t index) const noexcept { return values_.get() + index * inputs_ * panel_width_; }

private:
    std::size_t outputs_ = 0, inputs_ = 0, panel_width_ = 1;
    hwy::AlignedFreeUniquePtr<float[]> values_; // (panels, inputs, panel width), zeros behind the last output
};

/// A product, or some of its rows and panels, and where its numbers lie:
/// result[r, o − outputs before `result_panel`] = Σ_i input[r, i] · W[o, i] + bias[o].
struct ProductPart {
    const float* input = nullptr; ///< (rows, inputs)
    std::size_t input_stride = 0; ///< numbers between two rows
    float* result = nullptr;      ///< (rows, outputs from panel `result_panel` on)
    std::size_t result_stride = 0;
    std::size_t result_panel = 0;
    const float* bias = nullptr; ///< one number an output, or null
    bool add = false;            ///< to what stands in `result`
    std::size_t first_row = 0, end_row = 0;
    std::size_t first_panel = 0, end_panel = 0;
};

/// A product cut into parts of about equal work, none of more than a few milliseconds; any thread may do any of them.
class ProductPlan {
public:
    ProductPlan(const PackedMatrix& matrix, const ProductPart& whole, std::size_t threads);
    std::size_t parts() const noexcept { return row_blocks_ * panel_blocks_; }
    ProductPart part(std::size_t index) const;

private:
    ProductPart whole_;
    std::size_t row_blocks_ = 0, panel_blocks_ = 0;
};

/// float32 products, summed in float32. Thread-safe for parts that do not overlap.
void multiply(const PackedMatrix& matrix, const ProductPart& part);
/// The same in plain loops with float64 sums; for tests.
void multiply_reference(const PackedMatrix& matrix, const ProductPart& part);

} // namespace attnscope::kernels
