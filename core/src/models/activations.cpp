#include "models/activations.h"

#include <attnscope/error.h>

#include <ATen/Parallel.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/gelu_backward.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/silu_backward.h>
#include <ATen/ops/threshold_backward.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <utility>

namespace attnscope::models {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Numbers of a piece: few enough that LibTorch takes one thread for it, and whole vectors of every processor.
constexpr std::int64_t piece = 16384, vectors = 64;

/// function(pieces of the tensors), which are contiguous and of one size and type; it may write to any of them.
template <std::size_t count, class Function>
void in_pieces(const std::array<at::Tensor, count>& tensors, const Function& function) {
    const std::int64_t total = tensors[0].numel(), whole = total / vectors * vectors;
    const auto bytes = static_cast<std::int64_t>(tensors[0].element_size());
    const auto place = [&](std::size_t tensor, std::int64_t first) {
        return static_cast<char*>(tensors[tensor].data_ptr()) + first * bytes;
    };
    at::parallel_for(0, (whole + piece - 1) / piece, 1, [&](std::int64_t first, std::int64_t end) {
        const c10::InferenceMode no_gradients;
        for (; first < end; ++first) {
            const std::int64_t begin = first * piece;
            std::array<at::Tensor, count> parts;
            for (std::size_t i = 0; i < count; ++i)
                parts[i] = at::from_blob(place(i, begin), {std::min(piece, whole - begin)}, tensors[i].options());
            function(parts);
        }
    });
    if (whole == total) return;
    const c10::InferenceMode no_gradients;
    const auto rest = static_cast<std::size_t>((total - whole) * bytes);
    std::array<at::Tensor, count> padded;
    for (std::size_t i = 0; i < count; ++i) {
        padded[i] = at::zeros({vectors}, tensors[i].options());
        std::memcpy(padded[i].data_ptr(), place(i, whole), rest);
    }
    function(padded);
    for (std::size_t i = 0; i < count; ++i) std::memcpy(place(i, whole), padded[i].data_ptr(), rest);
}

void activate_at_once(at::Tensor& values, Activation activation) {
    switch (activation) {
    case Activation::gelu: at::gelu_(values); break;
    case Activation::gelu_tanh: at::gelu_(values, "tanh"); break;
    case Activation::silu: at::silu_(values); break;
    case Activation::relu: at::relu_(values); break;
    }
}

/// gradient becomes that of the input.
void pull_back_at_once(at::Tensor& gradient, const at::Tensor& input, Activation activation) {
    switch (activation) {
    case Activation::gelu: gradient.copy_(at::gelu_backward(gradient, input)); break;
    case Activation::gelu_tanh: gradient.copy_(at::gelu_backward(gradient, input, "tanh")); break;
    case Activation::silu: gradient.copy_(at::silu_backward(gradient, input)); break;
    case Activation::relu: gradient.copy_(at::threshold_backward(gradient, input, 0)); break;
    }
}

struct ActivationFunction : torch::autograd::Function<ActivationFunction> {
    static at::Tensor forward(AutogradContext* ctx, const at::Tensor& values, Activation activation) {
        ctx->save_for_backward({values});
        ctx->saved_data["activation"] = static_cast<std::int64_t>(activation);
        at::Tensor out = values.clone(at::MemoryFormat::Contiguous);
        activate_in_place(out, activation);
        return out;
    }

    static variable_list backward(AutogradContext* ctx, variable_list gradients) {
        const auto activation = static_cast<Activation>(ctx->saved_data["activation"].toInt());
        const at::Tensor input = ctx->get_saved_variables()[0].contiguous();
        at::Tensor gradient = gradients[0].clone(at::MemoryFormat::Contiguous);
        if (gradient.is_cpu())
            in_pieces<2>({gradient, input},
                         [&](std::array<at::Tensor, 2>& parts) { pull_back_at_once(parts[0], parts[1], activation); });
        else
            pull_back_at_once(gradient, input, activation);
        return {gradient, at::Tensor()};
    }
};

} // namespace

void activate_in_place(const at::Tensor& values, Activation activation) {
    ATTNSCOPE_ASSERT(values.is_contiguous());
    at::Tensor all = values;
    if (values.is_cpu())
        in_pieces<1>({all}, [&](std::array<at::Tensor, 1>& parts) { activate_at_once(parts[0], activation); });
    else
        activate_at_once(all, activation);
}

at::Tensor differentiable_activation(const at::Tensor& values, Activation activation) {
    return ActivationFunction::apply(values, activation);
}

} // namespace attnscope::models
