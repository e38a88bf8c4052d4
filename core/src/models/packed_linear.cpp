#include "models/packed_linear.h"

#include "models/parallel_parts.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

namespace attnscope::models {
namespace {

/// (rows, inputs) with the numbers of a row side by side.
at::Tensor rows_of(const at::Tensor& input) {
    const at::Tensor rows = input.dim() == 2 ? input : input.reshape({-1, input.size(-1)});
    return rows.stride(1) == 1 ? rows : rows.contiguous();
}

/// result (rows, outputs), which must be contiguous, becomes the map of some rows, or has it added.
struct Product {
    const LinearMap& map;
    at::Tensor& result;
    bool add;
};

/// Products of the same rows, their parts handed out one after another.
void run(std::span<const Product> products, const at::Tensor& rows, JobContext& context) {
    struct Planned {
        const kernels::PackedMatrix& weights;
        at::Tensor bias;
        kernels::ProductPlan plan;
        std::size_t end_part; ///< counted over all products
    };
    std::vector<Planned> planned;
    planned.reserve(products.size());
    std::size_t parts = 0;
    for (const Product& product : products) {
        const kernels::PackedMatrix& weights = *product.map.weights;
        ATTNSCOPE_ASSERT(rows.size(1) == static_cast<std::int64_t>(weights.inputs()));
        ATTNSCOPE_ASSERT(product.result.is_contiguous() &&
                         product.result.size(-1) == static_cast<std::int64_t>(weights.outputs()));
        const at::Tensor bias = product.map.bias.defined() ? product.map.bias.contiguous() : product.map.bias;
        const kernels::ProductPlan plan(weights,
                                        {.input = rows.const_data_ptr<float>(),
                                         .input_stride = static_cast<std::size_t>(rows.stride(0)),
                                         .result = product.result.mutable_data_ptr<float>(),
                                         .result_stride = weights.outputs(),
                                         .bias = bias.defined() ? bias.const_data_ptr<float>() : nullptr,
                                         .add = product.add,
                                         .end_row = static_cast<std::size_t>(rows.size(0)),
                                         .end_panel = weights.panels()},
                                        parallel_threads());
        parts += plan.parts();
        planned.push_back({weights, bias, plan, parts});
    }
    parallel_parts(parts, context, [&](std::size_t index) {
        auto product = planned.begin();
        while (index >= product->end_part) ++product;
        kernels::multiply(product->weights, product->plan.part(index + product->plan.parts() - product->end_part));
    });
}

} // namespace

void add_linear(at::Tensor& result, const at::Tensor& input, const LinearMap& map, JobContext& context) {
    const Product product{map, result, true};
    run({&product, 1}, rows_of(input), context);
}

std::vector<at::Tensor> linears(const at::Tensor& input, std::span<const LinearMap> maps, JobContext& context) {
    std::vector<at::Tensor> results;
    results.reserve(maps.size());
    std::vector<Product> products;
    for (const LinearMap& map : maps) {
        std::vector<std::int64_t> shape = input.sizes().vec();
        shape.back() = static_cast<std::int64_t>(map.weights->outputs());
        products.push_back({map, results.emplace_back(at::empty(shape, input.options())), false});
    }
    run(products, rows_of(input), context);
    return results;
}

at::Tensor linear(const at::Tensor& input, const LinearMap& map, JobContext& context) {
    return std::move(linears(input, {&map, 1}, context).front());
}

namespace {

/// A softmax over all outputs of a product, cut into parts of some milliseconds. The panels of a part do not depend on
/// the rows or the threads, so neither does a sum.
class LossPlan {
public:
    LossPlan(const kernels::PackedMatrix& weights, std::size_t rows)
        : rows_(rows), panels_(weights.panels()), row_blocks_((rows + most_rows - 1) / most_rows) {
        const std::size_t panel_products =
            most_rows * weights.panel_width() * std::max<std::size_t>(1, weights.inputs());
        panels_a_part_ = std::max<std::size_t>(panels_at_least, most_products / panel_products);
    }
    std::size_t parts() const { return row_blocks_ * panel_blocks(); }
    std::size_t panel_blocks() const { return (panels_ + panels_a_part_ - 1) / panels_a_part_; }
    std::size_t panel_block(std::size_t part) const { return part / row_blocks_; }

    /// The rows go by faster, so that the weights are read once.
    void place(std::size_t index, kernels::LogSumExpPart& part) const {
        const std::size_t row = index % row_blocks_;
        part.first_row = kernels::row_block_begin(rows_, row, row_blocks_);
        part.end_row = kernels::row_block_begin(rows_, row + 1, row_blocks_);
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
    for (std::size_t i = 1; i < count; ++i) largest = std::max(largest, parts[i * stride]);
    for (std::size_t i = 0; i < count; ++i) sum += std::exp(parts[i * stride] - largest);
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
    std::atomic<std::size_t> done{0};
    parallel_parts(plan.parts(), context, [&](std::size_t index) {
        kernels::LogSumExpPart part{.input = input.const_data_ptr<float>(),
                                    .input_stride = static_cast<std::size_t>(input.stride(0)),
                                    .targets = places.const_data_ptr<std::int64_t>(),
                                    .normalisers = normalisers.data() + plan.panel_block(index) * count,
                                    .chosen = chosen.data()};
        plan.place(index, part);
        kernels::log_sum_exp(weights, part);
        progress(static_cast<double>(++done) / static_cast<double>(plan.parts()));
    });
    const at::Tensor losses = at::empty({input.size(0)}, at::kDouble);
    double* const loss = losses.mutable_data_ptr<double>();
    for (std::size_t row = 0; row < count; ++row)
        loss[row] = combined(normalisers.data() + row, plan.panel_blocks(), count) - static_cast<double>(chosen[row]);
    return losses;
}

std::shared_ptr<const kernels::PackedMatrix> pack_matrix(const at::Tensor& matrix, bool turned,
                                                         const std::stop_token& stop) {
    using Order = kernels::PackedMatrix::Order;
    const auto outputs = static_cast<std::size_t>(matrix.size(turned ? 1 : 0));
    const auto inputs = static_cast<std::size_t>(matrix.size(turned ? 0 : 1));
    const auto packed = std::make_shared<kernels::PackedMatrix>(outputs, inputs);
    constexpr std::int64_t panels_per_task = 8;
    at::parallel_for(0, static_cast<std::int64_t>(packed->panels()), panels_per_task,
                     [&](std::int64_t first, std::int64_t last) {
                         for (; first < last && !stop.stop_requested(); first += panels_per_task)
                             packed->pack(matrix.const_data_ptr<float>(), turned ? Order::columns : Order::rows,
                                          static_cast<std::size_t>(first),
                                          static_cast<std::size_t>(std::min(last, first + panels_per_task)));
                     });
    if (stop.stop_requested()) throw Cancelled{};
    return packed;
}

} // namespace attnscope::models
