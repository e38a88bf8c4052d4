#include "models/packed_linear.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <atomic>
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

void linear_panels(at::Tensor& result, const at::Tensor& rows, const kernels::PackedMatrix& weights,
                   std::size_t first_panel, std::size_t end_panel, JobContext& context) {
    ATTNSCOPE_ASSERT(result.is_contiguous() && result.size(0) == rows.size(0));
    run(weights,
        {.result = result.mutable_data_ptr<float>(),
         .result_stride = static_cast<std::size_t>(result.size(1)),
         .result_panel = first_panel,
         .first_panel = first_panel,
         .end_panel = end_panel},
        rows_of(rows), {}, context);
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
