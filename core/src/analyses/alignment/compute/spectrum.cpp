#include "analyses/alignment/compute/spectrum.h"

#include <ATen/ops/argsort.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/linalg_cholesky_ex.h>
#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/linalg_qr.h>
#include <ATen/ops/linalg_solve_triangular.h>
#include <ATen/ops/linalg_svd.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/mm.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace attnscope::compute {

namespace {

/// rowsᵀ = Q R: R, and what turns a vector of the small problem back into one of R^hidden.
class Triangle {
public:
    /// `rows` (n, hidden), `gram` their Gram matrix.
    Triangle(at::Tensor rows, const at::Tensor& gram) : rows_(std::move(rows)) {
        // The error of Cholesky's triangle grows with the square of its condition: 1e-16 · 1e8 is far below the 1e-4 by
        // which eigenvalues lie apart.
        constexpr double least_ratio = 1e-4;
        if (rows_.size(0) <= rows_.size(1)) {
            const auto [factor, info] = at::linalg_cholesky_ex(gram, /*upper=*/true);
            const at::Tensor diagonal = factor.diagonal();
            if (info.item<int>() == 0 && diagonal.min().item<double>() > least_ratio * diagonal.max().item<double>()) {
                triangle_ = factor;
                return;
            }
        }
        std::tie(frame_, triangle_) = at::linalg_qr(rows_.t());
    }

    const at::Tensor& triangle() const { return triangle_; } // (min(n, hidden), n)
    bool exact_rank() const { return !frame_.defined(); }
    /// Columns (…, k) as (k, hidden).
    at::Tensor lift(const at::Tensor& columns) const {
        if (frame_.defined()) return at::mm(frame_, columns).t();
        return at::mm(at::linalg_solve_triangular(triangle_, columns, /*upper=*/true).t(), rows_);
    }

private:
    at::Tensor rows_, triangle_, frame_;
};

/// Unit length, and the sign that makes the largest component positive: what a decomposition leaves open.
at::Tensor settled(at::Tensor directions) {
    directions = directions.div(at::linalg_vector_norm(directions, 2, {1}, true));
    const at::Tensor largest = directions.abs().argmax(1, true);
    return directions.mul(directions.gather(1, largest).sign()).contiguous();
}

/// What rounding alone makes differ from zero.
at::Tensor cleaned(const at::Tensor& values, std::int64_t size) {
    const double limit =
        static_cast<double>(size) * std::numeric_limits<double>::epsilon() * values.abs().max().item<double>();
    return values.masked_fill(values.abs().le(limit), 0);
}

void symmetric_part(const WideFactor& left, const WideFactor& right, const at::Tensor& products, std::int64_t topk,
                    HeadSpectrum& result) {
    const std::int64_t rank = left.rows.size(0);
    const at::Tensor rows = at::cat({right.rows, left.rows});
    const at::Tensor gram = at::cat({at::cat({right.gram, products.t()}, 1), at::cat({products, left.gram}, 1)});
    const Triangle qr(rows, gram);
    const at::Tensor a = qr.triangle().narrow(1, 0, rank), b = qr.triangle().narrow(1, rank, rank);
    const at::Tensor half = at::mm(b, a.t()).div_(2);
    const auto [ascending, vectors] = at::linalg_eigh(half.add(half.t()));
    const at::Tensor order = at::argsort(ascending.abs().neg(), /*stable=*/true, 0, false);
    result.values = ascending.index_select(0, order);
    if (!qr.exact_rank()) result.values = cleaned(result.values, std::max(rows.size(0), rows.size(1)));
    result.directions = settled(qr.lift(vectors.index_select(1, order.narrow(0, 0, topk))));
}

void singular(const WideFactor& left, const WideFactor& right, alignment::Basis basis, std::int64_t topk,
              HeadSpectrum& result) {
    const Triangle of_left(left.rows, left.gram), of_right(right.rows, right.gram);
    const auto [u, s, vt] = at::linalg_svd(at::mm(of_left.triangle(), of_right.triangle().t()), false);
    result.values = of_left.exact_rank() && of_right.exact_rank() ? s : cleaned(s, left.rows.size(1));
    result.directions = settled(basis == alignment::Basis::left ? of_left.lift(u.narrow(1, 0, topk))
                                                                : of_right.lift(vt.narrow(0, 0, topk).t()));
}

} // namespace

WideFactor widen(const at::Tensor& rows) {
    WideFactor factor;
    factor.rows = rows.to(at::kDouble);
    factor.gram = at::mm(factor.rows, factor.rows.t());
    return factor;
}

HeadSpectrum head_spectrum(const WideFactor& left, const WideFactor& right, alignment::Basis basis, std::int64_t topk) {
    HeadSpectrum result;
    const at::Tensor products = at::mm(left.rows, right.rows.t());
    result.fro_sq = products.square().sum().item<double>();
    if (basis == alignment::Basis::symmetric)
        symmetric_part(left, right, products, topk, result);
    else
        singular(left, right, basis, topk, result);
    return result;
}

} // namespace attnscope::compute
