// A file of grams and its directions, as a pair: found, checked against each other, written.
#include <attnscope/alignment_recipe.h>

#include "base/input_error.h"
#include "base/json_text.h"
#include "files/file_sets.h"

#include <attnscope/tensor_file.h>

#include <cmath>
#include <span>

namespace attnscope {

namespace {

using alignment::Operators;
namespace fs = std::filesystem;

constexpr const char* directions_name = "eig_dirs";
constexpr const char* spectrum_name = "sym_eigs";

bool is_file(const fs::path& path) {
    std::error_code failure;
    return fs::is_regular_file(path, failure);
}

fs::path beside(const fs::path& grams, const char* ending) {
    fs::path stem = grams;
    if (stem.extension() == ".json") stem.replace_extension();
    return stem.string() + ending;
}

/// Where the directions lie; a file that is not there is not named but warned of.
fs::path find_directions(const fs::path& grams, const std::string& said, std::vector<Warning>& warnings) {
    if (!said.empty()) {
        const fs::path path = fs::path(said).is_absolute() ? fs::path(said) : grams.parent_path() / said;
        if (is_file(path)) return path;
    } else {
        for (const char* const ending : {"-eigdirs.pt", "-eigdirs.safetensors"})
            if (const fs::path path = beside(grams, ending); is_file(path)) return path;
    }
    const std::string name =
        said.empty() ? beside(grams, "-eigdirs.pt").filename().string() : fs::path(said).filename().string();
    warnings.push_back({"no-directions", "no eigendirections: " + name +
                                             " is not there; principal angles, overlaps, "
                                             "signs and spectra are none"});
    return {};
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
    std::string text;
    for (const std::int64_t size : shape) text += (text.empty() ? "" : " × ") + std::to_string(size);
    return text.empty() ? "one number" : text;
}

/// The place of element `index`: eig_dirs[3, 0, 7, 12].
std::string element_place(const TensorInfo& tensor, std::size_t index) {
    std::string text;
    for (std::size_t dimension = tensor.shape.size(); dimension-- > 0;) {
        const auto size = static_cast<std::size_t>(tensor.shape[dimension]);
        text = std::to_string(index % size) + (text.empty() ? "" : ", ") + text;
        index /= size;
    }
    return tensor.name + "[" + text + "]";
}

FloatTensor read_finite(const TensorFile& file, const TensorInfo& tensor) {
    FloatTensor values = file.read(tensor);
    for (std::size_t i = 0; i < values.values.size(); ++i)
        if (!std::isfinite(values.values[i]))
            input_error(file.path().string(), "finite numbers", std::isnan(values.values[i]) ? "NaN" : "infinity",
                        element_place(tensor, i));
    return values;
}

/// (layers, heads, …) as the grams say, and `last` where it is above 0.
void check_shape(const TensorFile& file, const TensorInfo& tensor, const Operators& operators, std::size_t dimensions,
                 std::int64_t last) {
    const auto& shape = tensor.shape;
    bool fits =
        shape.size() == dimensions && shape[0] == operators.layers && shape[1] == operators.heads && shape.back() > 0;
    fits = fits && (last == 0 || shape.back() == last) && shape[2] > 0;
    if (!fits) {
        std::vector<std::string> wanted{std::to_string(operators.layers), std::to_string(operators.heads)};
        std::string expected = wanted[0] + " × " + wanted[1] + (dimensions == 4 ? " × topk" : " × eigenvalues");
        if (last > 0) expected += " × " + std::to_string(last);
        input_error(file.path().string(), expected + ", as the grams say", shape_text(shape), tensor.name);
    }
}

void read_directions(const fs::path& path, Operators& operators, std::vector<Warning>& warnings) {
    const auto file = open_tensor_file(path);
    const TensorInfo* const directions = file->find(directions_name);
    const TensorInfo* const spectrum = file->find(spectrum_name);
    if (!directions && !spectrum) input_error(path.string(), "tensors eig_dirs and sym_eigs", "neither");
    for (const auto& [tensor, name] : {std::pair{directions, directions_name}, {spectrum, spectrum_name}})
        if (!tensor)
            warnings.push_back(
                {"no-directions", path.filename().string() + " has no " + name + "; what needs it is none"});
    if (directions) {
        check_shape(*file, *directions, operators, 4, operators.hidden);
        if (directions->shape[2] > operators.hidden)
            input_error(path.string(), "at most " + std::to_string(operators.hidden) + " directions a head",
                        std::to_string(directions->shape[2]), directions->name);
        const FloatTensor values = read_finite(*file, *directions);
        operators.topk = static_cast<int>(directions->shape[2]);
        operators.directions.assign(values.values.begin(), values.values.end());
        const auto hidden = static_cast<std::size_t>(operators.hidden);
        double furthest = 0;
        for (std::size_t first = 0; first < operators.directions.size(); first += hidden) {
            double length = 0;
            for (std::size_t i = first; i < first + hidden; ++i)
                length += static_cast<double>(operators.directions[i]) * static_cast<double>(operators.directions[i]);
            if (length == 0)
                input_error(path.string(), "unit vectors", "a direction of length 0",
                            element_place(*directions, first));
            furthest = std::max(furthest, std::abs(std::sqrt(length) - 1));
        }
        if (furthest > 1e-3)
            warnings.push_back({"directions", path.filename().string() +
                                                  ": directions are not of unit length, by up to " +
                                                  std::to_string(furthest) + "; overlaps use them as they are"});
    }
    if (spectrum) {
        check_shape(*file, *spectrum, operators, 3, 0);
        const std::int64_t most = std::min<std::int64_t>(2 * std::int64_t{operators.head_dim}, operators.hidden);
        const std::int64_t values = spectrum->shape[2];
        if (values > 2 * std::int64_t{operators.head_dim})
            input_error(path.string(), "at most " + std::to_string(most) + " eigenvalues a head",
                        std::to_string(values), spectrum->name);
        const FloatTensor numbers = read_finite(*file, *spectrum);
        operators.values = static_cast<int>(values);
        operators.spectrum.assign(numbers.values.begin(), numbers.values.end());
    }
}

} // namespace

GramFiles open_grams(const fs::path& grams, const fs::path& directions, std::vector<Warning>& warnings) {
    const auto file = MappedFile::open(grams);
    const auto bytes = file->bytes();
    std::string said;
    GramFiles files;
    files.operators =
        parse_grams({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, grams.string(), said, warnings);
    file->check_intact();
    files.operators.name = grams.filename().string();
    files.directions = directions.empty() ? find_directions(grams, said, warnings) : directions;
    if (!files.directions.empty()) read_directions(files.directions, files.operators, warnings);
    return files;
}

fs::path written_directions(const fs::path& grams) {
    return beside(grams, "-eigdirs.safetensors");
}

void write_grams(const fs::path& path, const Operators& operators) {
    FileSet files;
    add_grams(files, path, operators);
    files.commit();
}

void add_grams(FileSet& files, const fs::path& path, const Operators& operators) {
    const fs::path tensors = written_directions(path);
    const auto layers = static_cast<std::size_t>(operators.layers), heads = static_cast<std::size_t>(operators.heads);
    Json gram = Json::array();
    const double* next = operators.gram.data();
    for (std::size_t a = 0; a < layers; ++a) {
        Json rows = Json::array();
        for (std::size_t b = 0; b < layers; ++b, next += heads) rows.push_back(std::vector<double>(next, next + heads));
        gram.push_back(std::move(rows));
    }
    Json json = {{"num_layers", operators.layers},          {"num_heads", operators.heads},
                 {"head_dim", operators.head_dim},          {"hidden_size", operators.hidden},
                 {"operator", choice_name(operators.kind)}, {"directions", choice_name(operators.basis)},
                 {"norm_gain", operators.norm_gain},        {"gram", std::move(gram)}};
    if (!operators.fro_sq.empty()) {
        Json rows = Json::array();
        for (std::size_t layer = 0; layer < layers; ++layer) {
            const auto first = operators.fro_sq.begin() + static_cast<std::ptrdiff_t>(layer * heads);
            rows.push_back(std::vector<double>(first, first + static_cast<std::ptrdiff_t>(heads)));
        }
        json["fro_sq"] = std::move(rows);
    }
    std::vector<TensorToWrite> written;
    if (operators.has_directions())
        written.push_back({directions_name,
                           DType::f32,
                           {operators.layers, operators.heads, operators.topk, operators.hidden},
                           std::as_bytes(std::span(operators.directions))});
    if (operators.has_spectrum())
        written.push_back({spectrum_name,
                           DType::f64,
                           {operators.layers, operators.heads, operators.values},
                           std::as_bytes(std::span(operators.spectrum))});
    if (!written.empty()) {
        json["eigdirs_path"] = tensors.filename().string();
        add_safetensors(files.add(tensors), written, {{"operator", choice_name(operators.kind)}});
    }
    files.add(path, one_line(json) + "\n");
}

} // namespace attnscope
