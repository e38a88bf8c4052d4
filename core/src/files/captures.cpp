// Attention probabilities and their gradients out of a file.
#include <attnscope/jacobian.h>

#include "base/checked.h"
#include "base/input_error.h"
#include "files/tensor_contents.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

namespace attnscope::jacobian {

namespace {

/// A row may miss 1 by what its type rounds away.
double row_tolerance(DType dtype) {
    return dtype == DType::f16 || dtype == DType::bf16 ? 1e-2 : 1e-3;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
    std::string text;
    for (const std::int64_t size : shape) text += (text.empty() ? "" : " × ") + std::to_string(size);
    return shape.empty() ? "one number" : text;
}

bool holds_real_numbers(DType dtype) {
    return dtype == DType::f16 || dtype == DType::bf16 || dtype == DType::f32 || dtype == DType::f64;
}

/// L of layers.L.A.
std::optional<int> layer_of(std::string_view name) {
    constexpr std::string_view front = "layers.", back = ".A";
    if (!name.starts_with(front) || !name.ends_with(back) || name.size() <= front.size() + back.size())
        return std::nullopt;
    name = name.substr(front.size(), name.size() - front.size() - back.size());
    int layer = 0;
    const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), layer);
    const bool whole = failure == std::errc{} && end == name.data() + name.size() && layer >= 0;
    return whole ? std::optional(layer) : std::nullopt;
}

class FileCaptures final : public Captures {
public:
    explicit FileCaptures(const std::filesystem::path& path)
        : mapping_(MappedFile::open(path)), file_(open_tensor_file(mapping_)), subject_(path.string()),
          name_(path.filename().string()) {
        std::map<int, std::string> found; // by layer, the tensor's name in front of A
        if (file_->find("A") || file_->find("g"))
            found[0] = "";
        else
            for (const TensorInfo& tensor : file_->tensors())
                if (const auto layer = layer_of(tensor.name))
                    found[*layer] = tensor.name.substr(0, tensor.name.size() - 1);
        if (found.empty())
            input_error(subject_, "tensors A and g, or layers.L.A and layers.L.g",
                        std::to_string(file_->tensors().size()) + " others");
        for (const auto& [layer, front] : found) add(layer, front);
    }

    const std::string& name() const override { return name_; }
    const std::vector<Layer>& layers() const override { return layers_; }

    LayerMaps read(std::size_t index, const JobContext& context) const override {
        return read(index, 0, layers_.at(index).sequences, context);
    }
    LayerMaps read(std::size_t index, std::size_t sequence, const JobContext& context) const override {
        return read(index, sequence, 1, context);
    }

private:
    const TensorInfo* find(const std::string& name) const {
        const TensorInfo* const tensor = file_->find(name);
        if (!tensor) input_error(subject_, "a tensor " + name, "none");
        if (!holds_real_numbers(tensor->dtype))
            input_error(subject_, "float16, bfloat16, float32 or float64", dtype_name(tensor->dtype),
                        tensor_place(name));
        return tensor;
    }

    void add(int layer, const std::string& front) {
        const TensorInfo* const a = find(front + "A");
        const TensorInfo* const g = find(front + "g");
        const auto& shape = a->shape;
        const std::size_t rank = shape.size();
        const bool fits = (rank == 3 || rank == 4) && shape[rank - 1] == shape[rank - 2] &&
                          std::all_of(shape.begin(), shape.end(), [](std::int64_t size) { return size > 0; });
        if (!fits)
            input_error(subject_, "sequences × heads × T × T, or sequences × T × T", shape_text(shape),
                        tensor_place(a->name));
        if (g->shape != shape)
            input_error(subject_, shape_text(shape) + " as A has", shape_text(g->shape), tensor_place(g->name));
        const std::int64_t heads = rank == 4 ? shape[1] : 1;
        if (heads > std::numeric_limits<int>::max())
            input_error(subject_, "fewer heads", std::to_string(heads), tensor_place(a->name));
        layers_.push_back({layer, static_cast<std::size_t>(shape[0]), static_cast<std::size_t>(heads),
                           static_cast<std::size_t>(shape[rank - 1])});
        tensors_.emplace_back(a, g);
    }

    /// Sequences first … first + count.
    LayerMaps read(std::size_t index, std::size_t first, std::size_t count, const JobContext& context) const {
        const Layer& layer = layers_.at(index);
        ATTNSCOPE_ASSERT(first + count <= layer.sequences);
        LayerMaps maps{layer.layer, count, layer.heads, layer.length, {}, {}, false};
        const std::size_t size = layer.heads * layer.length * layer.length;
        const auto copy = [&](const TensorInfo& tensor, std::vector<float>& values) {
            context.checkpoint();
            const FloatTensor all = file_->read(tensor);
            const auto part = all.values.subspan(first * size, count * size);
            values.assign(part.begin(), part.end());
        };
        copy(*tensors_[index].first, maps.probabilities);
        copy(*tensors_[index].second, maps.gradients);
        mapping_->check_intact();
        check(maps, first, row_tolerance(tensors_[index].first->dtype), context);
        return maps;
    }

    void check(const LayerMaps& maps, std::size_t first, double tolerance, const JobContext& context) const {
        constexpr std::size_t rows_at_once = 256;
        const std::size_t rows = maps.sequences * maps.heads * maps.length;
        const auto place = [&](std::size_t row) {
            const std::size_t map = row / maps.length;
            return "layer " + std::to_string(maps.layer) + ", sequence " + std::to_string(first + map / maps.heads) +
                   ", head " + std::to_string(map % maps.heads) + ", row " + std::to_string(row % maps.length);
        };
        for (std::size_t row = 0; row < rows; ++row) {
            if (row % rows_at_once == 0) context.checkpoint();
            const float* const a = maps.probabilities.data() + row * maps.length;
            const float* const g = maps.gradients.data() + row * maps.length;
            double sum = 0;
            for (std::size_t key = 0; key < maps.length; ++key) {
                if (!std::isfinite(g[key]))
                    input_error(subject_, "finite numbers in g", std::isnan(g[key]) ? "NaN" : "infinity",
                                place(row) + ", key " + std::to_string(key));
                // Not a number fails here too.
                if (!(a[key] >= 0 && static_cast<double>(a[key]) <= 1 + tolerance))
                    input_error(subject_, "probabilities from 0 to 1 in A", std::to_string(a[key]),
                                place(row) + ", key " + std::to_string(key));
                sum += static_cast<double>(a[key]);
            }
            if (std::abs(sum - 1) > tolerance)
                input_error(subject_, "rows of A that sum to one", std::to_string(sum), place(row));
        }
    }

    std::shared_ptr<const MappedFile> mapping_;
    std::unique_ptr<TensorFile> file_;
    std::string subject_, name_;
    std::vector<Layer> layers_;
    std::vector<std::pair<const TensorInfo*, const TensorInfo*>> tensors_;
};

} // namespace

CapturesPtr open_captures(const std::filesystem::path& path) {
    return std::make_shared<FileCaptures>(path);
}

} // namespace attnscope::jacobian
