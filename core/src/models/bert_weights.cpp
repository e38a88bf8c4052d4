#include "models/bert_weights.h"

#include "data/input_error.h"

#include <ATen/ops/from_blob.h>

#include <array>
#include <string_view>
#include <utility>

namespace attnscope::models {
namespace {

std::string shape_text(const std::vector<std::int64_t>& shape) {
    std::string text;
    for (const std::int64_t size : shape)
        text += (text.empty() ? "" : " × ") + std::to_string(size);
    return text.empty() ? "one number" : text;
}

} // namespace

const TensorInfo* BertWeights::find(const std::string& name) const {
    // A model with a task's head on it keeps its encoder under `bert.`.
    for (const char* const prefix : {"", "bert."}) {
        if (const TensorInfo* const tensor = file_.find(prefix + name))
            return tensor;
    }
    return nullptr;
}

at::Tensor BertWeights::read(const std::string& name, const std::vector<std::int64_t>& shape) const {
    const TensorInfo* tensor = find(name);
    // Converted TensorFlow checkpoints call a layer norm's weight and bias gamma and beta.
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 2> older{
        {{"LayerNorm.weight", "LayerNorm.gamma"}, {"LayerNorm.bias", "LayerNorm.beta"}}};
    for (const auto& [spelling, older_spelling] : older) {
        if (tensor || !name.ends_with(spelling))
            continue;
        tensor = find(name.substr(0, name.size() - spelling.size()) + std::string(older_spelling));
    }
    const std::string subject = file_.path().string();
    if (!tensor)
        input_error(subject, "tensor " + name, "none");
    if (tensor->shape != shape)
        input_error(subject, shape_text(shape), shape_text(tensor->shape), tensor->name);

    const FloatTensor values = file_.read(*tensor);
    // ATen has no tensor of constants; nothing here writes to a weight.
    return at::from_blob(
        const_cast<float*>(values.values.data()), shape, [owner = values.owner](void*) {}, at::kFloat);
}

} // namespace attnscope::models
