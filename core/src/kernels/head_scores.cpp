// Packs keys, and looks after the precision of the products.
#include "kernels/head_scores.h"

#include "kernels/aligned.h"

#include "kernels/retrieval_pass.h" // exact_dot

#include <algorithm>
#include <cmath>
#include <limits>

namespace attnscope::kernels {
namespace {

/// Scores times factor may be as large as this before rounding in float32 moves weights by more than 10⁻⁴.
constexpr double refined_limit = 1000;
/// Of a float32 product, relative to the product of the norms; generous.
constexpr double product_error = 4e-6;
/// Nats below the maximum from which a score need not be exact: its weight is too small to tell.
constexpr double near_maximum = 60;

double norm(const float* vector, std::size_t size) {
    double squares = 0;
    for (std::size_t k = 0; k < size; ++k) squares += static_cast<double>(vector[k]) * vector[k];
    return std::sqrt(squares);
}

/// Makes a row's scores relative to its maximum, those within `reach` of it from products in float64.
void refine(const HeadKeys& keys, const float* query, double reach, const HeadRow& row) {
    const std::size_t d = keys.head_dim, count = row.keys();
    std::vector<double> wide(query, query + d), exact(row.scores, row.scores + count);
    double shift = 0;
    for (std::size_t k = 0; k < d; ++k) shift += wide[k] * keys.mean[k];
    const double cut = *std::max_element(exact.begin(), exact.end()) - reach;
    double maximum = -std::numeric_limits<double>::infinity();
    for (std::size_t j = 0; j < count; ++j) {
        if (!(exact[j] >= cut)) continue;
        exact[j] = exact_dot(keys.rows + (row.begin + j) * d, wide.data(), d) - shift;
        maximum = std::max(maximum, exact[j]);
    }
    for (std::size_t j = 0; j < count; ++j) row.scores[j] = static_cast<float>(exact[j] - maximum);
}

} // namespace

HeadKeys pack_keys(const float* rows, std::size_t count, std::size_t head_dim) {
    HeadKeys keys;
    keys.rows = rows;
    keys.count = count;
    keys.head_dim = head_dim;
    std::vector<double> mean(head_dim);
    for (std::size_t j = 0; j < count; ++j)
        for (std::size_t k = 0; k < head_dim; ++k) mean[k] += rows[j * head_dim + k];
    for (const double sum : mean)
        keys.mean.push_back(static_cast<float>(sum / static_cast<double>(std::max<std::size_t>(count, 1))));

    const std::size_t panels = (count + panel_keys - 1) / panel_keys, panel = head_dim * panel_keys;
    keys.panels = allocate_aligned<float>(std::max<std::size_t>(panels * panel, 1));
    double longest = 0;
    for (std::size_t p = 0; p < panels; ++p) {
        float* out = keys.panels.get() + p * panel;
        const std::size_t first = p * panel_keys, filled = std::min(panel_keys, count - first);
        double squares[panel_keys] = {};
        for (std::size_t k = 0; k < head_dim; ++k)
            for (std::size_t j = 0; j < panel_keys; ++j) {
                const float value = j < filled ? rows[(first + j) * head_dim + k] - keys.mean[k] : 0;
                out[k * panel_keys + j] = value;
                squares[j] += static_cast<double>(value) * value;
            }
        longest = std::max(longest, *std::max_element(squares, squares + panel_keys));
    }
    keys.longest = std::sqrt(longest);
    return keys;
}

std::size_t block_rows(std::size_t keys) noexcept {
    // A multiple of the rows that the products take at once.
    constexpr std::size_t cached_floats = 65536, step = 6, most = 24;
    return std::clamp<std::size_t>(cached_floats / std::max<std::size_t>(keys, 1) / step * step, step, most);
}

std::size_t block_scratch_floats(std::size_t rows, std::size_t keys) noexcept {
    return rows * (keys / panel_keys + 1) * panel_keys;
}

void head_scores(const HeadKeys& keys, const float* queries, double largest_factor, std::span<HeadRow> rows,
                 float* scratch) {
    std::size_t first = keys.count, end = 0;
    for (const HeadRow& row : rows) {
        ATTNSCOPE_ASSERT(row.begin < row.end && row.end <= keys.count);
        first = std::min(first, row.begin);
        end = std::max(end, row.end);
    }
    const std::size_t first_panel = first / panel_keys, end_panel = (end + panel_keys - 1) / panel_keys;
    const std::size_t pitch = (end_panel - first_panel) * panel_keys;
    panel_products(keys, first_panel, end_panel, queries, rows.size(), scratch, pitch);
    for (std::size_t r = 0; r < rows.size(); ++r) {
        HeadRow& row = rows[r];
        const float* query = queries + r * keys.head_dim;
        row.scores = scratch + r * pitch + (row.begin - first_panel * panel_keys);
        const double bound = norm(query, keys.head_dim) * keys.longest;
        if (largest_factor * bound > refined_limit)
            refine(keys, query, near_maximum / largest_factor + 2 * product_error * bound, row);
    }
}

std::vector<double> head_scores_reference(const HeadKeys& keys, const float* query, std::size_t begin,
                                          std::size_t end) {
    std::vector<double> scores(end - begin);
    for (std::size_t j = begin; j < end; ++j)
        for (std::size_t k = 0; k < keys.head_dim; ++k)
            scores[j - begin] += static_cast<double>(query[k]) * keys.rows[j * keys.head_dim + k];
    return scores;
}

} // namespace attnscope::kernels
