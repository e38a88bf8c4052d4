#include "analyses/cv/compute/tiny_mha.h"

#include "module/compute/thread_guard.h"

#include <ATen/core/Reduction.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/full.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace attnscope::models {
namespace {

enum Part {
    token_table,
    position_table,
    in_weight,
    in_bias,
    out_weight,
    out_bias,
    norm_weight,
    norm_bias,
    class_weight,
    class_bias,
    parts
};

/// Parameters lie one behind the other, each on a cache line of its own.
constexpr std::int64_t alignment = 16;
constexpr double norm_epsilon = 1e-5;
/// Random streams from here on, one for each parameter; those below are the data's.
constexpr std::uint64_t first_stream = 16;
/// Multiplications of a block of sequences, about: a few hundredths of a second.
constexpr std::int64_t block_size = std::int64_t{1} << 26;

using Sizes = std::vector<std::int64_t>;

std::array<Sizes, parts> part_sizes(const cv::ExperimentData& data, std::int64_t dim) {
    return {Sizes{data.vocabulary, dim}, {data.length, dim}, {3 * dim, dim}, {3 * dim}, {dim, dim}, {dim}, {dim}, {dim},
            {data.classes, dim},         {data.classes}};
}

std::int64_t count(const Sizes& sizes) {
    std::int64_t product = 1;
    for (const std::int64_t size : sizes) product *= size;
    return product;
}

/// Rows of one activation, kept until they are measured.
at::Tensor zeros(std::int64_t rows, std::int64_t columns) {
    return at::zeros({rows, columns}, at::kFloat);
}

NamedMatrix copy(std::string name, const at::Tensor& matrix) {
    const at::Tensor source = matrix.contiguous();
    NamedMatrix out{std::move(name), source.size(0), source.size(1), {}};
    const float* const values = source.const_data_ptr<float>();
    out.values.assign(values, values + source.numel());
    return out;
}

} // namespace

struct TinyMha::Tensors {
    at::Tensor parameters, gradients, first_moments, second_moments; // flat
    std::array<at::Tensor, parts> part; // views of the parameters whose .grad is a view of the gradients
    // (activation rows, dim) each: embedding, queries, keys, values, features after the norm
    at::Tensor embedded, queries, keys, values, features;

    Tensors(const std::array<Sizes, parts>& sizes, std::int64_t activation_rows, std::int64_t dim)
        : embedded(zeros(activation_rows, dim)), queries(zeros(activation_rows, dim)),
          keys(zeros(activation_rows, dim)), values(zeros(activation_rows, dim)),
          features(zeros(activation_rows, dim)) {
        std::int64_t total = 0;
        std::array<std::int64_t, parts> offsets{};
        for (std::size_t i = 0; i < parts; ++i) {
            offsets[i] = total;
            total += (count(sizes[i]) + alignment - 1) / alignment * alignment;
        }
        for (at::Tensor* flat : {&parameters, &gradients, &first_moments, &second_moments})
            *flat = at::zeros({total}, at::kFloat);
        for (std::size_t i = 0; i < parts; ++i) {
            const std::int64_t size = count(sizes[i]);
            part[i] = parameters.narrow(0, offsets[i], size).view(sizes[i]).detach().set_requires_grad(true);
            part[i].mutable_grad() = gradients.narrow(0, offsets[i], size).view(sizes[i]);
        }
    }

    void initialise(std::uint64_t seed, std::int64_t dim) {
        const double linear = 1 / std::sqrt(static_cast<double>(dim));
        const double xavier = std::sqrt(6 / static_cast<double>(3 * dim + dim));
        fill_normal(token_table, 1, seed);
        fill_normal(position_table, 0.02, seed);
        fill_uniform(in_weight, xavier, seed);
        fill_uniform(out_weight, linear, seed);
        fill_uniform(class_weight, linear, seed);
        fill_uniform(class_bias, linear, seed);
        const c10::NoGradGuard guard;
        part[norm_weight].fill_(1);
    }

    /// Copies what a block's first rows contribute to the kept activations.
    void keep(at::Tensor& kept, const at::Tensor& rows, std::int64_t first) const {
        const std::int64_t missing = std::min(kept.size(0) - first, rows.size(0));
        if (missing > 0) kept.narrow(0, first, missing).copy_(rows.narrow(0, 0, missing));
    }

private:
    void fill_normal(Part which, double deviation, std::uint64_t seed) {
        float* const out = part[which].mutable_data_ptr<float>();
        for (std::int64_t i = 0; i < part[which].numel(); ++i)
            out[i] = static_cast<float>(deviation *
                                        random_normal(seed, first_stream + which, static_cast<std::uint64_t>(i)));
    }
    void fill_uniform(Part which, double bound, std::uint64_t seed) {
        float* const out = part[which].mutable_data_ptr<float>();
        for (std::int64_t i = 0; i < part[which].numel(); ++i)
            out[i] = static_cast<float>(
                bound * (2 * random_uniform(seed, first_stream + which, static_cast<std::uint64_t>(i)) - 1));
    }
};

TinyMha::TinyMha(const cv::ExperimentData& data, const Shape& shape, std::uint64_t seed) : data_(data), shape_(shape) {
    ATTNSCOPE_ASSERT(shape.dim > 0 && shape.heads > 0 && shape.dim % shape.heads == 0);
    shape_.activation_rows = std::min<std::int64_t>(shape.activation_rows, std::ssize(data.tokens));
    tensors_ = std::make_unique<Tensors>(part_sizes(data, shape.dim), shape_.activation_rows, shape.dim);
    tensors_->initialise(seed, shape.dim);
}

TinyMha::~TinyMha() = default;

TinyMha::Evaluation TinyMha::evaluate(Gradients gradients, const JobContext& context) {
    const ThreadGuard calling_thread(1);
    const c10::AutoGradMode recording(gradients == Gradients::wanted);
    Tensors& t = *tensors_;
    const std::int64_t sequences = std::ssize(data_.labels), length = data_.length, dim = shape_.dim;
    const std::int64_t heads = shape_.heads, head_dim = dim / heads;
    const std::int64_t most = std::clamp<std::int64_t>(block_size / (length * dim * dim), 1, sequences);
    const std::int64_t blocks = (sequences + most - 1) / most;
    const at::Tensor tokens =
        at::from_blob(const_cast<std::int64_t*>(data_.tokens.data()), {sequences, length}, at::kLong);
    const at::Tensor labels = at::from_blob(const_cast<std::int64_t*>(data_.labels.data()), {sequences}, at::kLong);
    t.gradients.zero_();

    double loss = 0;
    std::int64_t right = 0;
    for (std::int64_t block = 0; block < blocks; ++block) {
        context.checkpoint();
        const std::int64_t first = sequences * block / blocks, size = sequences * (block + 1) / blocks - first;
        const at::Tensor embedded = // (size, length, dim)
            at::embedding(t.part[token_table], tokens.narrow(0, first, size)).add(t.part[position_table]);
        const at::Tensor packed = // (3, size, heads, length, head_dim)
            at::linear(embedded, t.part[in_weight], t.part[in_bias])
                .view({size, length, 3, heads, head_dim})
                .permute({2, 0, 3, 1, 4});
        const at::Tensor queries = packed.select(0, 0), keys = packed.select(0, 1), values = packed.select(0, 2);
        const at::Tensor scores =
            at::matmul(queries, keys.transpose(2, 3)).mul(1 / std::sqrt(static_cast<double>(head_dim)));
        const at::Tensor attended = // (size, length, dim)
            at::matmul(at::softmax(scores, -1), values).transpose(1, 2).reshape({size, length, dim});
        const at::Tensor features =
            at::layer_norm(embedded.add(at::linear(attended, t.part[out_weight], t.part[out_bias])), {dim},
                           t.part[norm_weight], t.part[norm_bias], norm_epsilon);
        const at::Tensor logits = at::linear(features.mean(1), t.part[class_weight], t.part[class_bias]);
        const at::Tensor block_labels = labels.narrow(0, first, size);
        const at::Tensor block_loss = at::cross_entropy_loss(logits, block_labels, {}, at::Reduction::Sum);
        if (gradients == Gradients::wanted) block_loss.div(static_cast<double>(sequences)).backward();
        loss += block_loss.item<double>();

        const c10::NoGradGuard guard;
        const std::int64_t row = first * length, rows = size * length;
        if (row < shape_.activation_rows) {
            t.keep(t.embedded, embedded.view({rows, dim}), row);
            t.keep(t.queries, queries.transpose(1, 2).reshape({rows, dim}), row);
            t.keep(t.keys, keys.transpose(1, 2).reshape({rows, dim}), row);
            t.keep(t.values, values.transpose(1, 2).reshape({rows, dim}), row);
            t.keep(t.features, features.view({rows, dim}), row);
        }
        const float* scored = logits.const_data_ptr<float>();
        for (std::int64_t i = 0; i < size; ++i, scored += data_.classes)
            right += std::max_element(scored, scored + data_.classes) - scored ==
                     data_.labels[static_cast<std::size_t>(first + i)];
    }
    return {loss / static_cast<double>(sequences), static_cast<double>(right) / static_cast<double>(sequences)};
}

void TinyMha::update(double learning_rate) {
    const ThreadGuard calling_thread(1);
    const c10::NoGradGuard guard;
    Tensors& t = *tensors_;
    ++updates_;
    const at::Tensor step = at::full({}, static_cast<double>(updates_), at::kFloat);
    at::_fused_adam_(t.parameters, t.gradients, t.first_moments, t.second_moments, {}, step, learning_rate, .9, .999, 0,
                     1e-8, false, false);
}

cv::TrainingState TinyMha::state() const {
    const auto values = [](const at::Tensor& flat) {
        const float* const begin = flat.const_data_ptr<float>();
        return std::vector<float>(begin, begin + flat.numel());
    };
    return {.updates = updates_,
            .parameters = values(tensors_->parameters),
            .first_moments = values(tensors_->first_moments),
            .second_moments = values(tensors_->second_moments)};
}

void TinyMha::restore(const cv::TrainingState& state) {
    const auto take = [](const char* subject, const std::vector<float>& values, at::Tensor& flat) {
        if (std::ssize(values) != flat.numel())
            throw Error(ErrorKind::input, subject, std::to_string(flat.numel()) + " numbers",
                        std::to_string(values.size()));
        std::memcpy(flat.mutable_data_ptr<float>(), values.data(), values.size() * sizeof(float));
    };
    take("parameters", state.parameters, tensors_->parameters);
    take("first moments", state.first_moments, tensors_->first_moments);
    take("second moments", state.second_moments, tensors_->second_moments);
    updates_ = state.updates;
}

std::vector<NamedMatrix> TinyMha::matrices() const {
    const ThreadGuard calling_thread(1);
    const c10::NoGradGuard guard;
    const Tensors& t = *tensors_;
    const std::int64_t dim = shape_.dim, head_dim = dim / shape_.heads;
    const auto projection = [&](std::int64_t which) { return t.part[in_weight].narrow(0, which * dim, dim); };
    std::vector<at::Tensor> found{t.part[token_table], projection(0), projection(1), projection(2)};
    for (std::int64_t which = 0; which < 3; ++which)
        for (std::int64_t head = 0; head < shape_.heads; ++head)
            found.push_back(projection(which).narrow(0, head * head_dim, head_dim));
    found.insert(found.end(), {t.part[out_weight], t.part[class_weight]});
    for (const at::Tensor* activation : {&t.queries, &t.keys, &t.values, &t.features})
        for (std::int64_t head = 0; head < shape_.heads; ++head)
            found.push_back(activation->narrow(1, head * head_dim, head_dim));
    found.insert(found.end(), {t.embedded, t.features});
    const std::vector<std::string> names = cv::experiment_matrices(shape_.heads);
    ATTNSCOPE_ASSERT(names.size() == found.size());
    std::vector<NamedMatrix> out;
    for (std::size_t i = 0; i < names.size(); ++i) out.push_back(copy(names[i], found[i]));
    return out;
}

} // namespace attnscope::models
