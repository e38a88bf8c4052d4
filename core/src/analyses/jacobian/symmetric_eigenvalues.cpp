#include "analyses/jacobian/symmetric_eigenvalues.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace attnscope {

namespace {

struct Tridiagonal {
    std::vector<double> diagonal, beside; ///< beside[i] between i and i + 1; the last is 0
};

/// Row by row from the last: a reflection of the rows before it leaves one number beside its diagonal.
Tridiagonal tridiagonal(std::vector<double>& matrix, std::size_t n, const JobContext& context) {
    Tridiagonal result{std::vector<double>(n), std::vector<double>(n)};
    std::vector<double> product(n);
    const auto row_of = [&](std::size_t i) { return matrix.data() + i * n; };
    for (std::size_t i = n; i-- > 1;) {
        // At most a few million multiplications between two checkpoints.
        if (i % 8 == 0) context.checkpoint();
        double* const vector = row_of(i);
        double squares = 0;
        for (std::size_t k = 0; k + 1 < i; ++k) squares += vector[k] * vector[k];
        result.diagonal[i] = vector[i];
        result.beside[i - 1] = vector[i - 1];
        if (!(squares > 0)) continue;
        const double last = vector[i - 1], length = std::copysign(std::sqrt(squares + last * last), -last);
        result.beside[i - 1] = length;
        vector[i - 1] = last - length;
        const double half = squares + last * last - last * length; // half of the vector's square
        std::fill_n(product.begin(), i, 0.0);
        for (std::size_t j = 0; j < i; ++j) {
            const double* const row = row_of(j);
            const double along = vector[j];
            double sum = row[j] * along;
            for (std::size_t k = 0; k < j; ++k) {
                sum += row[k] * vector[k];
                product[k] += row[k] * along;
            }
            product[j] += sum;
        }
        double overlap = 0;
        for (std::size_t j = 0; j < i; ++j) {
            product[j] /= half;
            overlap += product[j] * vector[j];
        }
        overlap /= 2 * half;
        for (std::size_t j = 0; j < i; ++j) product[j] -= overlap * vector[j];
        for (std::size_t j = 0; j < i; ++j) {
            double* const row = row_of(j);
            const double u = vector[j], p = product[j];
            for (std::size_t k = 0; k <= j; ++k) row[k] -= u * product[k] + p * vector[k];
        }
    }
    if (n > 0) result.diagonal[0] = matrix[0];
    return result;
}

/// Turns what stands beside the diagonal into zeros, from `first` on, until `first` is an eigenvalue.
void settle(std::vector<double>& d, std::vector<double>& e, std::size_t first) {
    constexpr int most_turns = 60; // two or three are usual
    constexpr double rounding = std::numeric_limits<double>::epsilon();
    for (int turn = 0; turn < most_turns; ++turn) {
        std::size_t last = first;
        while (last + 1 < d.size() && std::abs(e[last]) > rounding * (std::abs(d[last]) + std::abs(d[last + 1])))
            ++last;
        if (last == first) return;
        double shift = (d[first + 1] - d[first]) / (2 * e[first]);
        shift = d[last] - d[first] + e[first] / (shift + std::copysign(std::hypot(shift, 1), shift));
        double sine = 1, cosine = 1, carried = 0;
        std::size_t i = last;
        bool split = false;
        while (i-- > first) {
            const double f = sine * e[i], b = cosine * e[i];
            const double length = std::hypot(f, shift);
            e[i + 1] = length;
            if (!(length > 0)) {
                d[i + 1] -= carried;
                e[last] = 0;
                split = true;
                break;
            }
            sine = f / length;
            cosine = shift / length;
            const double before = d[i + 1] - carried;
            const double turned = (d[i] - before) * sine + 2 * cosine * b;
            carried = sine * turned;
            d[i + 1] = before + carried;
            shift = cosine * turned - b;
        }
        if (split) continue;
        d[first] -= carried;
        e[first] = shift;
        e[last] = 0;
    }
}

} // namespace

std::vector<double> symmetric_eigenvalues(std::vector<double>& matrix, std::size_t n, const JobContext& context) {
    ATTNSCOPE_ASSERT(matrix.size() == n * n);
    auto [diagonal, beside] = tridiagonal(matrix, n, context);
    for (std::size_t first = 0; first < n; ++first) settle(diagonal, beside, first);
    return diagonal;
}

} // namespace attnscope
