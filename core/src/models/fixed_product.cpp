#include "models/fixed_product.h"

#include "models/parallel_parts.h"

#include <ATen/ops/addmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/mm.h>

#include <algorithm>

namespace attnscope::models {
namespace {

// Blocks of a size that keeps one thread busy for about a millisecond, and large enough that LibTorch's copies of what
// it multiplies are few beside the products.
constexpr std::int64_t most_rows = 256, most_columns = 512, fewest_columns = 96;
constexpr std::int64_t products_of_a_block = std::int64_t{1} << 26;
/// Longer sums than `longest_sum` are cut, so that a product with few outputs has blocks at all.
constexpr std::int64_t longest_sum = 8192, terms_of_a_block = 4096;

/// `total` numbers in about equal parts of `most` at most; all but the last begin at a multiple of a vector's width.
struct Cut {
    std::int64_t total, count;
    Cut(std::int64_t total, std::int64_t most)
        : total(total), count(std::max<std::int64_t>(1, (total + most - 1) / most)) {}
    std::int64_t begin(std::int64_t part) const {
        constexpr std::int64_t vector = 16;
        return part == count ? total : total * part / count / vector * vector;
    }
    std::int64_t size(std::int64_t part) const { return begin(part + 1) - begin(part); }
};

/// Rows first_row … of `rows` and columns first_column … of `columns` of a matrix: a tensor of its own, so that it may
/// be written to whatever mode of autograd its owner was made in.
at::Tensor block_of(const at::Tensor& matrix, std::int64_t first_row, std::int64_t rows, std::int64_t first_column,
                    std::int64_t columns) {
    const std::int64_t offset = first_row * matrix.stride(0) + first_column * matrix.stride(1);
    auto* const begin =
        static_cast<char*>(matrix.data_ptr()) + offset * static_cast<std::int64_t>(matrix.element_size());
    return at::from_blob(begin, {rows, columns}, {matrix.stride(0), matrix.stride(1)}, matrix.options());
}

void multiply_block(at::Tensor out, const at::Tensor& rows, const at::Tensor& matrix, const at::Tensor& bias) {
    if (bias.defined())
        at::addmm_out(out, bias, rows, matrix);
    else
        at::mm_out(out, rows, matrix);
}

/// out = rows · matrix, the sums in parts, added in order.
void multiply_in_terms(const at::Tensor& out, const at::Tensor& rows, const at::Tensor& matrix, const at::Tensor& bias,
                       const JobContext& context) {
    const Cut terms(matrix.size(0), terms_of_a_block), lines(rows.size(0), most_rows);
    const std::int64_t columns = matrix.size(1);
    const at::Tensor sums = at::empty({terms.count, rows.size(0), columns}, out.options());
    hand_out_parts<LibTorchCalls>(static_cast<std::size_t>(terms.count * lines.count), context, [&](std::size_t part) {
        const auto index = static_cast<std::int64_t>(part), term = index / lines.count, line = index % lines.count;
        const std::int64_t first = terms.begin(term), taken = terms.size(term);
        const std::int64_t row = lines.begin(line), count = lines.size(line);
        multiply_block(block_of(sums[term], row, count, 0, columns), block_of(rows, row, count, first, taken),
                       block_of(matrix, first, taken, 0, columns), {});
    });
    out.copy_(sums[0]);
    for (std::int64_t term = 1; term < terms.count; ++term) out.add_(sums[term]);
    if (bias.defined()) out.add_(bias);
}

} // namespace

void multiply_in_blocks(const at::Tensor& out, const at::Tensor& rows, const at::Tensor& matrix, const at::Tensor& bias,
                        const JobContext& context) {
    const std::int64_t depth = std::max<std::int64_t>(1, matrix.size(0));
    if (depth > longest_sum) return multiply_in_terms(out, rows, matrix, bias, context);
    const Cut lines(rows.size(0), most_rows);
    const std::int64_t line_products = (rows.size(0) + lines.count - 1) / lines.count * depth;
    const Cut columns(matrix.size(1), std::clamp(products_of_a_block / line_products, fewest_columns, most_columns));
    hand_out_parts<LibTorchCalls>(
        static_cast<std::size_t>(lines.count * columns.count), context, [&](std::size_t part) {
            // Rows go by faster, so that a block of the matrix is read while it is in the cache.
            const auto index = static_cast<std::int64_t>(part), line = index % lines.count,
                       column = index / lines.count;
            const std::int64_t row = lines.begin(line), count = lines.size(line);
            const std::int64_t first = columns.begin(column), taken = columns.size(column);
            multiply_block(block_of(out, row, count, first, taken), block_of(rows, row, count, 0, rows.size(1)),
                           block_of(matrix, 0, matrix.size(0), first, taken),
                           bias.defined() ? bias.narrow(0, first, taken) : bias);
        });
}

at::Tensor multiply_by_head(const at::Tensor& left, const at::Tensor& right, const JobContext& context) {
    context.checkpoint();
    if (!left.is_cpu()) return at::matmul(left, right);
    const std::int64_t texts = left.size(0), heads = left.size(1);
    const at::Tensor out = at::empty({texts, heads, left.size(2), right.size(-1)}, left.options());
    const Cut lines(left.size(2), most_rows);
    parallel_parts<LibTorchCalls>(
        static_cast<std::size_t>(texts * heads * lines.count), context, [&](std::size_t part) {
            const auto index = static_cast<std::int64_t>(part), line = index % lines.count;
            const std::int64_t head = index / lines.count % heads, text = index / lines.count / heads;
            const std::int64_t row = lines.begin(line), count = lines.size(line);
            const at::Tensor of_head = right.dim() == 4 ? right[text][head] : right[head];
            multiply_block(block_of(out[text][head], row, count, 0, out.size(3)),
                           block_of(left[text][head], row, count, 0, left.size(3)), of_head, {});
        });
    return out;
}

} // namespace attnscope::models
