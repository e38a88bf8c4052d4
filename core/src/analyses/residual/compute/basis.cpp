#include "analyses/residual/compute/basis.h"

#include "base/none.h"
#include "kernels/second_moments.h"
#include "module/compute/thread_guard.h"

#include <ATen/ops/bmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/linalg_cholesky.h>
#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/linalg_solve_triangular.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>

namespace attnscope::compute {
namespace {

constexpr double wanted_share = 0.9; // of the variance, for r90

residual::HeadSpectrum spectrum_of(const at::Tensor& values) {
    residual::HeadSpectrum spectrum;
    const double* const value = values.const_data_ptr<double>();
    spectrum.variance.assign(value, value + values.numel());
    double total = 0, sum = 0;
    for (const double variance : spectrum.variance) total += variance;
    for (const double variance : spectrum.variance) {
        sum += variance;
        spectrum.cumulative.push_back(total > 0 ? sum / total : none);
    }
    if (total > 0) {
        // The sum of all can round to a little less than 1 and never to less than this share.
        const auto enough = std::find_if(spectrum.cumulative.begin(), spectrum.cumulative.end(),
                                         [](double share) { return share >= wanted_share; });
        spectrum.r90 = static_cast<int>(enough - spectrum.cumulative.begin()) + 1;
    }
    return spectrum;
}

/// Lower triangular L with L Lᵀ = WᵀW of a head's part (hidden, head_dim) of the output projection.
at::Tensor output_factor(const at::Tensor& weights) {
    const at::Tensor wide = weights.to(at::kDouble);
    at::Tensor square = at::matmul(wide.t(), wide);
    const std::int64_t width = square.size(0);
    const double mean = square.diagonal().mean().item<double>();
    const at::Tensor unit = at::eye(width, square.options());
    if (!(mean > 0)) return unit; // no direction moves anything
    // Keeps a direction that the projection drops invertible, far below what any other weighs.
    constexpr double floor = 1e-10;
    return at::linalg_cholesky(square.add_(unit, floor * mean));
}

} // namespace

ResidualMoments::ResidualMoments(std::int64_t expected_samples, std::int64_t most_samples)
    : stride_(most_samples > 0 ? std::max<std::int64_t>(1, (expected_samples + most_samples - 1) / most_samples) : 0) {}

void ResidualMoments::add(const at::Tensor& rows, std::span<const std::int64_t> sampled, JobContext& context) {
    if (!second_.defined()) {
        const auto options = rows.options().dtype(at::kDouble);
        second_ = at::zeros({rows.size(0), rows.size(2), rows.size(2)}, options);
        first_ = at::zeros({rows.size(0), rows.size(2)}, options);
    }
    if (rows.is_cpu()) {
        add_on_cpu(rows, context);
    } else {
        const at::Tensor wide = rows.to(at::kDouble);
        second_.add_(at::bmm(wide.transpose(1, 2), wide));
        first_.add_(wide.sum(1));
    }
    if (stride_ > 0) {
        std::vector<std::int64_t> kept;
        for (const std::int64_t row : sampled)
            if (sampled_++ % stride_ == 0) kept.push_back(row);
        if (!kept.empty()) {
            const at::Tensor places = at::tensor(kept, at::kLong).to(rows.device());
            samples_.push_back(rows.index_select(1, places).cpu().contiguous());
        }
    }
    rows_ += rows.size(1);
}

void ResidualMoments::add_on_cpu(const at::Tensor& rows, JobContext& context) {
    constexpr std::int64_t rows_a_part = 2048;
    const at::Tensor lying = rows.stride(2) == 1 ? rows : rows.contiguous();
    const std::int64_t heads = rows.size(0), count = rows.size(1), width = rows.size(2), square = width * width;
    const std::int64_t parts = (count + rows_a_part - 1) / rows_a_part;
    const at::Tensor second = at::empty({heads, parts, width, width}, at::kDouble);
    const at::Tensor first = at::empty({heads, parts, width}, at::kDouble);
    const float* const values = lying.const_data_ptr<float>();
    double *const seconds = second.mutable_data_ptr<double>(), *const firsts = first.mutable_data_ptr<double>();
    context.parallel_for(static_cast<std::size_t>(heads * parts), [&](std::size_t task, int) {
        const auto index = static_cast<std::int64_t>(task), head = index / parts, part = index % parts;
        const std::int64_t begin = count * part / parts, end = count * (part + 1) / parts;
        kernels::second_moments(values + head * lying.stride(0) + begin * lying.stride(1),
                                static_cast<std::size_t>(lying.stride(1)), static_cast<std::size_t>(end - begin),
                                static_cast<std::size_t>(width), seconds + index * square, firsts + index * width);
    });
    for (std::int64_t part = 0; part < parts; ++part) {
        second_.add_(second.select(1, part));
        first_.add_(first.select(1, part));
    }
}

std::int64_t ResidualMoments::head_without_finite_sums() const {
    const at::Tensor sums = second_.cpu().contiguous();
    const double* sum = sums.const_data_ptr<double>();
    const std::int64_t square = sums.size(1) * sums.size(2);
    for (std::int64_t head = 0; head < sums.size(0); ++head, sum += square)
        if (!std::all_of(sum, sum + square, [](double value) { return std::isfinite(value); })) return head;
    return -1;
}

at::Tensor ResidualMoments::matrix(bool centred) const {
    ATTNSCOPE_ASSERT(rows_ > 0);
    const auto count = static_cast<double>(rows_);
    at::Tensor matrix = second_.cpu().div(count);
    if (!centred) return matrix;
    const at::Tensor mean = first_.cpu().div(count);
    return matrix.sub(mean.unsqueeze(2).mul(mean.unsqueeze(1)));
}

at::Tensor ResidualMoments::samples() const {
    return samples_.empty() ? at::Tensor() : at::cat(samples_, 1);
}

Directions leading_directions(const at::Tensor& matrix) {
    const models::ThreadGuard one(1); // on a matrix of this size threads would but wait for one another
    const auto [values, vectors] = at::linalg_eigh(matrix, "L"); // ascending
    return {values.flip(0).clamp_min(0).contiguous(), vectors.flip(1).contiguous()};
}

LayerBasis fit_basis(const ResidualMoments& moments, bool centred, const at::Tensor& output, JobContext& context) {
    const at::Tensor matrices = moments.matrix(centred), samples = moments.samples();
    const std::int64_t heads = matrices.size(0), width = matrices.size(1);
    LayerBasis basis;
    basis.encoder = at::empty({heads, width, width}, at::kFloat);
    basis.decoder = output.defined() ? at::empty_like(basis.encoder) : basis.encoder;
    basis.spectra.resize(static_cast<std::size_t>(heads));
    context.parallel_for(static_cast<std::size_t>(heads), [&](std::size_t task, int) {
        const c10::InferenceMode no_gradients;
        const models::ThreadGuard one(1);
        const auto head = static_cast<std::int64_t>(task);
        at::Tensor matrix = matrices[head], factor;
        if (output.defined()) {
            factor = output_factor(output.narrow(1, head * width, width));
            matrix = at::matmul(at::matmul(factor.t(), matrix), factor);
            matrix = matrix.add(matrix.t()).mul_(0.5);
        }
        const Directions directions = leading_directions(matrix);
        basis.spectra[task] = spectrum_of(directions.values);
        basis.spectra[task].head = static_cast<int>(head);
        if (!factor.defined()) {
            basis.encoder[head].copy_(directions.vectors);
            return;
        }
        basis.encoder[head].copy_(at::matmul(factor, directions.vectors));
        basis.decoder[head].copy_(at::linalg_solve_triangular(factor.t(), directions.vectors, true));
    });
    if (samples.defined()) {
        for (std::int64_t head = 0; head < heads; ++head) {
            const at::Tensor points = samples[head].contiguous();
            const IntrinsicDimension found =
                two_nn_dimension(points.const_data_ptr<float>(), points.size(0), width, context);
            basis.spectra[static_cast<std::size_t>(head)].two_nn = found.value;
            basis.spectra[static_cast<std::size_t>(head)].two_nn_points = found.points;
        }
    }
    return basis;
}

namespace {

/// Numbers of points (count, width) of which each stands once.
std::vector<std::int64_t> distinct_points(const float* points, std::int64_t count, std::int64_t width) {
    std::vector<std::int64_t> order(static_cast<std::size_t>(count));
    std::iota(order.begin(), order.end(), std::int64_t{0});
    const auto row = [=](std::int64_t i) { return std::span(points + i * width, static_cast<std::size_t>(width)); };
    std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
        return std::ranges::lexicographical_compare(row(a), row(b));
    });
    const auto end = std::unique(order.begin(), order.end(),
                                 [&](std::int64_t a, std::int64_t b) { return std::ranges::equal(row(a), row(b)); });
    order.erase(end, order.end());
    return order;
}

} // namespace

IntrinsicDimension two_nn_dimension(const float* points, std::int64_t count, std::int64_t width, JobContext& context) {
    constexpr std::size_t fewest = 20;
    constexpr double infinite = std::numeric_limits<double>::infinity();
    const std::vector<std::int64_t> distinct = distinct_points(points, count, width);
    if (distinct.size() < fewest) return {none, std::ssize(distinct)};
    std::vector<double> ratios(distinct.size());
    context.parallel_for(distinct.size(), [&](std::size_t task, int) {
        double first = infinite, second = infinite;
        const float* const a = points + distinct[task] * width;
        for (std::size_t other = 0; other < distinct.size(); ++other) {
            if (other == task) continue;
            const float* const b = points + distinct[other] * width;
            double squares = 0;
            for (std::int64_t k = 0; k < width; ++k) {
                const double apart = static_cast<double>(a[k]) - b[k];
                squares += apart * apart;
            }
            second = std::min(second, std::max(first, squares));
            first = std::min(first, squares);
        }
        ratios[task] = 0.5 * std::log(second / first);
    });
    std::sort(ratios.begin(), ratios.end());
    double products = 0, squares = 0;
    const auto points_there = static_cast<double>(ratios.size());
    for (std::size_t i = 0; i < ratios.size() * 9 / 10; ++i) {
        const double survived = -std::log1p(-static_cast<double>(i + 1) / points_there);
        products += ratios[i] * survived;
        squares += ratios[i] * ratios[i];
    }
    return {squares > 0 ? products / squares : none, std::ssize(distinct)};
}

} // namespace attnscope::compute
