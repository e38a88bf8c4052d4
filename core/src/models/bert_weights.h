// Weights of the BERT family as tensors, under the names different exporters and GGUF give them.
#pragma once

#include <attnscope/tensor_file.h>

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace attnscope::models {

class BertWeights {
public:
    /// `file` outlives this object; the tensors keep what they need themselves.
    explicit BertWeights(const TensorFile& file) : file_(file), gguf_(file.format() == "gguf") {}

    /// The tensor called `name` in a bare BertModel, as float32 and, where the file allows it, a view of the file.
    /// Throws Error{input}: no such tensor under any of its names, or another shape.
    at::Tensor read(const std::string& name, const std::vector<std::int64_t>& shape) const;

private:
    const TensorInfo* find(const std::string& name) const;

    const TensorFile& file_;
    bool gguf_;
};

} // namespace attnscope::models
