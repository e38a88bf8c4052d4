// The weights of a model: converted one by one when first used, kept within a budget. On the CPU, matrices of linear
// maps are kept packed for products, in float32; everything else is a tensor.
//
// Names are those of the Hugging Face library, in two parts: the layer, and what stands behind it
// (self_attn.q_proj.weight). A family's *names* say how they are spelt in the files there are.
#pragma once

#include "kernels/packed_matrix.h"

#include <attnscope/job.h>
#include <attnscope/model.h>
#include <attnscope/tensor_file.h>

#include <ATen/core/Tensor.h>

#include <atomic>
#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace attnscope::models {

/// How a family's weights are called in files.
struct WeightNames {
    std::string_view prefix; ///< in front of every name of a model with a head; bare models do without
    std::string_view layers; ///< in front of a layer's number
    /// Files of the Hugging Face library keep the matrices in layers as (inputs, outputs).
    bool columns;
    /// Names in GGUF, without .weight and .bias: of a layer's parts, and of what is in no layer.
    std::span<const std::pair<std::string_view, std::string_view>> gguf;
};

/// The name in a GGUF file of `part` (self_attn.q_proj.weight) of a layer, or with −1 of what is in no layer, by pairs
/// as WeightNames has them; empty for a part they do not have.
std::string gguf_name(std::span<const std::pair<std::string_view, std::string_view>> names, std::int64_t layer,
                      std::string_view part);

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
    /// infinity in it (looked for when it is first used). Throws Cancelled where `stop` ends a conversion; the next
    /// caller converts the weight then.
    at::Tensor get(const WeightName& name, const std::vector<std::int64_t>& shape, at::ScalarType type = at::kFloat,
                   at::Device device = at::kCPU, const std::stop_token& stop = {}) const;

    /// Rows `ids` (…), int64 on the CPU, of a matrix (outputs, inputs) as (…, inputs) in float32 on the CPU: nothing
    /// else of it is converted, or looked at. Every id is a row. Thread-safe, and throws, as get().
    at::Tensor rows(const WeightName& name, std::int64_t outputs, std::int64_t inputs, const at::Tensor& ids) const;
    /// The matrix of a linear map, in float32 on the CPU; a copy. Thread-safe, and throws, as get().
    std::shared_ptr<const kernels::PackedMatrix> packed(const WeightName& name, std::int64_t outputs,
                                                        std::int64_t inputs, const std::stop_token& stop = {}) const;
    /// Whether the file keeps this matrix as (inputs, outputs).
    bool columns(const WeightName& name) const { return names_.columns && !gguf_ && name.layer >= 0; }

    /// Converts what a layer has, on the context's threads; get() and packed() find it then. Throws as they do.
    void prepare(std::int64_t layer, at::ScalarType type, at::Device device, JobContext& context) const;

    bool is_gguf() const noexcept { return gguf_; }
    /// Waits for nobody: a window asks in every frame, while weights are being converted.
    WeightMemory memory() const noexcept;
    void set_budget(std::uint64_t bytes);

private:
    /// What a weight was made into.
    struct Converted {
        at::Tensor tensor;
        std::shared_ptr<const kernels::PackedMatrix> packed;
        bool exists() const { return tensor.defined() || packed; }
    };
    struct Entry {
        std::mutex converting;
        Converted weight;
        std::uint64_t bytes = 0, last_use = 0;
        bool mapped = false, checked = false;
    };
    struct Key {
        const TensorInfo* info;
        at::ScalarType type;
        std::string device;
        bool packed;
        auto operator<=>(const Key&) const = default;
    };

    const TensorInfo* find(const WeightName& name) const;
    const TensorInfo& find(const WeightName& name, const std::vector<std::int64_t>& shape) const;
    Converted obtain(const Key& key, std::int64_t layer, const std::stop_token& stop) const;
    std::string file_name(const WeightName& name, bool with_prefix) const;
    void convert(const Key& key, std::int64_t layer, Entry& entry, const std::stop_token& stop) const;
    [[noreturn]] void not_finite(float value, const TensorInfo& info, std::int64_t layer, std::int64_t element) const;
    void check_finite(const at::Tensor& tensor, const TensorInfo& info, std::int64_t layer,
                      const std::stop_token& stop) const;
    void keep_within_budget(const Entry* latest) const;
    void sum_memory() const; // after a change of the entries, under the mutex

    std::shared_ptr<const TensorFile> file_;
    std::string model_;
    WeightNames names_;
    bool gguf_;

    mutable std::mutex mutex_; // of what follows, and of all entries but their conversion
    mutable std::map<Key, std::shared_ptr<Entry>> entries_;
    mutable std::uint64_t uses_ = 0;
    // written under the mutex
    mutable std::atomic<std::uint64_t> mapped_{0}, converted_{0};
    std::atomic<std::uint64_t> budget_;
};

} // namespace attnscope::models
