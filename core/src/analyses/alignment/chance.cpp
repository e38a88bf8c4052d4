// What random operators show, and the best assignment of heads.

#include <attnscope/alignment.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace attnscope::alignment {

namespace {

constexpr std::uint64_t frame_stream = 0xa11a'0000;

/// Singular values of a square matrix (n, n), row-major, destroyed: one-sided Jacobi rotations of its columns (Hestenes
/// 1958). Small matrices only.
std::vector<double> singular_values(std::vector<double>& matrix, std::size_t n) {
    constexpr int most_sweeps = 30;
    constexpr double tolerance = 1e-14;
    bool turned = true;
    for (int sweep = 0; turned && sweep < most_sweeps; ++sweep) {
        turned = false;
        for (std::size_t p = 0; p + 1 < n; ++p)
            for (std::size_t q = p + 1; q < n; ++q) {
                double pp = 0, qq = 0, pq = 0;
                for (std::size_t i = 0; i < n; ++i) {
                    const double x = matrix[i * n + p], y = matrix[i * n + q];
                    pp += x * x;
                    qq += y * y;
                    pq += x * y;
                }
                if (std::abs(pq) <= tolerance * std::sqrt(pp * qq)) continue;
                turned = true;
                const double zeta = (qq - pp) / (2 * pq);
                const double tangent = std::copysign(1, zeta) / (std::abs(zeta) + std::sqrt(1 + zeta * zeta));
                const double cosine = 1 / std::sqrt(1 + tangent * tangent), sine = cosine * tangent;
                for (std::size_t i = 0; i < n; ++i) {
                    const double x = matrix[i * n + p], y = matrix[i * n + q];
                    matrix[i * n + p] = cosine * x - sine * y;
                    matrix[i * n + q] = sine * x + cosine * y;
                }
            }
    }
    std::vector<double> values(n);
    for (std::size_t q = 0; q < n; ++q) {
        double sum = 0;
        for (std::size_t i = 0; i < n; ++i) sum += matrix[i * n + q] * matrix[i * n + q];
        values[q] = std::sqrt(sum);
    }
    return values;
}

struct Angles {
    double mean, least, first;
};

/// Of a random frame of k directions and the first k coordinates: that one of the two is fixed changes nothing.
Angles random_angles(std::size_t hidden, std::size_t k, std::uint64_t draw, const JobContext& context) {
    std::vector<double> frame(k * hidden); // (k, hidden)
    for (std::size_t i = 0; i < frame.size(); ++i) frame[i] = random_normal(context.seed(), frame_stream + draw, i);
    for (std::size_t row = 0; row < k; ++row) {
        context.checkpoint();
        double* const mine = frame.data() + row * hidden;
        for (std::size_t before = 0; before < row; ++before) {
            const double* const other = frame.data() + before * hidden;
            double along = 0;
            for (std::size_t i = 0; i < hidden; ++i) along += mine[i] * other[i];
            for (std::size_t i = 0; i < hidden; ++i) mine[i] -= along * other[i];
        }
        double length = 0;
        for (std::size_t i = 0; i < hidden; ++i) length += mine[i] * mine[i];
        for (std::size_t i = 0; i < hidden; ++i) mine[i] /= std::sqrt(length);
    }
    std::vector<double> products(k * k);
    for (std::size_t row = 0; row < k; ++row) std::copy_n(frame.data() + row * hidden, k, products.data() + row * k);
    const double first = products[0] * products[0];
    const std::vector<double> cosines = singular_values(products, k);
    double sum = 0;
    for (const double cosine : cosines) sum += cosine;
    return {sum / static_cast<double>(k), *std::min_element(cosines.begin(), cosines.end()), first};
}

struct Ranges {
    Range of_mean, of_head;
};

/// Of a head from the draws themselves, of a mean over heads from their mean and deviation.
Ranges ranges_of(std::vector<double> draws, int heads) {
    const double count = static_cast<double>(draws.size());
    double mean = 0, squares = 0;
    for (const double value : draws) mean += value / count;
    for (const double value : draws) squares += (value - mean) * (value - mean);
    const double error = two_sided * std::sqrt(squares / std::max(1.0, count - 1) / heads);
    std::sort(draws.begin(), draws.end());
    const auto quantile = [&](double part) { return draws[static_cast<std::size_t>(std::lround(part * (count - 1)))]; };
    return {{std::max(0.0, mean - error), std::min(1.0, mean + error)}, {quantile(0.025), quantile(0.975)}};
}

} // namespace

Chance compute_chance(const Operators& operators, JobContext& context) {
    Chance chance;
    chance.cos_std = 1.0 / operators.hidden;
    const double error = two_sided * chance.cos_std / std::sqrt(operators.heads);
    chance.cos = {-error, error};
    const auto k = static_cast<std::size_t>(operators.topk), hidden = static_cast<std::size_t>(operators.hidden);
    if (k == 0) return chance;
    constexpr double affordable = 4e9; // multiplications
    constexpr double fewest = 16, most = 512;
    const double cost = static_cast<double>(k) * static_cast<double>(hidden) * (static_cast<double>(k) + 30);
    const auto draws = static_cast<std::size_t>(std::clamp(affordable / cost, fewest, most));
    std::vector<double> mean(draws), least(draws), first(draws);
    context.progress(0, 0, "chance");
    context.parallel_for(draws, [&](std::size_t draw, int) {
        const Angles angles = random_angles(hidden, k, draw, context);
        mean[draw] = angles.mean;
        least[draw] = angles.least;
        first[draw] = angles.first;
    });
    chance.draws = static_cast<int>(draws);
    const auto settle = [&](std::vector<double>& values, Range& of_mean, Range& of_head) {
        const Ranges ranges = ranges_of(std::move(values), operators.heads);
        of_mean = ranges.of_mean;
        of_head = ranges.of_head;
    };
    settle(mean, chance.mean_cos_pa, chance.head_mean_cos_pa);
    settle(least, chance.min_cos_pa, chance.head_min_cos_pa);
    settle(first, chance.top1_overlap, chance.head_top1_overlap);
    return chance;
}

std::vector<std::int32_t> assign(const std::vector<double>& value, int count) {
    const auto n = static_cast<std::size_t>(count);
    constexpr double infinite = std::numeric_limits<double>::infinity();
    // Row and column 0 stand for "nobody yet"; costs are −value.
    std::vector<double> row_price(n + 1), column_price(n + 1);
    std::vector<std::size_t> row_of(n + 1), before(n + 1);
    for (std::size_t row = 1; row <= n; ++row) {
        row_of[0] = row;
        std::size_t column = 0;
        std::vector<double> distance(n + 1, infinite);
        std::vector<bool> done(n + 1);
        do {
            done[column] = true;
            const std::size_t here = row_of[column];
            double shortest = infinite;
            std::size_t next = 0;
            for (std::size_t j = 1; j <= n; ++j) {
                if (done[j]) continue;
                const double reduced = -value[(here - 1) * n + j - 1] - row_price[here] - column_price[j];
                if (reduced < distance[j]) {
                    distance[j] = reduced;
                    before[j] = column;
                }
                if (distance[j] < shortest) {
                    shortest = distance[j];
                    next = j;
                }
            }
            for (std::size_t j = 0; j <= n; ++j) {
                if (done[j]) {
                    row_price[row_of[j]] += shortest;
                    column_price[j] -= shortest;
                } else {
                    distance[j] -= shortest;
                }
            }
            column = next;
        } while (row_of[column] != 0);
        while (column != 0) {
            row_of[column] = row_of[before[column]];
            column = before[column];
        }
    }
    std::vector<std::int32_t> partner(n);
    for (std::size_t j = 1; j <= n; ++j) partner[row_of[j] - 1] = static_cast<std::int32_t>(j - 1);
    return partner;
}

} // namespace attnscope::alignment
