// A figure's numbers as arrays, one npz member each.
#include "drawing/arrays.h"
#include "drawing/recipe_keys.h"

#include <attnscope/tensor_file.h>

#include <cstring>

namespace attnscope {
namespace {

struct ArraysOf {
    std::string prefix;
    std::vector<FigureArray>& arrays;

    void add(const char* name, const std::vector<double>& values) {
        if (!values.empty()) arrays.push_back({prefix + name, {static_cast<std::int64_t>(values.size())}, values, {}});
    }
    void operator()(const Line& line) {
        add("x", line.x);
        add("y", line.y);
    }
    void operator()(const Points& points) {
        add("x", points.x);
        add("y", points.y);
        add("error_low", points.error_low);
        add("error_high", points.error_high);
        add("ids", std::vector<double>(points.ids.begin(), points.ids.end()));
    }
    void operator()(const Bars& bars) {
        add("position", bars.position);
        add("value", bars.value);
    }
    void operator()(const Band& band) {
        add("x", band.x);
        add("low", band.low);
        add("high", band.high);
    }
    template <class Grid>
    void add_grid(const Grid& grid) {
        if (grid.width < 1 || grid.values.size() != static_cast<std::size_t>(grid.width) * grid.height) return;
        arrays.push_back({prefix + "values", {grid.height, grid.width}, {}, grid.values});
    }
    void operator()(const HeatMap& map) { add_grid(map); }
    void operator()(const Contours& contours) { add_grid(contours); }
    void operator()(const Marker&) {}
    void operator()(const Annotation&) {}
};

} // namespace

std::string array_prefix(std::size_t axes, std::size_t element) {
    return "axes" + std::to_string(axes) + "_" + std::to_string(element) + "_";
}

std::vector<FigureArray> figure_arrays(const Figure& figure) {
    std::vector<FigureArray> arrays;
    for (std::size_t a = 0; a < figure.axes.size(); ++a)
        for (std::size_t e = 0; e < figure.axes[a].elements.size(); ++e)
            std::visit(ArraysOf{array_prefix(a, e), arrays}, figure.axes[a].elements[e]);
    return arrays;
}

std::string figure_npz(const Figure& figure) {
    const auto arrays = figure_arrays(figure);
    std::vector<TensorToWrite> tensors;
    for (const FigureArray& array : arrays) {
        TensorToWrite tensor;
        tensor.name = array.name;
        tensor.shape = array.shape;
        tensor.dtype = array.doubles.empty() ? DType::f32 : DType::f64;
        tensor.data =
            array.doubles.empty() ? std::as_bytes(std::span(array.floats)) : std::as_bytes(std::span(array.doubles));
        tensors.push_back(std::move(tensor));
    }
    // Texts as UTF-8 bytes.
    const auto add_text = [&](const char* name, const std::string& text) {
        if (text.empty()) return;
        TensorToWrite tensor;
        tensor.name = name;
        tensor.dtype = DType::u8;
        tensor.shape = {static_cast<std::int64_t>(text.size())};
        tensor.data = std::as_bytes(std::span(text.data(), text.size()));
        tensors.push_back(std::move(tensor));
    };
    add_text("title", figure.title);
    add_text("subtitle", figure.subtitle);
    add_text("caption", figure.caption);
    add_text(recipe_keys::npz_member, figure.recipe);
    return npz_bytes(tensors);
}

} // namespace attnscope
