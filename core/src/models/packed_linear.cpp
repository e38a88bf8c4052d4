#include "models/packed_linear.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <vector>

namespace attnscope::models {
namespace {

/// (rows, inputs) with the numbers of a row side by side.
at::Tensor rows_of(const at::Tensor& input) {
    const at::Tensor rows = input.dim() == 2 ? input : input.reshape({-1, input.size(-1)});
    return rows.stride(1) == 1 ? rows : rows.contiguous();
}

void run(const kernels::PackedMatrix& weights, kernels::ProductPart whole, const at::Tensor& rows,
         const at::Tensor& bias, JobContext& context) {
    context.checkpoint();
    ATTNSCOPE_ASSERT(rows.size(1) == static_cast<std::int64_t>(weights.inputs()));
    const at::Tensor biases = bias.defined() ? bias.contiguous() : bias;
    whole.input = rows.const_data_ptr<float>();
    whole.input_stride = static_cast<std::size_t>(rows.stride(0));
    whole.end_row = static_cast<std::size_t>(rows.size(0));
    whole.bias = biases.defined() ? biases.const_data_ptr<float>() : nullptr;
    const int threads = at::in_parallel_region() ? 1 : at::get_num_threads();
    const kernels::ProductPlan plan(weights, whole, static_cast<std::size_t>(threads));
    std::atomic<std::size_t> next{0};
    at::parallel_for(0, threads, 1, [&](std::int64_t, std::int64_t) {
        for (std::size_t index; (index = next++) < plan.parts() && !context.stopping();)
            kernels::multiply(weights, plan.part(index));
    });
    context.checkpoint();
}

} // namespace

void add_linear(at::Tensor& result, const at::Tensor& input, const kernels::PackedMatrix& weights,
                const at::Tensor& bias, JobContext& context) {
    ATTNSCOPE_ASSERT(result.is_contiguous() && result.size(-1) == static_cast<std::int64_t>(weights.outputs()));
    run(weights,
        {.result = result.mutable_data_ptr<float>(),
         .result_stride = weights.outputs(),
         .add = true,
         .end_panel = weights.panels()},
        rows_of(input), bias, context);
}

at::Tensor linear(const at::Tensor& input, const kernels::PackedMatrix& weights, const at::Tensor& bias,
                  JobContext& context) {
    std::vector<std::int64_t> shape = input.sizes().vec();
    shape.back() = static_cast<std::int64_t>(weights.outputs());
    const at::Tensor result = at::empty(shape, input.options());
    run(weights,
        {.result = result.mutable_data_ptr<float>(),
         .result_stride = weights.outputs(),
         .end_panel = weights.panels()},
        rows_of(input), bias, context);
    return result;
}

namespace {

/// A softmax over all outputs of a product, cut into parts of some milliseconds. The panels of a part do not depend on
/// the rows or the threads, so neither does a sum.
class LossPlan {
public:
    LossPlan(const kernels::PackedMatrix& weights, std::size_t rows)
        : rows_(rows), panels_(weights.panels()), row_blocks_((rows + most_rows - 1) / most_rows) {
        const std::size_t panel_products = most_rows * weights.panel_width() * std::max<std::size_t>(1, weights.inputs());
        panels_a_part_ = std::max<std::size_t>(panels_at_least, most_products / panel_products);
    }
    std::size_t parts() const { return row_blocks_ * panel_blocks(); }
    std::size_t panel_blocks() const { return (panels_ + panels_a_part_ - 1) / panels_a_part_; }
    std::size_t panel_block(std::size_t part) const { return part / row_blocks_; }

    /// The rows go by faster, so that the weights are read once.
    void place(std::size_t index, kernels::LogSumExpPart& part) const {
        const std::size_t row = index % row_blocks_;
        part.first_row = rows_ * row / row_blocks_;
        part.end_row = rows_ * (row + 1) / row_blocks_;
        part.first_panel = panel_block(index) * panels_a_part_;
        part.end_panel = std::min(part.first_panel + panels_a_part_, panels_);
    }

private:
    static constexpr std::size_t most_rows = 144, panels_at_least = 16, most_products = 250'000'000;

    std::size_t rows_, panels_, row_blocks_, panels_a_part_ = 1;
};

/// ln Σ e^part of `count` numbers `stride` apart; NaN where one is.
double combined(const double* parts, std::size_t count, std::size_t stride) {
    double largest = parts[0], sum = 0;
    for (std::size_t i = 1; i < count; ++i)
        largest = std::max(largest, parts[i * stride]);
    for (std::size_t i = 0; i < count; ++i)
        sum += std::exp(parts[i * stride] - largest);
    return largest + std::log(sum);
}

} // namespace

at::Tensor softmax_losses(const at::Tensor& rows, const kernels::PackedMatrix& weights, const at::Tensor& targets,
                          JobContext& context, const std::function<void(double share)>& progress) {
    const at::Tensor input = rows_of(rows), places = targets.contiguous();
    const auto count = static_cast<std::size_t>(input.size(0));
    ATTNSCOPE_ASSERT(input.size(1) == static_cast<std::int64_t>(weights.inputs()) && targets.numel() == input.size(0));
    const LossPlan plan(weights, count);
    std::vector<double> normalisers(plan.panel_blocks() * count);
    std::vector<float> chosen(count);
    std::atomic<std::size_t> next{0}, done{0};
    at::parallel_for(0, at::in_parallel_region() ? 1 : at::get_num_threads(), 1, [&](std::int64_t, std::int64_t) {
        for (std::size_t index; (index = next++) < plan.parts() && !context.stopping();) {
            kernels::LogSumExpPart part{.input = input.const_data_ptr<float>(),
                                        .input_stride = static_cast<std::size_t>(input.stride(0)),
                                        .targets = places.const_data_ptr<std::int64_t>(),
                                        .normalisers = normalisers.data() + plan.panel_block(index) * count,
                                        .chosen = chosen.data()};
            plan.place(index, part);
            kernels::log_sum_exp(weights, part);
            progress(static_cast<double>(++done) / static_cast<double>(plan.parts()));
        }
    });
    context.checkpoint();
    const at::Tensor losses = at::empty({input.size(0)}, at::kDouble);
    double* const loss = losses.mutable_data_ptr<double>();
    for (std::size_t row = 0; row < count; ++row)
        loss[row] = combined(normalisers.data() + row, plan.panel_blocks(), count) - static_cast<double>(chosen[row]);
    return losses;
}

std::shared_ptr<const kernels::PackedMatrix> pack_matrix(const at::Tensor& matrix, bool turned) {
    using Order = kernels::PackedMatrix::Order;
    const auto outputs = static_cast<std::size_t>(matrix.size(turned ? 1 : 0));
    const auto inputs = static_cast<std::size_t>(matrix.size(turned ? 0 : 1));
    const auto packed = std::make_shared<kernels::PackedMatrix>(outputs, inputs);
    constexpr std::int64_t panels_per_task = 8;
    at::parallel_for(0, static_cast<std::int64_t>(packed->panels()), panels_per_task,
                     [&](std::int64_t first, std::int64_t last) {
                         packed->pack(matrix.const_data_ptr<float>(), turned ? Order::columns : Order::rows,
                                      static_cast<std::size_t>(first), static_cast<std::size_t>(last));
                     });
    return packed;
}

at::Tensor packed_rows(const kernels::PackedMatrix& weights, const at::Tensor& ids) {
    const auto width = static_cast<std::int64_t>(weights.inputs());
    std::vector<std::int64_t> shape = ids.sizes().vec();
    shape.push_back(width);
    const at::Tensor rows = at::empty(shape, at::kFloat), places = ids.contiguous();
    float* row = rows.mutable_data_ptr<float>();
    const std::int64_t* const id = places.const_data_ptr<std::int64_t>();
    for (std::int64_t i = 0; i < places.numel(); ++i, row += width)
        weights.copy_output(static_cast<std::size_t>(id[i]), row);
    return rows;
}

} // namespace attnscope::models
