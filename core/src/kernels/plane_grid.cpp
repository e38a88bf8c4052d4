#include "kernels/plane_grid.h"

#include "kernels/aligned.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace attnscope::kernels {

namespace {
constexpr std::size_t chunk_memories = 2048; ///< both arrays of a chunk fit a first-level cache
constexpr float never = -1e30f;              ///< a logit whose exponential is 0 and whose product with 0 is finite
} // namespace

std::vector<double> plane_log_sums(std::span<const float> a, std::span<const float> b, std::span<const float> c,
                                   double beta, const GridAxis& x, const GridAxis& y, JobContext& context) {
    const std::size_t n = a.size(), columns = x.count, grid_rows = y.count;
    std::vector<float> slope(columns);
    for (std::size_t i = 0; i < columns; ++i) slope[i] = static_cast<float>(beta * x.at(i));
    std::vector<double> out(grid_rows * columns);
    struct Scratch {
        hwy::AlignedFreeUniquePtr<float[]> base, along;
        std::vector<float> largest, sums;
        std::vector<double> top, total;
    };
    std::vector<Scratch> scratch(static_cast<std::size_t>(context.threads()));
    std::atomic<std::size_t> done{0};
    context.parallel_for(grid_rows, [&](std::size_t row, int thread) {
        Scratch& own = scratch[static_cast<std::size_t>(thread)];
        if (!own.base) {
            own.base = allocate_aligned<float>(chunk_memories);
            own.along = allocate_aligned<float>(chunk_memories);
            own.largest.resize(columns);
            own.sums.resize(columns);
        }
        own.top.assign(columns, -std::numeric_limits<double>::infinity());
        own.total.assign(columns, 0);
        const float narrow_beta = static_cast<float>(beta), lift = static_cast<float>(beta * y.at(row));
        for (std::size_t first = 0; first < n; first += chunk_memories) {
            context.checkpoint();
            const std::size_t count = std::min(chunk_memories, n - first), padded = (count + 15) / 16 * 16;
            for (std::size_t r = 0; r < count; ++r) {
                own.base[r] = narrow_beta * c[first + r] + lift * b[first + r];
                own.along[r] = a[first + r];
            }
            for (std::size_t r = count; r < padded; ++r) {
                own.base[r] = never;
                own.along[r] = 0;
            }
            plane_row(own.base.get(), own.along.get(), padded, slope.data(), columns, own.largest.data(),
                      own.sums.data());
            for (std::size_t i = 0; i < columns; ++i) {
                const double largest = own.largest[i], sum = own.sums[i], top = std::max(own.top[i], largest);
                own.total[i] = own.total[i] * std::exp(own.top[i] - top) + sum * std::exp(largest - top);
                own.top[i] = top;
            }
        }
        for (std::size_t i = 0; i < columns; ++i) out[row * columns + i] = own.top[i] + std::log(own.total[i]);
        context.progress(static_cast<double>(++done), static_cast<double>(grid_rows), "energy");
    });
    return out;
}

std::vector<double> plane_log_sums_reference(std::span<const float> a, std::span<const float> b,
                                             std::span<const float> c, double beta, const GridAxis& x,
                                             const GridAxis& y) {
    std::vector<double> out;
    for (std::size_t row = 0; row < y.count; ++row)
        for (std::size_t column = 0; column < x.count; ++column) {
            std::vector<double> logits;
            for (std::size_t i = 0; i < a.size(); ++i)
                logits.push_back(beta * (c[i] + x.at(column) * a[i] + y.at(row) * b[i]));
            const double top = *std::max_element(logits.begin(), logits.end());
            double sum = 0;
            for (const double logit : logits) sum += std::exp(logit - top);
            out.push_back(top + std::log(sum));
        }
    return out;
}

} // namespace attnscope::kernels
