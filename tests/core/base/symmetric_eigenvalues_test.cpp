// Eigenvalues without LAPACK, of matrices whose eigenvalues are known.
#include "analyses/jacobian/symmetric_eigenvalues.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace attnscope::test {
namespace {

std::vector<double> sorted_eigenvalues(std::vector<double> matrix, std::size_t n) {
    ThreadPool pool(1);
    const JobContext context(pool);
    std::vector<double> values = symmetric_eigenvalues(matrix, n, context);
    std::sort(values.begin(), values.end());
    return values;
}

TEST(SymmetricEigenvalues, AreThoseThatWereTurnedAwayFromTheDiagonal) {
    for (const std::size_t n : {1, 2, 3, 8, 33, 128}) {
        // Q diag(λ) Q, Q the reflection at a random vector; some values twice, zero and of both signs.
        std::vector<double> expected(n), vector(n), matrix(n * n);
        double squares = 0;
        for (std::size_t i = 0; i < n; ++i) {
            expected[i] = static_cast<double>(i / 2) - static_cast<double>(n / 4);
            vector[i] = random_normal(1, n, i);
            squares += vector[i] * vector[i];
        }
        const auto turned = [&](std::size_t i, std::size_t j) {
            return (i == j ? 1 : 0) - 2 * vector[i] * vector[j] / squares;
        };
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < n; ++j)
                for (std::size_t k = 0; k < n; ++k) matrix[i * n + j] += turned(i, k) * expected[k] * turned(k, j);
        std::sort(expected.begin(), expected.end());
        const std::vector<double> values = sorted_eigenvalues(matrix, n);
        for (std::size_t i = 0; i < n; ++i)
            EXPECT_NEAR(values[i], expected[i], 1e-12 * static_cast<double>(n)) << n << " " << i;
    }
}

TEST(SymmetricEigenvalues, OfSecondDifferencesAndOfDiagonals) {
    constexpr std::size_t n = 50;
    std::vector<double> differences(n * n), diagonal(n * n);
    for (std::size_t i = 0; i < n; ++i) {
        differences[i * n + i] = 2;
        if (i > 0) differences[i * n + i - 1] = -1;
        diagonal[i * n + i] = static_cast<double>(i) - 10;
    }
    const std::vector<double> values = sorted_eigenvalues(differences, n), plain = sorted_eigenvalues(diagonal, n);
    for (std::size_t i = 0; i < n; ++i) {
        EXPECT_NEAR(values[i], 2 - 2 * std::cos(static_cast<double>(i + 1) * std::numbers::pi / (n + 1)), 1e-13);
        EXPECT_EQ(plain[i], static_cast<double>(i) - 10);
    }
    EXPECT_TRUE(sorted_eigenvalues({}, 0).empty());
}

} // namespace
} // namespace attnscope::test
