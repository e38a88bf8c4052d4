// Mean, norms and eigenpairs of a bank.
#include "analyses/retrieval/compute/entry_points.h"

#include "analyses/retrieval/compute/dynamics.h"
#include "kernels/covariance.h"
#include "module/compute/child_process.h"
#include "module/compute/thread_guard.h"

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/linalg_eigh.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace attnscope::compute {
namespace {

/// Beyond this norm float32 products of two memories can overflow.
constexpr double largest_norm = 1e18;
/// Below this, relative to the longest memory, a spread is rounding: float32 values that differ at all differ by more.
constexpr double rounding = 1e-12;
/// How LAPACK cuts its work, and with it the rounding of the eigenpairs, depends on how many threads it may take.
constexpr int lapack_threads = 1;

struct MeanAndDeviation {
    double mean = 0, deviation = 0; ///< deviation unbiased
};

MeanAndDeviation describe(const std::vector<double>& values) {
    const double n = static_cast<double>(values.size());
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
    double squares = 0;
    for (const double value : values) squares += (value - mean) * (value - mean);
    return {mean, std::sqrt(squares / (n - 1))};
}

/// Eigenpairs of a symmetric matrix (d, d), largest first; vectors in rows. The sign of a vector is LAPACK's: away from
/// the origin the two ways along v₁ differ, and this is the one the reference takes.
struct Eigenpairs {
    std::vector<double> values, vectors;
};

Eigenpairs decompose(std::vector<double>& matrix, std::size_t d, std::size_t kept) {
    const auto side = static_cast<std::int64_t>(d);
    const at::Tensor square = at::from_blob(matrix.data(), {side, side}, at::kDouble);
    const auto [values, vectors] = at::linalg_eigh(square, "L"); // ascending; vectors in columns
    const at::Tensor rows = vectors.t().contiguous();
    const double* value = values.contiguous().const_data_ptr<double>();
    const double* vector = rows.const_data_ptr<double>();
    Eigenpairs out;
    for (std::size_t k = 0; k < d; ++k) out.values.push_back(std::max(0.0, value[d - 1 - k]));
    for (std::size_t k = 0; k < kept; ++k) {
        const double* from = vector + (d - 1 - k) * d;
        out.vectors.insert(out.vectors.end(), from, from + d);
    }
    return out;
}

/// The same for as long as it is wanted. LAPACK does not stop halfway, and takes seconds where d is in the thousands: a
/// process of its own does the work, which ends with a cancel and with this process.
Eigenpairs decompose_while_wanted(std::vector<double> matrix, std::size_t d, std::size_t kept, JobContext& context) {
    constexpr std::size_t quick = 384; // dimensions that take no longer than there may be between two checkpoints
    if (d <= quick) return decompose(matrix, d, kept);
    const SharedNumbers shared(d + kept * d);
    const bool done = run_in_child(
        [&] {
            at::set_num_threads(lapack_threads);
            const Eigenpairs pairs = decompose(matrix, d, kept);
            const auto behind = std::copy(pairs.values.begin(), pairs.values.end(), shared.values().begin());
            std::copy(pairs.vectors.begin(), pairs.vectors.end(), behind);
        },
        context);
    if (!done) return decompose(matrix, d, kept);
    const auto vectors = shared.values().begin() + static_cast<std::ptrdiff_t>(d);
    return {{shared.values().begin(), vectors}, {vectors, shared.values().end()}};
}

} // namespace

retrieval::Spectrum spectrum(const retrieval::SpectrumRequest& request, JobContext& context) {
    const retrieval::BankPtr& bank = request.bank;
    ATTNSCOPE_ASSERT(bank != nullptr);
    const std::size_t n = bank->n, d = bank->d;
    if (n < 2) throw Error(ErrorKind::input, bank->name, "at least 2 memories", std::to_string(n));
    if (request.directions < 1)
        throw Error(ErrorKind::usage, "directions", "at least 1", std::to_string(request.directions));

    retrieval::Spectrum out;
    out.n = n;
    out.d = d;
    context.progress(0, 1, "mean");
    out.mean = kernels::column_means(bank->keys.data(), n, d, context);
    // float64 sums of finite float32 values are finite, so the search for the row is made only where there is one.
    if (!std::all_of(out.mean.begin(), out.mean.end(), [](double value) { return std::isfinite(value); }))
        check_finite(*bank, context);

    kernels::Covariance covariance = kernels::covariance(bank->keys.data(), n, d, out.mean, context);
    out.mean_norm = norm(out.mean);
    out.centered_mean_norm = norm(covariance.centered_mean);
    const MeanAndDeviation raw = describe(covariance.raw_norms), centered = describe(covariance.centered_norms);
    out.raw_norm_mean = raw.mean;
    out.raw_norm_std = raw.deviation;
    out.centered_norm_mean = centered.mean;
    out.centered_norm_std = centered.deviation;
    const auto longest = std::max_element(covariance.raw_norms.begin(), covariance.raw_norms.end());
    out.max_raw_norm = *longest;
    out.mean_products = std::move(covariance.mean_products);
    out.max_centered_norm = *std::max_element(covariance.centered_norms.begin(), covariance.centered_norms.end());
    if (!(out.max_raw_norm < largest_norm))
        throw Error(ErrorKind::input, bank->name, "memories shorter than 1e18", std::to_string(out.max_raw_norm),
                    "row " + std::to_string(longest - covariance.raw_norms.begin()));

    context.progress(0, 1, "eigenvectors");
    const models::ThreadGuard threads(lapack_threads);
    const std::size_t kept = std::min(d, static_cast<std::size_t>(request.directions));
    Eigenpairs pairs = decompose_while_wanted(std::move(covariance.matrix), d, kept, context);
    out.eigenvalues = std::move(pairs.values);
    out.directions = std::move(pairs.vectors);
    if (out.max_centered_norm <= rounding * out.max_raw_norm) {
        // All memories are equal: nothing spreads, and no β makes the centroid unstable.
        out.max_centered_norm = 0;
        std::fill(out.eigenvalues.begin(), out.eigenvalues.end(), 0.0);
    }
    out.lambda_max = out.eigenvalues.front();
    if (out.lambda_max > 0) out.beta_critical = 1 / out.lambda_max;
    return out;
}

} // namespace attnscope::compute
