// The CV of one matrix with everything that is said of it.
#pragma once

#include "analyses/cv/compute/bootstrap.h"
#include "analyses/cv/compute/pool.h"
#include "kernels/cayley_menger.h"

#include <attnscope/cv.h>

#include <cstdint>
#include <string>

namespace attnscope::compute {

/// Measures matrices with the same parameters and seed. Thread-safe.
class CvMeasurer {
public:
    /// Throws as cv::check_parameters() does.
    CvMeasurer(const cv::Parameters& parameters, std::uint64_t seed);

    /// One matrix, the work done as `run` says. Fills in everything but kind, layer and head. Simplices are drawn from
    /// `stream` unless `tuples` gives them. Throws as cv::compute() does; `name` is the matrix's and what errors name.
    cv::Matrix measure(const kernels::RowView& rows, const std::string& name, std::uint64_t stream,
                       const cv::Tuples* tuples, const CvRun& run) const;

    /// One of many matrices that are measured side by side: on this thread alone, from the stream of its name.
    cv::Matrix measure(const kernels::RowView& rows, const std::string& name, JobContext& context) const;

    /// The same simplices and CV without intervals, participation ratio and histogram, which cost most of the time.
    cv::Matrix measure_briefly(const kernels::RowView& rows, const std::string& name, JobContext& context) const;

    const cv::Parameters& parameters() const noexcept { return parameters_; }

private:
    cv::Parameters parameters_;
    std::uint64_t seed_;
    CvBootstrap bootstrap_;
};

} // namespace attnscope::compute
