// Which simplices are measured: drawn, every one there is, or given.
#pragma once

#include <attnscope/cv.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace attnscope::compute {

/// Corners of simplex number s, for any s in any order: threads need no common state.
class SimplexSource {
public:
    /// Independent draws of distinct rows, the same for the same (seed, stream).
    static SimplexSource drawn(std::size_t rows, int corners, std::uint64_t count, std::uint64_t seed,
                               std::uint64_t stream);
    /// Each set of rows once; their number must fit.
    static SimplexSource every(std::size_t rows, int corners);
    /// The numbers `first` … `first` + count − 1 of what this one draws: independent of those below `first`.
    SimplexSource from(std::uint64_t first, std::uint64_t count) const;
    /// The same of these rows, increasing, in place of 0 … rows − 1.
    SimplexSource among(std::vector<std::uint32_t> rows) const;
    /// `tuples` outlives the source.
    static SimplexSource given(const cv::Tuples& tuples);

    std::uint64_t count() const noexcept { return count_; }
    int corners() const noexcept { return corners_; }
    bool exact() const noexcept { return way_ == Way::every; }
    /// Rows of the simplices first … first + count − 1 as (count, corners), increasing within a simplex.
    void fill(std::uint64_t first, std::size_t count, std::uint32_t* rows) const;

private:
    enum class Way { drawn, every, given };
    void draw(std::uint64_t first, std::size_t count, std::uint32_t* rows) const;
    void enumerate(std::uint64_t first, std::size_t count, std::uint32_t* rows) const;
    void copy(std::uint64_t first, std::size_t count, std::uint32_t* rows) const;

    Way way_ = Way::drawn;
    std::size_t rows_ = 0;
    int corners_ = 0;
    std::uint64_t first_ = 0, count_ = 0, seed_ = 0, stream_ = 0;
    std::vector<std::uint32_t> among_; ///< empty: row r is r
    const cv::Tuples* tuples_ = nullptr;
};

} // namespace attnscope::compute
