// Simplices given as rows of numbers in a file.
#include <attnscope/cv.h>

#include "base/input_error.h"
#include "files/tensor_contents.h"

#include <algorithm>
#include <limits>

namespace attnscope::cv {

TuplesPtr open_tuples(const std::filesystem::path& path) {
    const std::string subject = path.string();
    const auto file = open_tensor_file(path);
    if (file->tensors().size() != 1)
        input_error(subject, "one tensor of row numbers", std::to_string(file->tensors().size()) + " tensors");
    const TensorInfo& tensor = file->tensors().front();
    const auto& shape = tensor.shape;
    if (shape.size() != 2 || shape[0] < 1 || shape[1] < least_points || shape[1] > most_points) {
        std::string got;
        for (const std::int64_t size : shape) got += (got.empty() ? "" : " × ") + std::to_string(size);
        input_error(subject, "tuples of 3 to 8 rows, as in 300 × 5", shape.empty() ? "one number" : got,
                    tensor_place(tensor.name));
    }
    auto tuples = std::make_shared<Tuples>();
    tuples->name = path.filename().string();
    tuples->points = static_cast<int>(shape[1]);
    const auto corners = static_cast<std::size_t>(shape[1]);
    const std::vector<std::int64_t> numbers = file->read_integers(tensor);
    tuples->rows.reserve(numbers.size());
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        const auto place = [&] { return "tuple " + std::to_string(i / corners); };
        if (numbers[i] < 0 || numbers[i] > std::numeric_limits<std::uint32_t>::max())
            input_error(subject, "row numbers from 0", std::to_string(numbers[i]), place());
        const auto first = numbers.begin() + static_cast<std::ptrdiff_t>(i - i % corners);
        const auto here = numbers.begin() + static_cast<std::ptrdiff_t>(i);
        if (std::find(first, here, numbers[i]) != here)
            input_error(subject, "tuples of distinct rows", "row " + std::to_string(numbers[i]) + " twice", place());
        tuples->rows.push_back(static_cast<std::uint32_t>(numbers[i]));
    }
    return tuples;
}

void check_tuples(const Tuples& tuples, std::size_t rows) {
    const auto corners = static_cast<std::size_t>(tuples.points);
    for (std::size_t i = 0; i < tuples.rows.size(); ++i)
        if (tuples.rows[i] >= rows)
            input_error(tuples.name.empty() ? "tuples" : tuples.name, "rows below " + std::to_string(rows),
                        std::to_string(tuples.rows[i]), "tuple " + std::to_string(i / corners));
}

} // namespace attnscope::cv
