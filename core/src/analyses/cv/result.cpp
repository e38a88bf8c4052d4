// CV bands as JSON and npz.
#include <attnscope/cv_recipe.h>

#include "analyses/cv/result.h"
#include "files/npz_arrays.h"

#include <cmath>

namespace attnscope {

namespace {

using cv::Matrix;

Json interval(const cv::Interval& interval) {
    if (!std::isfinite(interval.low) || !std::isfinite(interval.high)) return nullptr;
    return Json::array({interval.low, interval.high});
}

} // namespace

Json cv_matrix_json(const Matrix& matrix, bool histogram) {
    Json json = {{"name", matrix.name}, {"kind", cv_kind_name(matrix.kind)}};
    if (matrix.layer >= 0) json["layer"] = matrix.layer;
    if (matrix.head >= 0) json[cv::of_key_value_head(matrix.kind) ? "key_value_head" : "head"] = matrix.head;
    json["rows"] = matrix.rows;
    json["cols"] = matrix.cols;
    json["pool"] = matrix.pool;
    json["cv"] = number(matrix.cv);
    json["ci95"] = interval(matrix.ci95);
    json["n_valid"] = matrix.n_valid;
    json["n_degenerate"] = matrix.n_degenerate;
    json["exact"] = matrix.exact;
    json["mean_volume"] = number(matrix.mean_volume);
    json["in_band"] = matrix.has_cv() ? Json(matrix.in_band) : Json(nullptr);
    json["null_cv"] = number(matrix.null_cv);
    json["effective_dim"] = number(matrix.effective_dim);
    json["participation_ratio"] = number(matrix.participation_ratio);
    json["cv_corrected"] = number(matrix.cv_corrected);
    json["row_error"] = number(matrix.row_error);
    json["row_ci95"] = interval(matrix.row_ci95);
    json["row_simplices"] = matrix.row_simplices > 0 ? Json(matrix.row_simplices) : Json(nullptr);
    json["reason"] = matrix.has_cv() ? Json(nullptr) : Json(matrix.reason);
    if (histogram && !matrix.histogram.empty())
        json["histogram"] = {{"end", matrix.histogram_end}, {"counts", matrix.histogram}};
    return json;
}

const char* cv_kind_name(cv::Kind kind) noexcept {
    return kind == cv::Kind::other ? "tensor" : choice_name(kind);
}

std::string cv_result_json(const CvJob& job, const cv::ModelResult& result) {
    Json matrices = Json::array();
    for (const Matrix& matrix : result.matrices) matrices.push_back(cv_matrix_json(matrix, job.histogram));
    Json json = {{"points", job.parameters.points},
                 {"band", {job.parameters.band.low, job.parameters.band.high}},
                 {"matrices", std::move(matrices)}};
    if (!job.requests.empty() && job.requests.front().tuples) json["points"] = job.requests.front().tuples->points;
    if (result.text_tokens > 0) json["text_tokens"] = result.text_tokens;
    return one_line(json);
}

std::string cv_result_npz(const cv::ModelResult& result) {
    const std::vector<Matrix>& matrices = result.matrices;
    NpzArrays arrays;
    std::string names, kinds;
    for (const Matrix& matrix : matrices) {
        names += matrix.name + "\n";
        kinds += std::string(cv_kind_name(matrix.kind)) + "\n";
    }
    arrays.add_lines("name", std::move(names));
    arrays.add_lines("kind", std::move(kinds));
    const auto whole = [&](const char* name, auto get) {
        std::vector<std::int64_t> values;
        for (const Matrix& matrix : matrices) values.push_back(static_cast<std::int64_t>(get(matrix)));
        arrays.add(name, std::move(values));
    };
    const auto real = [&](const char* name, auto get) {
        std::vector<double> values;
        for (const Matrix& matrix : matrices) values.push_back(get(matrix));
        arrays.add(name, std::move(values));
    };
    const auto pair = [&](const char* name, cv::Interval Matrix::*interval) {
        std::vector<double> values;
        for (const Matrix& matrix : matrices)
            values.insert(values.end(), {(matrix.*interval).low, (matrix.*interval).high});
        arrays.add(name, std::move(values), {std::ssize(matrices), 2});
    };
    whole("layer", [](const Matrix& m) { return m.layer; });
    whole("head", [](const Matrix& m) { return m.head; });
    whole("rows", [](const Matrix& m) { return m.rows; });
    whole("cols", [](const Matrix& m) { return m.cols; });
    whole("pool", [](const Matrix& m) { return m.pool; });
    whole("n_valid", [](const Matrix& m) { return m.n_valid; });
    whole("n_degenerate", [](const Matrix& m) { return m.n_degenerate; });
    real("cv", [](const Matrix& m) { return m.cv; });
    pair("ci95", &Matrix::ci95);
    real("mean_volume", [](const Matrix& m) { return m.mean_volume; });
    real("null_cv", [](const Matrix& m) { return m.null_cv; });
    real("effective_dim", [](const Matrix& m) { return m.effective_dim; });
    real("participation_ratio", [](const Matrix& m) { return m.participation_ratio; });
    real("cv_corrected", [](const Matrix& m) { return m.cv_corrected; });
    real("row_error", [](const Matrix& m) { return m.row_error; });
    pair("row_ci95", &Matrix::row_ci95);
    whole("row_simplices", [](const Matrix& m) { return m.row_simplices; });
    std::vector<std::int64_t> counts;
    for (const Matrix& matrix : matrices)
        for (std::size_t bin = 0; bin < static_cast<std::size_t>(cv::histogram_bins); ++bin)
            counts.push_back(matrix.histogram.empty() ? 0 : matrix.histogram[bin]);
    arrays.add("histogram", std::move(counts), {std::ssize(matrices), cv::histogram_bins});
    real("histogram_end", [](const Matrix& m) { return m.histogram_end; });
    return arrays.bytes();
}

} // namespace attnscope
