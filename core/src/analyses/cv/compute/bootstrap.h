// Bootstrap of a CV over simplices (Efron 1979).
//
// What is drawn again are groups of simplices, 512 at most: their sums are all that a CV needs, and as simplices are
// independent, so are groups. How often each resample takes each group does not depend on the matrix, so it is drawn
// once and shared.
#pragma once

#include <attnscope/cv.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace attnscope::compute {

/// Sums over some simplices, of x = V/pilot − 1: the pilot is near their mean, so nothing cancels.
struct VolumeSums {
    double count = 0, sum = 0, squares = 0;
    void add(double x) noexcept {
        count += 1;
        sum += x;
        squares += x * x;
    }
    VolumeSums& operator+=(const VolumeSums& other) noexcept {
        count += other.count;
        sum += other.sum;
        squares += other.squares;
        return *this;
    }
    VolumeSums operator-(const VolumeSums& other) const noexcept {
        return {count - other.count, sum - other.sum, squares - other.squares};
    }
    double mean() const noexcept { return sum / count; } ///< of x
    double cv() const noexcept;                          ///< std(V)/mean(V), std with count − 1; NaN below two
};

class CvBootstrap {
public:
    static constexpr std::size_t most_groups = 512, resamples = 1024;

    explicit CvBootstrap(std::uint64_t seed) : seed_(seed) {}

    struct Spread {
        cv::Interval ci95; ///< percentiles
        double error;      ///< standard deviation over resamples
    };
    /// NaN with fewer than two groups. Thread-safe.
    Spread spread(const std::vector<VolumeSums>& groups) const;

private:
    struct Weights;
    std::shared_ptr<const Weights> weights(std::size_t groups) const;

    std::uint64_t seed_;
    mutable std::mutex mutex_;
    mutable std::shared_ptr<const Weights> last_;
};

} // namespace attnscope::compute
