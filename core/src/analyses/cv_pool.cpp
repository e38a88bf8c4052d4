#include "analyses/cv_pool.h"

#include "data/input_error.h"
#include "kernels/cuda_table.h"
#include "kernels/devices.h"
#include "models/thread_guard.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace attnscope::compute {

namespace {

constexpr std::size_t most_table_rows = 4096; // 67 MB
constexpr std::size_t block_rows = 128;       // of a product
constexpr double device_simplices = 1e6;      // fewer are done before a device has been asked
constexpr std::size_t most_side = 8192;       // of the smaller side of a covariance

/// Of rows that are worked on together.
struct Blocks {
    explicit Blocks(std::size_t rows) : rows(rows), count((rows + block_rows - 1) / block_rows) {}
    std::size_t begin(std::size_t block) const { return block * block_rows; }
    std::size_t end(std::size_t block) const { return std::min(rows, begin(block) + block_rows); }
    std::size_t rows, count;
};

void check_finite(const kernels::RowView& rows, const std::string& name) {
    for (std::size_t i = 0; i < rows.rows; ++i) {
        const float* const row = rows.row(i);
        const float* const found = std::find_if(row, row + rows.cols, [](float x) { return !std::isfinite(x); });
        if (found != row + rows.cols)
            input_error(name, "finite numbers", std::isnan(*found) ? "NaN" : "infinity",
                        "row " + std::to_string(i) + ", column " + std::to_string(found - row));
    }
}

bool rows_equal(const kernels::RowView& rows) {
    for (std::size_t i = 1; i < rows.rows; ++i)
        if (!std::equal(rows.row(i), rows.row(i) + rows.cols, rows.row(0))) return false;
    return true;
}

/// Rows less their mean, in float64: dot products of such lose least.
class CentredRows {
public:
    explicit CentredRows(const kernels::RowView& rows) : rows_(rows), mean_(rows.cols) {
        for (std::size_t i = 0; i < rows.rows; ++i)
            for (std::size_t c = 0; c < rows.cols; ++c) mean_[c] += static_cast<double>(rows.row(i)[c]);
        for (double& value : mean_) value /= static_cast<double>(rows.rows);
    }

    /// (end − begin, cols)
    at::Tensor block(std::size_t begin, std::size_t end) const {
        at::Tensor out =
            at::empty({static_cast<std::int64_t>(end - begin), static_cast<std::int64_t>(rows_.cols)}, at::kDouble);
        double* to = out.mutable_data_ptr<double>();
        for (std::size_t i = begin; i < end; ++i)
            for (std::size_t c = 0; c < rows_.cols; ++c) *to++ = static_cast<double>(rows_.row(i)[c]) - mean_[c];
        return out;
    }

    double squared_norm(std::size_t i) const {
        double sum = 0;
        for (std::size_t c = 0; c < rows_.cols; ++c) {
            const double x = static_cast<double>(rows_.row(i)[c]) - mean_[c];
            sum += x * x;
        }
        return sum;
    }

private:
    const kernels::RowView& rows_;
    std::vector<double> mean_;
};

double sum_of_squares(const double* values, std::size_t count) {
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i) sum += values[i] * values[i];
    return sum;
}

/// ‖XXᵀ‖², and the distances that follow from XXᵀ where a table is wanted.
double product_of_rows(const CentredRows& centred, const kernels::RowView& rows, const std::vector<double>& norms,
                       double scale, kernels::DistanceTable* table, const CvRun& run) {
    const at::Tensor all = centred.block(0, rows.rows);
    const Blocks blocks(rows.rows);
    std::vector<double> squares(blocks.count);
    run.parts(blocks.count, [&](std::size_t b) {
        const c10::InferenceMode no_gradients;
        const models::ThreadGuard one(1); // a product's rounding must not depend on the number of threads
        const std::size_t begin = blocks.begin(b), end = blocks.end(b);
        // Only the lower triangle is needed: columns up to the block's end.
        const at::Tensor product =
            at::mm(all.narrow(0, static_cast<std::int64_t>(begin), static_cast<std::int64_t>(end - begin)),
                   all.narrow(0, 0, static_cast<std::int64_t>(end)).t());
        const double* line = product.const_data_ptr<double>();
        double sum = 0;
        for (std::size_t i = begin; i < end; ++i, line += end) {
            sum += 2 * sum_of_squares(line, i) + line[i] * line[i];
            if (!table) continue;
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

/// ‖XᵀX‖² block by block.
double product_of_columns(const CentredRows& centred, const kernels::RowView& rows, const CvRun& run) {
    const auto side = static_cast<std::int64_t>(rows.cols);
    at::Tensor sum;
    const Blocks blocks(rows.rows);
    // One after the other: the sum is as large as a block.
    for (std::size_t b = 0; b < blocks.count; ++b) {
        run.parts(1, [&](std::size_t) {
            const c10::InferenceMode no_gradients;
            const models::ThreadGuard one(1);
            const at::Tensor block = centred.block(blocks.begin(b), blocks.end(b));
            at::Tensor product = at::mm(block.t(), block);
            sum = sum.defined() ? sum.add_(product) : product;
        });
    }
    return sum_of_squares(sum.const_data_ptr<double>(), static_cast<std::size_t>(side * side));
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
    check_finite(rows, name);
    CvPool pool;
    pool.rows = rows;
    pool.all_equal = rows_equal(rows);
    if (pool.all_equal) return pool;

    const CentredRows centred(rows);
    std::vector<double> norms(rows.rows);
    double total = 0;
    for (std::size_t i = 0; i < rows.rows; ++i) total += norms[i] = centred.squared_norm(i);
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
