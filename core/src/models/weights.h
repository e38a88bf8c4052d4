// The weights of a model as tensors: converted one by one when first used, kept within a budget.
//
// Names are those of the Hugging Face library, in two parts: the layer, and what stands behind it
// (self_attn.q_proj.weight). A family's *names* say how they are spelt in the files there are.
#pragma once

#include <attnscope/job.h>
#include <attnscope/model.h>
#include <attnscope/tensor_file.h>

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace attnscope::models {

/// How a family's weights are called in files.
struct WeightNames {
    std::string_view prefix; ///< in front of every name of a model with a head; bare models do without
    std::string_view layers; ///< in front of a layer's number
    /// Names in GGUF, without .weight and .bias: of a layer's parts, and of what is in no layer.
    std::span<const std::pair<std::string_view, std::string_view>> gguf;
};

/// Which weight: `layer` counts from 0, −1 is outside of layers.
struct WeightName {
    std::int64_t layer = -1;
    std::string part; ///< self_attn.q_proj.weight
};

class Weights {
public:
    /// `model` names the model in errors. A budget of 0 is half of the machine's memory.
    Weights(std::shared_ptr<const TensorFile> file, std::string model, const WeightNames& names);

    bool has(const WeightName& name) const { return find(name) != nullptr; }
    /// float32 tensors of the file on the CPU are views of its mapping; nobody may write to them. Thread-safe; two
    /// callers of one weight wait for one conversion. Throws Error{input}: no such tensor, another shape, a NaN or an
    /// infinity in it (looked for when it is first used).
    at::Tensor get(const WeightName& name, const std::vector<std::int64_t>& shape, at::ScalarType type = at::kFloat,
                   at::Device device = at::kCPU) const;

    /// Converts what a layer has, on the context's threads; get() finds it then. Throws as get() does.
    void prepare(std::int64_t layer, at::ScalarType type, at::Device device, JobContext& context) const;

    bool is_gguf() const noexcept { return gguf_; }
    WeightMemory memory() const;
    void set_budget(std::uint64_t bytes);

private:
    struct Entry {
        std::mutex converting;
        at::Tensor tensor;
        std::uint64_t bytes = 0, last_use = 0;
        bool mapped = false, checked = false;
    };
    using Key = std::tuple<const TensorInfo*, at::ScalarType, std::string>;

    const TensorInfo* find(const WeightName& name) const;
    at::Tensor get(const TensorInfo& info, std::int64_t layer, at::ScalarType type, at::Device device) const;
    std::string file_name(const WeightName& name, bool with_prefix) const;
    void convert(const TensorInfo& info, std::int64_t layer, at::ScalarType type, at::Device device, Entry& entry) const;
    void check_finite(const at::Tensor& tensor, const TensorInfo& info, std::int64_t layer) const;
    void keep_within_budget(const Entry* latest) const;

    std::shared_ptr<const TensorFile> file_;
    std::string model_;
    WeightNames names_;
    bool gguf_;

    mutable std::mutex mutex_; // of what follows, and of all entries but their conversion
    mutable std::map<Key, std::shared_ptr<Entry>> entries_;
    mutable std::uint64_t uses_ = 0;
    std::uint64_t budget_;
};

} // namespace attnscope::models
