#include "kernels/cayley_menger.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace attnscope::kernels {

namespace {

using Matrix = std::array<std::array<double, most_corners + 1>, most_corners + 1>;

double factorial(int n) {
    return n < 2 ? 1 : n * factorial(n - 1);
}

/// Gaussian elimination, the largest entry of a column on its diagonal.
double determinant(Matrix matrix, std::size_t size) {
    double product = 1;
    for (std::size_t c = 0; c < size; ++c) {
        std::size_t pivot = c;
        for (std::size_t r = c + 1; r < size; ++r)
            if (std::abs(matrix[r][c]) > std::abs(matrix[pivot][c])) pivot = r;
        if (matrix[pivot][c] == 0) return 0;
        if (pivot != c) {
            std::swap(matrix[pivot], matrix[c]);
            product = -product;
        }
        product *= matrix[c][c];
        for (std::size_t r = c + 1; r < size; ++r) {
            const double factor = matrix[r][c] / matrix[c][c];
            for (std::size_t j = c; j < size; ++j) matrix[r][j] -= factor * matrix[c][j];
        }
    }
    return product;
}

double coordinate(const RowView& rows, std::uint32_t row, std::size_t column) {
    return static_cast<double>(rows.row(row)[column]);
}

double distance(const RowView& rows, std::uint32_t a, std::uint32_t b) {
    double sum = 0;
    for (std::size_t c = 0; c < rows.cols; ++c)
        sum += (coordinate(rows, a, c) - coordinate(rows, b, c)) * (coordinate(rows, a, c) - coordinate(rows, b, c));
    return sum;
}

} // namespace

double squared_volume_gram(const RowView& rows, const std::uint32_t* tuple, int corners) {
    const auto k = static_cast<std::size_t>(corners - 1);
    Matrix gram{};
    for (std::size_t i = 0; i < k; ++i)
        for (std::size_t j = 0; j < k; ++j)
            for (std::size_t c = 0; c < rows.cols; ++c)
                gram[i][j] += (coordinate(rows, tuple[i + 1], c) - coordinate(rows, tuple[0], c)) *
                              (coordinate(rows, tuple[j + 1], c) - coordinate(rows, tuple[0], c));
    return determinant(gram, k) / std::pow(factorial(corners - 1), 2);
}

double squared_volume_bordered(const RowView& rows, const std::uint32_t* tuple, int corners) {
    const int k = corners - 1;
    const auto size = static_cast<std::size_t>(corners) + 1;
    Matrix bordered{};
    for (std::size_t i = 1; i < size; ++i) {
        bordered[0][i] = bordered[i][0] = 1;
        for (std::size_t j = 1; j < size; ++j) bordered[i][j] = distance(rows, tuple[i - 1], tuple[j - 1]);
    }
    const double sign = k % 2 == 0 ? -1 : 1;
    return sign * determinant(bordered, size) / (std::pow(2, k) * std::pow(factorial(k), 2));
}

double mean_squared_edge(const RowView& rows, const std::uint32_t* tuple, int corners) {
    double sum = 0;
    for (int i = 1; i < corners; ++i)
        for (int j = 0; j < i; ++j) sum += distance(rows, tuple[i], tuple[j]);
    return sum / (corners * (corners - 1) / 2);
}

} // namespace attnscope::kernels
