#include "models/char_gpt.h"

#include "module/compute/thread_guard.h"

#include <ATen/core/Reduction.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/full.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace attnscope::models {
namespace {

using jacobian::CharGptPart;
using jacobian::Method;
using Kind = CharGptPart::Kind;

constexpr double norm_epsilon = 1e-5, initial_deviation = 0.02, weight_decay = 0.01;
/// Random streams: a parameter's, its feedback's and a layer's direct feedback; those below are the windows'.
constexpr std::uint64_t weight_stream = 16, feedback_stream = 4096, direct_stream = 8192;
/// Parts of the flat parameters that are updated side by side.
constexpr std::int64_t slices = 16;

void fill_normal(float* out, std::int64_t count, std::uint64_t seed, std::uint64_t stream) {
    for (std::int64_t i = 0; i < count; ++i)
        out[i] = static_cast<float>(initial_deviation * random_normal(seed, stream, static_cast<std::uint64_t>(i)));
}

at::Tensor view(const at::Tensor& flat, const CharGptPart& part) {
    return flat.narrow(0, part.offset, part.size()).view(part.sizes);
}

at::Tensor ids(const std::vector<std::int64_t>& values, at::IntArrayRef sizes) {
    return at::from_blob(const_cast<std::int64_t*>(values.data()), sizes, at::kLong);
}

} // namespace

Windows Windows::part(std::int64_t first, std::int64_t some) const {
    const auto cut = [&](const std::vector<std::int64_t>& all) {
        return std::vector<std::int64_t>(all.begin() + first * length, all.begin() + (first + some) * length);
    };
    return {some, length, cut(inputs), cut(targets)};
}

/// One forward pass: hands out the parameters in their order.
class CharGpt::Forward {
public:
    /// Gradients are recorded where `gradients` is given.
    Forward(const CharGpt& model, const AttentionTap* tap, const at::Tensor* gradients)
        : model_(model), tap_(tap), gradients_(gradients) {}

    at::Tensor logits(const Windows& windows) {
        const jacobian::CharGptShape& shape = model_.shape_;
        const at::Tensor characters = take(), places = take();
        at::Tensor hidden = at::embedding(characters, ids(windows.inputs, {windows.count, windows.length}))
                                .add(places.narrow(0, 0, windows.length));
        const bool direct = model_.combination_.method == Method::direct_feedback;
        std::vector<at::Tensor> outputs;
        for (int layer = 0; layer < shape.layers; ++layer) {
            hidden = block(hidden, layer);
            if (direct) {
                outputs.push_back(hidden);
                hidden = hidden.detach();
            }
        }
        const at::Tensor logits = linear(norm(hidden), false);
        return direct ? direct_feedback(logits, outputs, model_.direct_) : logits;
    }

private:
    at::Tensor take() {
        const CharGptPart& part = model_.parts_[next_++];
        at::Tensor values = view(model_.parameters_, part);
        if (!gradients_) return values;
        values = values.detach().set_requires_grad(true);
        values.mutable_grad() = view(*gradients_, part);
        return values;
    }
    at::Tensor norm(const at::Tensor& input) {
        const at::Tensor weight = take(), bias = take();
        return at::layer_norm(input, {input.size(-1)}, weight, bias, norm_epsilon);
    }
    at::Tensor linear(const at::Tensor& input, bool with_bias = true) {
        const CharGptPart& part = model_.parts_[next_];
        const at::Tensor weight = take(), bias = with_bias ? take() : at::Tensor();
        return feedback_linear(input, weight, bias, model_.feedback_.defined() ? view(model_.feedback_, part) : weight);
    }
    at::Tensor block(const at::Tensor& input, int layer) {
        const AttentionSettings settings{.heads = model_.shape_.heads,
                                         .layer = layer,
                                         .gradient = model_.combination_.gradient,
                                         .tap = tap_ ? *tap_ : AttentionTap()};
        const at::Tensor attended = input.add(linear(causal_attention(linear(norm(input)), settings)));
        return attended.add(linear(at::gelu(linear(norm(attended)))));
    }

    const CharGpt& model_;
    const AttentionTap* tap_;
    const at::Tensor* gradients_;
    std::size_t next_ = 0;
};

CharGpt::CharGpt(const jacobian::CharGptShape& shape, std::size_t vocabulary, const jacobian::Combination& combination,
                 std::uint64_t seed)
    : shape_(shape), combination_(combination), parts_(jacobian::char_gpt_parts(shape, vocabulary)) {
    const std::int64_t total = jacobian::char_gpt_size(parts_);
    for (at::Tensor* flat : {&parameters_, &first_moments_, &second_moments_}) *flat = at::zeros({total}, at::kFloat);
    const bool aligned = combination.method == Method::feedback_alignment;
    if (aligned || combination.method == Method::sign_symmetric) feedback_ = at::zeros({total}, at::kFloat);
    for (std::size_t i = 0; i < parts_.size(); ++i) {
        const CharGptPart& part = parts_[i];
        float* const values = parameters_.mutable_data_ptr<float>() + part.offset;
        if (part.kind == Kind::embedding || part.kind == Kind::position || part.kind == Kind::weight)
            fill_normal(values, part.size(), seed, weight_stream + i);
        if (part.kind == Kind::norm_weight) std::fill_n(values, part.size(), 1.0f);
        if (aligned && part.kind == Kind::weight)
            fill_normal(feedback_.mutable_data_ptr<float>() + part.offset, part.size(), seed, feedback_stream + i);
    }
    if (combination.method == Method::direct_feedback)
        for (int layer = 0; layer < shape.layers; ++layer) {
            at::Tensor& matrix = direct_.emplace_back(
                at::empty({static_cast<std::int64_t>(vocabulary), std::int64_t{shape.width}}, at::kFloat));
            fill_normal(matrix.mutable_data_ptr<float>(), matrix.numel(), seed,
                        direct_stream + static_cast<std::uint64_t>(layer));
        }
    refresh();
}

at::Tensor CharGpt::new_gradients() const {
    return at::zeros({size()}, at::kFloat);
}

double CharGpt::loss(const Windows& windows) const {
    const ThreadGuard calling_thread(1);
    const c10::NoGradGuard guard;
    const at::Tensor logits = Forward(*this, nullptr, nullptr).logits(windows);
    return at::cross_entropy_loss(logits.flatten(0, 1), ids(windows.targets, {windows.predictions()}), {},
                                  at::Reduction::Sum)
        .item<double>();
}

double CharGpt::loss(const Windows& windows, double predictions, at::Tensor& gradients, const AttentionTap& tap) const {
    const ThreadGuard calling_thread(1);
    const c10::AutoGradMode recording(true);
    const at::Tensor logits = Forward(*this, &tap, &gradients).logits(windows);
    const at::Tensor loss = at::cross_entropy_loss(logits.flatten(0, 1), ids(windows.targets, {windows.predictions()}),
                                                   {}, at::Reduction::Sum);
    loss.div(predictions).backward();
    return loss.item<double>();
}

at::Tensor CharGpt::logits(const Windows& windows) const {
    const ThreadGuard calling_thread(1);
    const c10::NoGradGuard guard;
    return Forward(*this, nullptr, nullptr).logits(windows);
}

void CharGpt::update(std::span<const at::Tensor> gradients, double learning_rate, ThreadPool& pool) {
    ++updates_;
    const auto body = [&](std::size_t slice, int) {
        const ThreadGuard calling_thread(1);
        const c10::NoGradGuard guard;
        const std::int64_t first = size() * static_cast<std::int64_t>(slice) / slices;
        const std::int64_t count = size() * static_cast<std::int64_t>(slice + 1) / slices - first;
        const auto part = [&](const at::Tensor& flat) { return flat.narrow(0, first, count); };
        const at::Tensor sum = part(gradients.front()).clone();
        for (const at::Tensor& each : gradients.subspan(1)) sum.add_(part(each));
        const at::Tensor step = at::full({}, static_cast<double>(updates_), at::kFloat);
        at::_fused_adamw_({part(parameters_)}, {sum}, {part(first_moments_)}, {part(second_moments_)}, {}, {step},
                          learning_rate, .9, .999, weight_decay, 1e-8, false, false);
    };
    pool.run(slices, body);
    refresh();
}

void CharGpt::refresh() {
    if (combination_.method != Method::sign_symmetric) return;
    const ThreadGuard calling_thread(1);
    const c10::NoGradGuard guard;
    for (const CharGptPart& part : parts_) {
        if (part.kind != Kind::weight) continue;
        const at::Tensor weight = view(parameters_, part);
        at::Tensor signs = view(feedback_, part);
        signs.copy_(weight.sign());
        const double norm = signs.norm().item<double>();
        signs.mul_(norm > 0 ? weight.norm().item<double>() / norm : 0);
    }
}

TrainingState CharGpt::state(Kept kept) const {
    const auto values = [](const at::Tensor& flat) {
        const float* const begin = flat.const_data_ptr<float>();
        return std::vector<float>(begin, begin + flat.numel());
    };
    TrainingState state{
        .updates = updates_, .parameters = values(parameters_), .first_moments = {}, .second_moments = {}};
    if (kept == Kept::all) {
        state.first_moments = values(first_moments_);
        state.second_moments = values(second_moments_);
    }
    return state;
}

void CharGpt::restore(const TrainingState& state) {
    const auto take = [](const char* subject, const std::vector<float>& values, at::Tensor& flat) {
        if (std::ssize(values) != flat.numel())
            throw Error(ErrorKind::input, subject, std::to_string(flat.numel()) + " numbers",
                        std::to_string(values.size()));
        std::memcpy(flat.mutable_data_ptr<float>(), values.data(), values.size() * sizeof(float));
    };
    take("parameters", state.parameters, parameters_);
    take("first moments", state.first_moments, first_moments_);
    take("second moments", state.second_moments, second_moments_);
    updates_ = state.updates;
    refresh();
}

} // namespace attnscope::models
