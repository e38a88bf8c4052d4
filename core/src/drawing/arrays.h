// A figure's numbers by name, as they lie in an npz and as the script beside it reads them.
#pragma once

#include <attnscope/figure.h>

#include <cstdint>
#include <string>
#include <vector>

namespace attnscope {

/// Doubles, or the floats of a grid (height, width).
struct FigureArray {
    std::string name;
    std::vector<std::int64_t> shape;
    std::vector<double> doubles;
    std::vector<float> floats;
};
std::vector<FigureArray> figure_arrays(const Figure& figure);
/// "axes0_3_": what the arrays of an element begin with.
std::string array_prefix(std::size_t axes, std::size_t element);

} // namespace attnscope
