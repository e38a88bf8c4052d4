// How far the signs of random operators agree: operators drawn, and models made of them.
#include "analyses/jacobian/symmetric_eigenvalues.h"
#include "base/none.h"

#include <attnscope/alignment.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace attnscope::alignment {

namespace {

constexpr std::uint64_t operator_stream = 0xa11c'0000, model_stream = 0xa11d'0000;
constexpr std::size_t most_signs = 256;

/// Of the first 256 eigenvalues in the order of |λ|: a bit is set where one is positive.
using Signs = std::array<std::uint64_t, most_signs / 64>;

/// Random numbers of one operator, one after the other.
class Source {
public:
    Source(std::uint64_t seed, std::uint64_t stream) : seed_(seed), stream_(stream) {}
    double normal() { return random_normal(seed_, stream_, next_++); }
    double uniform() { return random_uniform(seed_, stream_, next_++); }

    /// The length of a vector of so many independent normal numbers. Many: twice a gamma variable of half as many
    /// (Marsaglia and Tsang 2000).
    double chi(std::size_t degrees) {
        constexpr std::size_t few = 16;
        if (degrees <= few) {
            double squares = 0;
            for (std::size_t i = 0; i < degrees; ++i) {
                const double x = normal();
                squares += x * x;
            }
            return std::sqrt(squares);
        }
        const double d = static_cast<double>(degrees) / 2 - 1.0 / 3, c = 1 / std::sqrt(9 * d);
        for (;;) {
            const double x = normal(), root = 1 + c * x, v = root * root * root;
            if (v > 0 && std::log(1 - uniform()) < x * x / 2 + d - d * v + d * std::log(v)) return std::sqrt(2 * d * v);
        }
    }

private:
    std::uint64_t seed_, stream_, next_ = 0;
};

/// Of (g + gᵀ)/2 with g = leftᵀ right, both (head_dim, hidden) of independent normal numbers. With [rightᵀ leftᵀ] = Q R
/// its eigenvalues are those of (B Aᵀ + A Bᵀ)/2, R = [A B]; the numbers of R are independent too: normal above the
/// diagonal, chi on it (Bartlett 1934).
Signs random_signs(const SignShape& shape, std::uint64_t stream, const JobContext& context) {
    const auto rank = static_cast<std::size_t>(shape.head_dim), hidden = static_cast<std::size_t>(shape.hidden);
    const std::size_t n = std::min(2 * rank, hidden), width = 2 * rank;
    Source source(context.seed(), stream);
    std::vector<double> triangle(n * width); // (n, width)
    for (std::size_t i = 0; i < n; ++i) {
        triangle[i * width + i] = source.chi(hidden - i);
        for (std::size_t j = i + 1; j < width; ++j) triangle[i * width + j] = source.normal();
    }
    std::vector<double> symmetric(n * n);
    for (std::size_t i = 0; i < n; ++i) {
        if (i % 16 == 0) context.checkpoint();
        const double* const mine = triangle.data() + i * width;
        for (std::size_t j = 0; j <= i; ++j) {
            const double* const other = triangle.data() + j * width;
            double sum = 0;
            for (std::size_t k = 0; k < rank; ++k) sum += mine[rank + k] * other[k] + mine[k] * other[rank + k];
            symmetric[i * n + j] = sum / 2;
        }
    }
    std::vector<double> values = symmetric_eigenvalues(symmetric, n, context);
    const std::size_t kept = std::min(n, most_signs);
    std::partial_sort(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(kept), values.end(),
                      [](double a, double b) { return std::abs(a) > std::abs(b); });
    Signs signs{};
    for (std::size_t i = 0; i < kept; ++i) signs[i / 64] |= static_cast<std::uint64_t>(values[i] > 0) << i % 64;
    return signs;
}

/// Of the first k.
int agreeing(const Signs& a, const Signs& b, int k) {
    int count = 0;
    for (int first = 0; first < k; first += 64) {
        const auto word = static_cast<std::size_t>(first / 64);
        const std::uint64_t same = ~(a[word] ^ b[word]);
        count += std::popcount(k - first >= 64 ? same : same & ((std::uint64_t{1} << (k - first)) - 1));
    }
    return count;
}

/// The middle 95 % of what lies as often above the centre as below it.
Range middle_of(std::vector<double> values, double centre) {
    for (double& value : values) value = std::abs(value - centre);
    const auto place = values.begin() + std::lround(0.95 * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), place, values.end());
    constexpr double rounding = 1e-12; // an agreement that is at the end lies within
    return {std::max(0.0, centre - *place - rounding), std::min(1.0, centre + *place + rounding)};
}

} // namespace

std::vector<int> sign_counts(int values) {
    std::vector<int> counts;
    for (int k = 2; k <= static_cast<int>(most_signs) && k <= values; k *= 2) counts.push_back(k);
    return counts;
}

SignShape sign_shape(const Operators& operators) noexcept {
    if (!operators.has_spectrum() || operators.basis != Basis::symmetric) return {};
    return {operators.layers, operators.heads, operators.head_dim, operators.hidden};
}

Range SignChance::range(int k, int head) const noexcept {
    const auto found = std::find_if(rows.begin(), rows.end(), [k](const Row& row) { return row.k == k; });
    return found == rows.end() ? Range{none, none} : head < 0 ? found->of_mean : found->of_head;
}

SignChance compute_sign_chance(const SignShape& shape, JobContext& context) {
    SignChance chance;
    if (shape.layers < 1 || shape.heads < 1 || shape.head_dim < 1 || shape.hidden < 1) return chance;
    const std::vector<int> counts = sign_counts(
        static_cast<int>(std::min<std::int64_t>(2 * static_cast<std::int64_t>(shape.head_dim), shape.hidden)));
    const double n = std::min(2.0 * shape.head_dim, static_cast<double>(shape.hidden));
    // As many as about half a second allows: what they serve for is the spread of the agreement of two of them, and
    // pairs are many.
    constexpr double affordable = 7e8, fewest = 48, most = 2048;
    const auto pool = static_cast<std::size_t>(std::clamp(affordable / (2 * n * n * n), fewest, most));
    std::vector<Signs> drawn(pool);
    context.progress(0, 0, "signs by chance");
    context.parallel_for(pool,
                         [&](std::size_t i, int) { drawn[i] = random_signs(shape, operator_stream + i, context); });

    constexpr double affordable_pairs = 5e6, fewest_models = 1000, most_models = 8000;
    const auto draws = static_cast<std::size_t>(
        std::clamp(affordable_pairs / (static_cast<double>(shape.layers) * shape.heads), fewest_models, most_models));
    // The sign of a random operator is as likely turned, independently of all others: agreements of different heads and
    // layers are uncorrelated, so that a few operators serve for models of many.
    std::vector<std::vector<double>> means(counts.size(), std::vector<double>(draws)), heads = means;
    const auto others = static_cast<std::uint64_t>(shape.layers - 1);
    context.parallel_for(draws, [&](std::size_t draw, int) {
        std::vector<double> first(counts.size()), all(counts.size());
        std::uint64_t number = 0;
        const auto below = [](std::uint64_t bits, std::size_t count) {
            return static_cast<std::size_t>((bits >> 32) * count >> 32);
        };
        for (int head = 0; head < shape.heads; ++head) {
            context.checkpoint();
            const std::uint64_t stream = model_stream + draw;
            const std::size_t anchor = below(random_bits(context.seed(), stream, number++), pool);
            for (std::uint64_t layer = 0; layer < others; ++layer) {
                const std::uint64_t bits = random_bits(context.seed(), stream, number++);
                const std::size_t place = below(bits, pool - 1), other = place + (place >= anchor ? 1 : 0);
                for (std::size_t i = 0; i < counts.size(); ++i) {
                    const int same = agreeing(drawn[anchor], drawn[other], counts[i]);
                    all[i] += static_cast<double>(bits & 1 ? counts[i] - same : same) / counts[i];
                }
            }
            if (head == 0) first = all;
        }
        for (std::size_t i = 0; i < counts.size(); ++i) {
            heads[i][draw] = (1 + first[i]) / shape.layers;
            means[i][draw] = (1 + all[i] / shape.heads) / shape.layers;
        }
    });
    const double centre = 0.5 + 0.5 / shape.layers;
    for (std::size_t i = 0; i < counts.size(); ++i)
        chance.rows.push_back(
            {counts[i], middle_of(std::move(means[i]), centre), middle_of(std::move(heads[i]), centre)});
    chance.operators = static_cast<int>(pool);
    chance.draws = static_cast<int>(draws);
    return chance;
}

} // namespace attnscope::alignment
