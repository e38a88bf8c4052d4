#include "kernels/covariance.h"

#include "kernels/aligned.h"

#include <algorithm>
#include <cmath>

namespace attnscope::kernels {

namespace {

constexpr std::size_t sum_rows = 512;   ///< of one task of a plain sum
constexpr std::size_t slab_rows = 1024; ///< centred and multiplied at a time
constexpr std::size_t slice_rows = 128; ///< of a slab centred by one task; a multiple of what keeps panels aligned

} // namespace

std::vector<double> column_means(const float* rows, std::size_t n, std::size_t d, JobContext& context) {
    // A fixed number of partial sums at most, whatever n, merged in order.
    const std::size_t parts = std::min<std::size_t>((n + sum_rows - 1) / sum_rows, 64);
    const std::size_t rows_per_part = (n + parts - 1) / parts;
    std::vector<double> partial(parts * d);
    context.parallel_for(parts, [&](std::size_t part, int) {
        const std::size_t end = std::min(n, (part + 1) * rows_per_part);
        for (std::size_t first = part * rows_per_part; first < end; first += sum_rows) {
            context.checkpoint();
            add_columns(rows + first * d, std::min(sum_rows, end - first), d, &partial[part * d]);
        }
    });
    std::vector<double> mean(d);
    for (std::size_t part = 0; part < parts; ++part)
        for (std::size_t k = 0; k < d; ++k) mean[k] += partial[part * d + k];
    for (double& value : mean) value /= static_cast<double>(n);
    return mean;
}

Covariance covariance(const float* rows, std::size_t n, std::size_t d, std::span<const double> mean,
                      JobContext& context) {
    const std::size_t panels = (d + panel_columns - 1) / panel_columns, pairs = panels * (panels + 1) / 2;
    const std::size_t pitch = slab_rows * panel_columns, block = panel_columns * panel_columns;
    constexpr std::size_t slices = slab_rows / slice_rows;
    Covariance out;
    out.raw_norms.resize(n);
    out.centered_norms.resize(n);
    out.mean_products.resize(n);
    out.centered_mean.assign(d, 0);
    const std::vector<float> narrow_mean(mean.begin(), mean.end());
    const auto slab = allocate_aligned<float>(panels * pitch);
    std::vector<double> blocks(pairs * block), residuals(slices * d);

    for (std::size_t first = 0; first < n; first += slab_rows) {
        context.progress(static_cast<double>(first), static_cast<double>(n), "covariance");
        const std::size_t count = std::min(slab_rows, n - first);
        context.parallel_for((count + slice_rows - 1) / slice_rows, [&](std::size_t slice, int) {
            const std::size_t start = slice * slice_rows, length = std::min(slice_rows, count - start);
            const float* from = rows + (first + start) * d;
            row_norms(from, length, d, mean.data(), &out.raw_norms[first + start], &out.centered_norms[first + start],
                      &out.mean_products[first + start], &residuals[slice * d]);
            centre_into_panels(from, length, d, narrow_mean.data(), pitch, slab.get() + start * panel_columns);
        });
        context.parallel_for(pairs, [&](std::size_t pair, int) {
            std::size_t i = 0, j = pair;
            for (; j > i; ++i) j -= i + 1; // the pair's place (i, j ≤ i) in the lower triangle
            multiply_panels(slab.get() + i * pitch, slab.get() + j * pitch, count, &blocks[pair * block]);
        });
    }
    for (std::size_t slice = 0; slice < slices; ++slice)
        for (std::size_t k = 0; k < d; ++k) out.centered_mean[k] += residuals[slice * d + k] / static_cast<double>(n);
    for (double& norm : out.raw_norms) norm = std::sqrt(norm);
    for (double& norm : out.centered_norms) norm = std::sqrt(norm);

    out.matrix.assign(d * d, 0);
    const double scale = 1 / static_cast<double>(n);
    for (std::size_t i = 0; i < d; ++i) {
        for (std::size_t j = 0; j <= i; ++j) {
            const std::size_t left = i / panel_columns, right = j / panel_columns;
            const double* sums = &blocks[(left * (left + 1) / 2 + right) * block];
            const double value = scale * sums[i % panel_columns * panel_columns + j % panel_columns];
            out.matrix[i * d + j] = out.matrix[j * d + i] = value;
        }
    }
    return out;
}

Covariance covariance_reference(const float* rows, std::size_t n, std::size_t d, std::span<const double> mean) {
    Covariance out;
    out.matrix.assign(d * d, 0);
    out.centered_mean.assign(d, 0);
    std::vector<double> row(d);
    for (std::size_t r = 0; r < n; ++r) {
        double raw = 0, centered = 0, along = 0;
        for (std::size_t k = 0; k < d; ++k) {
            const double value = static_cast<double>(rows[r * d + k]);
            row[k] = value - mean[k];
            raw += value * value;
            centered += row[k] * row[k];
            along += row[k] * mean[k];
            out.centered_mean[k] += row[k] / static_cast<double>(n);
        }
        out.raw_norms.push_back(std::sqrt(raw));
        out.centered_norms.push_back(std::sqrt(centered));
        out.mean_products.push_back(static_cast<float>(along));
        for (std::size_t i = 0; i < d; ++i)
            for (std::size_t j = 0; j < d; ++j) out.matrix[i * d + j] += row[i] * row[j] / static_cast<double>(n);
    }
    return out;
}

} // namespace attnscope::kernels
