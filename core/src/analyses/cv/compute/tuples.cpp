#include "analyses/cv/compute/tuples.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace attnscope::compute {

SimplexSource SimplexSource::drawn(std::size_t rows, int corners, std::uint64_t count, std::uint64_t seed,
                                   std::uint64_t stream) {
    SimplexSource source;
    source.rows_ = rows;
    source.corners_ = corners;
    source.count_ = count;
    source.seed_ = seed;
    source.stream_ = stream;
    return source;
}

SimplexSource SimplexSource::every(std::size_t rows, int corners) {
    SimplexSource source;
    source.way_ = Way::every;
    source.rows_ = rows;
    source.corners_ = corners;
    source.count_ = cv::simplex_count(rows, corners);
    return source;
}

SimplexSource SimplexSource::given(const cv::Tuples& tuples) {
    SimplexSource source;
    source.way_ = Way::given;
    source.corners_ = tuples.points;
    source.count_ = tuples.count();
    source.tuples_ = &tuples;
    return source;
}

SimplexSource SimplexSource::from(std::uint64_t first, std::uint64_t count) const {
    ATTNSCOPE_ASSERT(way_ == Way::drawn);
    SimplexSource source = *this;
    source.first_ = first_ + first;
    source.count_ = count;
    return source;
}

SimplexSource SimplexSource::among(std::vector<std::uint32_t> rows) const {
    ATTNSCOPE_ASSERT(way_ != Way::given && rows.size() == rows_);
    SimplexSource source = *this;
    source.among_ = std::move(rows);
    return source;
}

void SimplexSource::fill(std::uint64_t first, std::size_t count, std::uint32_t* rows) const {
    switch (way_) {
    case Way::drawn: draw(first_ + first, count, rows); break;
    case Way::every: enumerate(first, count, rows); break;
    case Way::given: copy(first, count, rows); break;
    }
    if (among_.empty()) return;
    for (std::size_t i = 0; i < count * static_cast<std::size_t>(corners_); ++i) rows[i] = among_[rows[i]];
}

/// A number below n is the whole part of n times a uniform fraction of 64 bits; what is left of the fraction serves the
/// next one until 48 bits of it are used, which makes tuples equally likely to a few parts in 2¹⁶. The j-th draw is
/// among the n − j rows not taken, counted past those that are.
void SimplexSource::draw(std::uint64_t first, std::size_t count, std::uint32_t* rows) const {
    constexpr int usable_bits = 48;
    const int bits = std::bit_width(rows_ - 1);
    const int draws_per_number = std::clamp(usable_bits / bits, 1, corners_);
    constexpr std::uint64_t numbers = cv::most_points; // at most so many for a simplex
    for (std::uint64_t s = first; s < first + count; ++s, rows += corners_) {
        std::uint64_t fraction = 0;
        for (int j = 0; j < corners_; ++j) {
            if (j % draws_per_number == 0)
                fraction = random_bits(seed_, stream_, s * numbers + static_cast<std::uint64_t>(j / draws_per_number));
            const auto scaled = static_cast<unsigned __int128>(fraction) * (rows_ - static_cast<std::size_t>(j));
            fraction = static_cast<std::uint64_t>(scaled);
            auto row = static_cast<std::uint32_t>(scaled >> 64);
            int place = 0;
            for (; place < j && row >= rows[place]; ++place) ++row;
            std::copy_backward(rows + place, rows + j, rows + j + 1);
            rows[place] = row;
        }
    }
}

/// In the order in which the largest row counts most: number s is Σ C(row_i, i + 1).
void SimplexSource::enumerate(std::uint64_t first, std::size_t count, std::uint32_t* rows) const {
    if (count == 0) return;
    std::uint64_t rest = first;
    std::uint64_t above = rows_;
    for (int i = corners_ - 1; i >= 0; --i) {
        // The largest row with no more simplices below it than what is left.
        std::uint64_t low = static_cast<std::uint64_t>(i), high = above - 1;
        while (low < high) {
            const std::uint64_t middle = low + (high - low + 1) / 2;
            if (cv::simplex_count(middle, i + 1) <= rest)
                low = middle;
            else
                high = middle - 1;
        }
        rest -= cv::simplex_count(low, i + 1);
        rows[i] = static_cast<std::uint32_t>(low);
        above = low;
    }
    for (std::size_t s = 1; s < count; ++s) {
        std::uint32_t* const next = rows + corners_;
        std::copy_n(rows, corners_, next);
        int i = 0;
        while (i + 1 < corners_ && next[i] + 1 == next[i + 1]) {
            next[i] = static_cast<std::uint32_t>(i);
            ++i;
        }
        ++next[i];
        rows = next;
    }
}

void SimplexSource::copy(std::uint64_t first, std::size_t count, std::uint32_t* rows) const {
    const auto corners = static_cast<std::size_t>(corners_);
    std::copy_n(tuples_->rows.data() + first * corners, count * corners, rows);
    for (std::size_t s = 0; s < count; ++s, rows += corners) std::sort(rows, rows + corners);
}

} // namespace attnscope::compute
