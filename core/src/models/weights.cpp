#include "models/weights.h"

#include "base/input_error.h"
#include "base/memory_limit.h"
#include "models/packed_linear.h"
#include "module/compute/thread_guard.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>

namespace attnscope::models {
namespace {

/// Of what this process may use: a container or a limit of the shell counts as a smaller machine.
std::uint64_t half_of_memory() {
    return memory_limit() / 2;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
    std::string text;
    for (const std::int64_t size : shape) text += (text.empty() ? "" : " × ") + std::to_string(size);
    return text.empty() ? "one number" : text;
}

const std::string on_cpu = at::Device(at::kCPU).str();

void throw_if_stopped(const std::stop_token& stop) {
    if (stop.stop_requested()) throw Cancelled{};
}

/// work(first, count) for slabs of a few megabytes of `numbers` float32 numbers.
template <class Work>
void for_each_slab(std::int64_t numbers, const std::stop_token& stop, const Work& work) {
    constexpr std::int64_t slab = std::int64_t{1} << 21;
    for (std::int64_t first = 0; first < numbers; first += slab) {
        throw_if_stopped(stop);
        work(first, std::min(slab, numbers - first));
    }
}

/// tensor.to(device, type) of a contiguous tensor.
at::Tensor converted(const at::Tensor& tensor, at::Device device, at::ScalarType type, const std::stop_token& stop) {
    at::Tensor out = at::empty(tensor.sizes(), tensor.options().device(device).dtype(type));
    const at::Tensor from = tensor.view(-1), to = out.view(-1);
    for_each_slab(tensor.numel(), stop, [&](std::int64_t first, std::int64_t count) {
        to.narrow(0, first, count).copy_(from.narrow(0, first, count));
    });
    return out;
}

std::string place(const TensorInfo& info, std::int64_t layer) {
    return (layer >= 0 ? "layer " + std::to_string(layer) + ", " : std::string()) + "tensor " + info.name;
}

} // namespace

std::string gguf_name(std::span<const std::pair<std::string_view, std::string_view>> names, std::int64_t layer,
                      std::string_view part) {
    const std::size_t dot = part.rfind('.');
    const auto known =
        std::find_if(names.begin(), names.end(), [&](const auto& pair) { return pair.first == part.substr(0, dot); });
    if (known == names.end()) return {};
    const std::string front = layer < 0 ? std::string() : "blk." + std::to_string(layer) + ".";
    return front + std::string(known->second) + std::string(part.substr(dot));
}

Weights::Weights(std::shared_ptr<const TensorFile> file, std::string model, const WeightNames& names)
    : file_(std::move(file)), model_(std::move(model)), names_(names), gguf_(file_->format() == "gguf"),
      budget_(half_of_memory()) {}

std::string Weights::file_name(const WeightName& name, bool with_prefix) const {
    if (!gguf_) {
        const std::string layer =
            name.layer < 0 ? std::string() : std::string(names_.layers) + std::to_string(name.layer) + ".";
        return (with_prefix ? std::string(names_.prefix) : std::string()) + layer + name.part;
    }
    return gguf_name(names_.gguf, name.layer, name.part);
}

const TensorInfo* Weights::find(const WeightName& name) const {
    for (const bool with_prefix : {true, false}) {
        if (const TensorInfo* const info = file_->find(file_name(name, with_prefix))) return info;
    }
    return nullptr;
}

const TensorInfo& Weights::find(const WeightName& name, const std::vector<std::int64_t>& shape) const {
    const TensorInfo* const info = find(name);
    if (!info) input_error(model_, "tensor " + file_name(name, true), "none");
    if (info->shape != shape) input_error(model_, shape_text(shape), shape_text(info->shape), "tensor " + info->name);
    return *info;
}

at::Tensor Weights::get(const WeightName& name, const std::vector<std::int64_t>& shape, at::ScalarType type,
                        at::Device device, const std::stop_token& stop) const {
    return obtain({&find(name, shape), type, device.str(), false}, name.layer, stop).tensor;
}

std::shared_ptr<const kernels::PackedMatrix> Weights::packed(const WeightName& name, std::int64_t outputs,
                                                             std::int64_t inputs, const std::stop_token& stop) const {
    const bool turned = columns(name);
    const TensorInfo& info = find(name, {turned ? inputs : outputs, turned ? outputs : inputs});
    return obtain({&info, at::kFloat, on_cpu, true}, name.layer, stop).packed;
}

at::Tensor Weights::rows(const WeightName& name, std::int64_t outputs, std::int64_t inputs,
                         const at::Tensor& ids) const {
    const TensorInfo& info = find(name, {outputs, inputs});
    const at::Tensor places = ids.contiguous();
    const std::span wanted(places.const_data_ptr<std::int64_t>(), static_cast<std::size_t>(places.numel()));
    std::vector<std::int64_t> different(wanted.begin(), wanted.end());
    std::sort(different.begin(), different.end());
    different.erase(std::unique(different.begin(), different.end()), different.end());

    const FloatTensor read = file_->read_rows(info, different);
    const auto width = static_cast<std::size_t>(inputs);
    const auto bad = std::find_if(read.values.begin(), read.values.end(), [](float x) { return !std::isfinite(x); });
    if (bad != read.values.end()) {
        const auto at = static_cast<std::size_t>(bad - read.values.begin());
        not_finite(*bad, info, name.layer, different[at / width] * inputs + static_cast<std::int64_t>(at % width));
    }
    std::vector<std::int64_t> shape = ids.sizes().vec();
    shape.push_back(inputs);
    at::Tensor result = at::empty(shape, at::kFloat);
    float* to = result.mutable_data_ptr<float>();
    for (const std::int64_t id : wanted) {
        const auto row = std::lower_bound(different.begin(), different.end(), id) - different.begin();
        to = std::copy_n(read.values.data() + static_cast<std::size_t>(row) * width, width, to);
    }
    return result;
}

Weights::Converted Weights::obtain(const Key& key, std::int64_t layer, const std::stop_token& stop) const {
    std::shared_ptr<Entry> entry;
    {
        const std::lock_guard lock(mutex_);
        std::shared_ptr<Entry>& known = entries_[key];
        if (!known) known = std::make_shared<Entry>();
        entry = known;
        entry->last_use = ++uses_;
        if (entry->weight.exists()) return entry->weight;
    }
    const std::lock_guard converting(entry->converting);
    {
        const std::lock_guard lock(mutex_);
        if (entry->weight.exists()) return entry->weight;
    }
    Entry made;
    made.checked = entry->checked;
    convert(key, layer, made, stop);
    const std::lock_guard lock(mutex_);
    entry->weight = made.weight;
    entry->bytes = made.bytes;
    entry->mapped = made.mapped;
    entry->checked = true;
    keep_within_budget(entry.get());
    sum_memory();
    return made.weight;
}

void Weights::prepare(std::int64_t layer, at::ScalarType type, at::Device device, JobContext& context) const {
    const std::string number = std::to_string(layer) + ".";
    const std::string front = gguf_ ? "blk." + number : std::string(names_.layers) + number;
    std::vector<Key> missing;
    {
        const std::lock_guard lock(mutex_);
        for (const TensorInfo& info : file_->tensors()) {
            std::string_view name = info.name;
            if (name.starts_with(names_.prefix)) name.remove_prefix(names_.prefix.size());
            // Older files keep masks among the weights, with more dimensions than any weight has.
            if (!name.starts_with(front) || info.shape.size() > 2) continue;
            // A matrix of a layer belongs to a linear map.
            const bool packed = type == at::kFloat && device.is_cpu() && info.shape.size() == 2;
            Key key{&info, type, device.str(), packed};
            const auto known = entries_.find(key);
            if (known == entries_.end() || !known->second->weight.exists()) missing.push_back(std::move(key));
        }
    }
    context.parallel_for(missing.size(), [&](std::size_t task, int) {
        const c10::InferenceMode no_gradients;
        const ThreadGuard one(1);
        obtain(missing[task], layer, context.stop());
    });
}

// Between two looks at `stop` lie a few megabytes. Nothing yields here: others may wait for the entry.
void Weights::convert(const Key& key, std::int64_t layer, Entry& entry, const std::stop_token& stop) const {
    // Whoever asks first may have turned gradients off for good; autograd must be able to keep the weight all the same.
    const c10::InferenceMode off(false);
    const c10::AutoGradMode no_graph(false);
    const FloatTensor values = file_->read(*key.info, [&](std::uint64_t) { throw_if_stopped(stop); });
    // ATen has no tensor of constants; nothing here writes to a weight.
    at::Tensor tensor = at::from_blob(
        const_cast<float*>(values.values.data()), values.shape, [owner = values.owner](void*) {}, at::kFloat);
    if (!entry.checked) check_finite(tensor, *key.info, layer, stop);
    if (key.packed) {
        entry.weight.packed = pack_matrix(tensor, names_.columns && !gguf_ && layer >= 0, stop);
        entry.bytes = entry.weight.packed->bytes();
        return;
    }
    entry.mapped = values.mapped;
    if (key.type != at::kFloat || key.device != on_cpu) {
        tensor = converted(tensor, at::Device(key.device), key.type, stop);
        entry.mapped = false;
    }
    entry.bytes = static_cast<std::uint64_t>(tensor.numel()) * tensor.element_size();
    entry.weight.tensor = std::move(tensor);
}

void Weights::check_finite(const at::Tensor& tensor, const TensorInfo& info, std::int64_t layer,
                           const std::stop_token& stop) const {
    const float* const values = tensor.const_data_ptr<float>();
    for_each_slab(tensor.numel(), stop, [&](std::int64_t first, std::int64_t count) {
        // What is not finite shows in the sum, at the speed of memory; a sum can also overflow by itself.
        if (std::isfinite(tensor.view(-1).narrow(0, first, count).sum().item<float>())) return;
        const float* const end = values + first + count;
        const float* const found = std::find_if(values + first, end, [](float value) { return !std::isfinite(value); });
        if (found != end) not_finite(*found, info, layer, found - values);
    });
}

void Weights::not_finite(float value, const TensorInfo& info, std::int64_t layer, std::int64_t element) const {
    input_error(model_, "finite weights", std::isnan(value) ? "NaN" : "infinity",
                place(info, layer) + ", element " + std::to_string(element));
}

void Weights::keep_within_budget(const Entry* latest) const {
    std::uint64_t converted = 0;
    for (const auto& [key, entry] : entries_) converted += entry->weight.exists() && !entry->mapped ? entry->bytes : 0;
    while (converted > budget_) {
        Entry* oldest = nullptr;
        for (const auto& [key, entry] : entries_) {
            const bool droppable = entry->weight.exists() && !entry->mapped && entry.get() != latest;
            if (droppable && (!oldest || entry->last_use < oldest->last_use)) oldest = entry.get();
        }
        if (!oldest) return;
        oldest->weight = {};
        converted -= oldest->bytes;
    }
}

void Weights::sum_memory() const {
    std::uint64_t mapped = 0, converted = 0;
    for (const auto& [key, entry] : entries_) {
        if (entry->weight.exists()) (entry->mapped ? mapped : converted) += entry->bytes;
    }
    mapped_ = mapped;
    converted_ = converted;
}

WeightMemory Weights::memory() const noexcept {
    return {.mapped = mapped_, .converted = converted_, .budget = budget_};
}

void Weights::set_budget(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    budget_ = bytes > 0 ? bytes : half_of_memory();
    keep_within_budget(nullptr);
    sum_memory();
}

} // namespace attnscope::models
