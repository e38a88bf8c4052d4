#include "analyses/cv/compute/pool.h"

#include "base/input_error.h"
#include "kernels/cuda_table.h"
#include "kernels/devices.h"
#include "module/compute/thread_guard.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <vector>

namespace attnscope::compute {

namespace {

constexpr std::size_t most_table_rows = 4096; // 67 MB
constexpr std::size_t block_rows = 128;       // of a product
/// Multiplications and additions of a product between two checkpoints: some tens of milliseconds on one core.
constexpr std::size_t product_operations = 500'000'000;
constexpr double device_simplices = 1e6; // fewer are done before a device has been asked
constexpr std::size_t most_side = 8192;  // of the smaller side of a covariance

/// Of rows that are worked on together.
struct Blocks {
    explicit Blocks(std::size_t rows, std::size_t size = block_rows)
        : rows(rows), size(size), count((rows + size - 1) / size) {}
    std::size_t begin(std::size_t block) const { return block * size; }
    std::size_t end(std::size_t block) const { return std::min(rows, begin(block) + size); }
    std::size_t rows, size, count;
};

/// Blocks of rows that are walked over in about a millisecond.
Blocks walked_blocks(std::size_t rows, std::size_t cols) {
    constexpr std::size_t most_numbers = std::size_t{1} << 20;
    return Blocks(rows, std::max<std::size_t>(1, most_numbers / std::max<std::size_t>(1, cols)));
}

/// How many columns of a product of block_rows · `depth` numbers in each keep it within product_operations. It depends
/// on the shape alone, as the rounding may depend on it.
std::size_t columns_at_once(std::size_t depth) {
    return std::max<std::size_t>(1, product_operations / (2 * block_rows * std::max<std::size_t>(1, depth)));
}

void check_finite(const kernels::RowView& rows, const std::string& name, const CvRun& run) {
    const Blocks blocks = walked_blocks(rows.rows, rows.cols);
    std::atomic<std::size_t> first = rows.rows; // row with such a value
    const auto find = [&](std::size_t i) {
        return std::find_if(rows.row(i), rows.row(i) + rows.cols, [](float x) { return !std::isfinite(x); });
    };
    run.parts(blocks.count, [&](std::size_t b) {
        for (std::size_t i = blocks.begin(b); i < blocks.end(b) && i < first.load(std::memory_order_relaxed); ++i) {
            if (find(i) == rows.row(i) + rows.cols) continue;
            std::size_t seen = first.load(std::memory_order_relaxed);
            while (i < seen && !first.compare_exchange_weak(seen, i)) {
            }
        }
    });
    const std::size_t row = first;
    if (row == rows.rows) return;
    const float* const found = find(row);
    input_error(name, "finite numbers", std::isnan(*found) ? "NaN" : "infinity",
                "row " + std::to_string(row) + ", column " + std::to_string(found - rows.row(row)));
}

bool rows_equal(const kernels::RowView& rows, const CvRun& run) {
    const Blocks blocks = walked_blocks(rows.rows, rows.cols);
    for (std::size_t b = 0; b < blocks.count; ++b) {
        run.context.checkpoint();
        for (std::size_t i = blocks.begin(b); i < blocks.end(b); ++i)
            if (!std::equal(rows.row(i), rows.row(i) + rows.cols, rows.row(0))) return false;
    }
    return true;
}

/// Rows less their mean, in float64: dot products of such lose least.
class CentredRows {
public:
    CentredRows(const kernels::RowView& rows, const CvRun& run) : rows_(rows), mean_(rows.cols) {
        const Blocks blocks = walked_blocks(rows.rows, rows.cols);
        // One block after the other: a column is summed in the order of the rows.
        for (std::size_t b = 0; b < blocks.count; ++b) {
            run.context.checkpoint();
            for (std::size_t i = blocks.begin(b); i < blocks.end(b); ++i)
                for (std::size_t c = 0; c < rows.cols; ++c) mean_[c] += static_cast<double>(rows.row(i)[c]);
        }
        for (double& value : mean_) value /= static_cast<double>(rows.rows);
    }

    /// (end − begin, cols)
    at::Tensor block(std::size_t begin, std::size_t end) const {
        at::Tensor out =
            at::empty({static_cast<std::int64_t>(end - begin), static_cast<std::int64_t>(rows_.cols)}, at::kDouble);
        fill(begin, end, out.mutable_data_ptr<double>());
        return out;
    }

    /// (rows, cols)
    at::Tensor all(const CvRun& run) const {
        at::Tensor out =
            at::empty({static_cast<std::int64_t>(rows_.rows), static_cast<std::int64_t>(rows_.cols)}, at::kDouble);
        double* const to = out.mutable_data_ptr<double>();
        const Blocks blocks = walked_blocks(rows_.rows, rows_.cols);
        run.parts(blocks.count,
                  [&](std::size_t b) { fill(blocks.begin(b), blocks.end(b), to + blocks.begin(b) * rows_.cols); });
        return out;
    }

    std::vector<double> squared_norms(const CvRun& run) const {
        std::vector<double> norms(rows_.rows);
        const Blocks blocks = walked_blocks(rows_.rows, rows_.cols);
        run.parts(blocks.count, [&](std::size_t b) {
            for (std::size_t i = blocks.begin(b); i < blocks.end(b); ++i) norms[i] = squared_norm(i);
        });
        return norms;
    }

private:
    void fill(std::size_t begin, std::size_t end, double* to) const {
        for (std::size_t i = begin; i < end; ++i)
            for (std::size_t c = 0; c < rows_.cols; ++c) *to++ = static_cast<double>(rows_.row(i)[c]) - mean_[c];
    }

    double squared_norm(std::size_t i) const {
        double sum = 0;
        for (std::size_t c = 0; c < rows_.cols; ++c) {
            const double x = static_cast<double>(rows_.row(i)[c]) - mean_[c];
            sum += x * x;
        }
        return sum;
    }

    const kernels::RowView& rows_;
    std::vector<double> mean_;
};

double sum_of_squares(const double* values, std::size_t count, double sum = 0) {
    for (std::size_t i = 0; i < count; ++i) sum += values[i] * values[i];
    return sum;
}

/// `left` (rows, depth) · `right` (columns, depth)ᵀ, as many columns at once as are done between two checkpoints.
at::Tensor product_with(const at::Tensor& left, const at::Tensor& right, const CvRun& run) {
    const auto width = static_cast<std::int64_t>(columns_at_once(static_cast<std::size_t>(left.size(1))));
    const std::int64_t columns = right.size(0);
    if (columns <= width) return at::mm(left, right.t());
    at::Tensor product = at::empty({left.size(0), columns}, at::kDouble);
    for (std::int64_t begin = 0; begin < columns; begin += width) {
        run.context.checkpoint();
        const std::int64_t size = std::min(width, columns - begin);
        product.narrow(1, begin, size).copy_(at::mm(left, right.narrow(0, begin, size).t()));
    }
    return product;
}

/// ‖XXᵀ‖², and the distances that follow from XXᵀ where a table is wanted.
double product_of_rows(const CentredRows& centred, const kernels::RowView& rows, const std::vector<double>& norms,
                       double scale, kernels::DistanceTable* table, const CvRun& run) {
    const at::Tensor all = centred.all(run);
    const Blocks blocks(rows.rows);
    std::vector<double> squares(blocks.count);
    run.parts(blocks.count, [&](std::size_t b) {
        const c10::InferenceMode no_gradients;
        const models::ThreadGuard one(1); // a product's rounding must not depend on the number of threads
        const std::size_t begin = blocks.begin(b), end = blocks.end(b);
        // Only the lower triangle is needed: columns up to the block's end.
        const at::Tensor product =
            product_with(all.narrow(0, static_cast<std::int64_t>(begin), static_cast<std::int64_t>(end - begin)),
                         all.narrow(0, 0, static_cast<std::int64_t>(end)), run);
        const double* line = product.const_data_ptr<double>();
        double sum = 0;
        for (std::size_t i = begin; i < end; ++i, line += end) {
            sum += 2 * sum_of_squares(line, i) + line[i] * line[i];
            if (!table) continue;
            run.context.checkpoint();
            double* const out = table->values.data() + i * (i - 1) / 2;
            for (std::size_t j = 0; j < i; ++j) {
                // Where rows lie much closer to each other than to their mean, the products cancel.
                constexpr double cancels = 1e-3;
                const double both = norms[i] + norms[j], squared = both - 2 * line[j];
                out[j] =
                    scale * (squared > cancels * both ? squared
                                                      : kernels::squared_distance(rows.row(i), rows.row(j), rows.cols));
            }
        }
        squares[b] = sum;
    });
    double sum = 0;
    for (const double part : squares) sum += part;
    return sum;
}

/// ‖XᵀX‖² block by block of rows, and in each by bands of rows of XᵀX.
double product_of_columns(const CentredRows& centred, const kernels::RowView& rows, const CvRun& run) {
    const auto side = static_cast<std::int64_t>(rows.cols);
    const at::Tensor sum = at::empty({side, side}, at::kDouble);
    const Blocks blocks(rows.rows), bands(rows.cols, columns_at_once(rows.cols));
    // One block after the other: the sum is large.
    for (std::size_t b = 0; b < blocks.count; ++b) {
        run.context.checkpoint();
        const at::Tensor block = centred.block(blocks.begin(b), blocks.end(b));
        run.parts(bands.count, [&](std::size_t band) {
            const c10::InferenceMode no_gradients;
            const models::ThreadGuard one(1);
            const auto begin = static_cast<std::int64_t>(bands.begin(band));
            const std::int64_t size = static_cast<std::int64_t>(bands.end(band)) - begin;
            const at::Tensor product = at::mm(block.narrow(1, begin, size).t(), block), to = sum.narrow(0, begin, size);
            if (b == 0)
                to.copy_(product);
            else
                to.add_(product);
        });
    }
    double squares = 0;
    for (std::size_t band = 0; band < bands.count; ++band) {
        run.context.checkpoint();
        const std::size_t begin = bands.begin(band) * rows.cols, end = bands.end(band) * rows.cols;
        squares = sum_of_squares(sum.const_data_ptr<double>() + begin, end - begin, squares);
    }
    return squares;
}

} // namespace

void CvRun::parts(std::size_t count, const std::function<void(std::size_t part)>& body) const {
    if (!alone) return context.parallel_for(count, [&](std::size_t part, int) { body(part); });
    for (std::size_t part = 0; part < count; ++part) {
        context.checkpoint();
        body(part);
    }
}

void CvPool::volumes(const std::uint32_t* tuples, int corners, std::size_t count, double* out) const {
    if (cuda)
        cuda->simplex_volumes(device, *table, tuples, corners, count, out);
    else if (table)
        kernels::simplex_volumes(*table, tuples, corners, count, out);
    else
        kernels::simplex_volumes(rows, std::ldexp(1, -exponent), tuples, corners, count, out);
}

CvPool make_pool(const kernels::RowView& rows, const std::string& name, double simplices, int corners,
                 const CvRun& run) {
    check_finite(rows, name, run);
    CvPool pool;
    pool.rows = rows;
    pool.all_equal = rows_equal(rows, run);
    if (pool.all_equal) return pool;

    const CentredRows centred(rows, run);
    const std::vector<double> norms = centred.squared_norms(run);
    double total = 0;
    for (const double squared : norms) total += squared;
    const auto n = static_cast<double>(rows.rows);
    const double mean = 2 * total / (n - 1);
    pool.exponent = std::ilogb(mean);
    const double scale = std::ldexp(1, -pool.exponent);
    pool.mean_squared_edge = mean * scale;

    const double pairs = n * (n - 1) / 2, wanted = simplices * corners * (corners - 1) / 2;
    if (rows.rows <= most_table_rows && pairs <= wanted) {
        pool.table.emplace();
        pool.table->rows = rows.rows;
        pool.table->values.resize(rows.rows * (rows.rows - 1) / 2);
        if (simplices >= device_simplices && !run.alone) {
            const Device device = resolve_device(run.context.device());
            pool.cuda = cuda_table(device);
            pool.device = device.index;
        }
    }
    double squares = std::numeric_limits<double>::quiet_NaN();
    if (pool.table || (!run.brief && rows.rows <= rows.cols && rows.rows <= most_side))
        squares = product_of_rows(centred, rows, norms, scale, pool.table ? &*pool.table : nullptr, run);
    else if (!run.brief && rows.cols <= most_side)
        squares = product_of_columns(centred, rows, run);
    pool.participation_ratio = total * total / squares;
    return pool;
}

} // namespace attnscope::compute
