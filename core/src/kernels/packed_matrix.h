// Weights laid out once for products with many rows, and the product.
//
// A packed matrix keeps the outputs of a weight matrix in panels as wide as two vectors of the processor: input after
// input, a panel holds the weights of its outputs side by side, so a product reads it from front to back. Packing costs
// one pass over the matrix; every product with it is then as quick as its first.
//
// Rows are multiplied in tiles of a few rows by one panel, whose sums stay in registers, and inputs in blocks short
// enough for the first-level cache (Goto and van de Geijn 2008, Anatomy of high-performance matrix multiplication).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace attnscope::kernels {

class PackedMatrix {
public:
    /// How the numbers to be packed lie.
    enum class Order {
        rows,    ///< (outputs, inputs)
        columns, ///< (inputs, outputs)
    };

    PackedMatrix() = default;
    PackedMatrix(PackedMatrix&&) noexcept = default;
    PackedMatrix& operator=(PackedMatrix&&) noexcept = default;
    /// Room for a matrix; either size may be 0. Throws Error{resource}.
    PackedMatrix(std::size_t outputs, std::size_t inputs);
    /// Fills panels first … end from a whole matrix of float32 numbers, `stride` between the beginnings of two rows (or
    /// columns); 0: they follow each other. Thread-safe for panels apart.
    void pack(const float* values, Order order, std::size_t first_panel, std::size_t end_panel, std::size_t stride = 0);

    std::size_t outputs() const noexcept { return outputs_; }
    std::size_t inputs() const noexcept { return inputs_; }
    std::size_t bytes() const noexcept { return panels() * panel_width_ * inputs_ * sizeof(float); }
    /// The weights of one output, as they were: `inputs` numbers.
    void copy_output(std::size_t output, float* to) const;

    std::size_t panels() const noexcept { return (outputs_ + panel_width_ - 1) / panel_width_; }
    std::size_t panel_width() const noexcept { return panel_width_; }
    const float* panel(std::size_t index) const noexcept { return numbers() + index * inputs_ * panel_width_; }

private:
    float* numbers() const noexcept { return reinterpret_cast<float*>(memory_.get()); }

    std::size_t outputs_ = 0, inputs_ = 0, panel_width_ = 1;
    std::shared_ptr<std::byte> memory_; // (panels, inputs, panel width), zeros behind the last output
};

/// A product, or some of its rows and panels, and where its numbers lie:
/// result[r, o] = Σ_i input[r, i − first_input] · W[o, i] + bias[o].
struct ProductPart {
    const float* input = nullptr; ///< (rows, inputs)
    std::size_t input_stride = 0; ///< numbers between two rows
    float* result = nullptr;      ///< (rows, outputs)
    std::size_t result_stride = 0;
    const float* bias = nullptr; ///< one number an output, or null
    bool add = false;            ///< to what stands in `result`
    std::size_t first_row = 0, end_row = 0;
    std::size_t first_panel = 0, end_panel = 0;
    std::size_t first_input = 0;
    std::size_t end_input = ~std::size_t{0}; ///< or the matrix's last
};

/// First row of block `block` of `blocks` about equal ones: whole tiles of every instruction set lie before it.
std::size_t row_block_begin(std::size_t rows, std::size_t block, std::size_t blocks);

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

/// The softmax over some panels of the outputs, for some rows of a product whose numbers are never held together.
struct LogSumExpPart {
    const float* input = nullptr;          ///< (rows, inputs)
    std::size_t input_stride = 0;          ///< numbers between two rows
    const std::int64_t* targets = nullptr; ///< (rows) an output of the matrix each
    double* normalisers = nullptr; ///< (rows) ln Σ_o e^logit over the outputs of these panels; NaN where a logit is
    float* chosen = nullptr;       ///< (rows) the target's logit, where the target is one of these outputs
    std::size_t first_row = 0, end_row = 0;
    std::size_t first_panel = 0, end_panel = 0;
};

/// Logits in float32, the same as multiply() gives, and their sum in float64; a row's numbers depend on no other row.
/// Thread-safe for parts that do not overlap.
void log_sum_exp(const PackedMatrix& matrix, const LogSumExpPart& part);
/// The same in float64, plain loops; for tests.
void log_sum_exp_reference(const PackedMatrix& matrix, const LogSumExpPart& part);

} // namespace attnscope::kernels
