// The matrices of a model under measurement: which are expected, which are done, and what a window sees meanwhile.
#pragma once

#include "analyses/cv/compute/matrix.h"

#include <attnscope/cv.h>

#include <ATen/core/Tensor.h>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

namespace attnscope::compute {

struct MatrixPlace {
    cv::Kind kind = cv::Kind::other;
    int layer = -1, head = -1;
    auto operator<=>(const MatrixPlace&) const = default;
};

/// All but expect() may be called from any thread.
class MatrixCollection {
public:
    MatrixCollection(const cv::Parameters& parameters, std::uint64_t seed) : measurer_(parameters, seed) {}

    /// The order of the result.
    void expect(const std::vector<MatrixPlace>& places);
    /// Measures rows (rows, cols) of any device and type on this thread; its place is expected.
    void measure(const MatrixPlace& place, const at::Tensor& rows, JobContext& context);
    /// A snapshot of what is done.
    void publish(JobContext& context) const;
    /// Every place was measured.
    cv::ModelResult finish();

    const cv::Parameters& parameters() const noexcept { return measurer_.parameters(); }

private:
    CvMeasurer measurer_;
    std::map<MatrixPlace, std::size_t> order_;
    mutable std::mutex mutex_; // of what follows
    std::vector<std::optional<cv::Matrix>> done_;
    std::size_t count_ = 0;
};

} // namespace attnscope::compute
