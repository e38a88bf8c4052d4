#include "analyses/cv/compute/sums.h"

#include <algorithm>
#include <atomic>
#include <cmath>

namespace attnscope::compute {

namespace {

constexpr std::uint64_t part_simplices = 16384, most_parts = 512;
constexpr std::uint64_t sample_size = std::uint64_t{1} << 20;
constexpr std::size_t most_row_sums = std::size_t{1} << 21; // of all parts together

/// Simplices are numbered; each group and each part is a range of numbers.
struct Ranges {
    std::uint64_t count, parts;
    std::uint64_t begin(std::uint64_t part) const {
        return static_cast<std::uint64_t>(static_cast<unsigned __int128>(count) * part / parts);
    }
};

struct Part {
    std::uint64_t n_degenerate = 0;
    VolumeSums all;
    std::vector<VolumeSums> rows;
    std::vector<double> sample;
};

/// A volume near the mean: the mean of the first simplices that have one.
double find_pilot(const CvPool& pool, const SimplexSource& source) {
    constexpr std::uint64_t tries = 64;
    constexpr std::size_t block_simplices = 1024;
    std::vector<std::uint32_t> tuples(block_simplices * static_cast<std::size_t>(source.corners()));
    std::vector<double> volumes(block_simplices);
    for (std::uint64_t attempt = 0; attempt < tries; ++attempt) {
        const std::uint64_t first = attempt * block_simplices;
        if (first >= source.count()) break;
        const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(block_simplices, source.count() - first));
        source.fill(first, length, tuples.data());
        pool.volumes(tuples.data(), source.corners(), length, volumes.data());
        double sum = 0, valid = 0;
        for (std::size_t s = 0; s < length; ++s) {
            sum += volumes[s];
            valid += volumes[s] > 0 ? 1 : 0;
        }
        if (valid > 0) return sum / valid;
    }
    // Almost nothing has volume: that of a regular simplex of the pool's mean edge, V² = (k + 1)/2ᵏ (e²)ᵏ/(k!)².
    const int k = source.corners() - 1;
    return std::sqrt((k + 1) * std::pow(pool.mean_squared_edge / 2, k)) / std::tgamma(k + 1);
}

class Summation {
public:
    Summation(const CvPool& pool, const SimplexSource& source, bool with_rows, const CvRun& run, double pilot)
        : pool_(pool), source_(source), with_rows_(with_rows),
          run_(run), parts_{source.count(),
                            std::clamp<std::uint64_t>(source.count() / std::max(part_simplices, pool.block()), 1,
                                                      most_parts)},
          groups_{source.count(), std::min<std::uint64_t>(source.count(), CvBootstrap::most_groups)},
          stride_((source.count() + sample_size - 1) / sample_size) {
        if (with_rows_) parts_.parts = std::clamp<std::uint64_t>(most_row_sums / pool.rows.rows, 1, parts_.parts);
        // Whole groups to a part, so that a group's sum is made by one thread.
        parts_.parts = std::min(parts_.parts, groups_.parts);
        sums_.groups.resize(groups_.parts);
        sums_.pilot = pilot > 0 ? pilot : find_pilot(pool, source);
    }

    CvSums sums() {
        std::vector<Part> parts(parts_.parts);
        run_.parts(parts.size(), [&](std::size_t part) { sum_part(part, parts[part]); });
        if (with_rows_) sums_.rows.resize(pool_.rows.rows);
        for (const Part& part : parts) {
            sums_.n_degenerate += part.n_degenerate;
            sums_.all += part.all;
            sums_.sample.insert(sums_.sample.end(), part.sample.begin(), part.sample.end());
            for (std::size_t r = 0; r < part.rows.size(); ++r) sums_.rows[r] += part.rows[r];
        }
        std::erase_if(sums_.groups, [](const VolumeSums& group) { return group.count == 0; });
        return std::move(sums_);
    }

private:
    void sum_part(std::uint64_t number, Part& part) {
        const std::uint64_t first_group = parts_groups(number), end_group = parts_groups(number + 1);
        const auto corners = static_cast<std::size_t>(source_.corners());
        const std::size_t block_simplices = pool_.block();
        std::vector<std::uint32_t> tuples(block_simplices * corners);
        std::vector<double> volumes(block_simplices);
        if (with_rows_) part.rows.resize(pool_.rows.rows);
        const double per_pilot = 1 / sums_.pilot;
        std::uint64_t group = first_group, group_end = groups_.begin(group + 1);
        VolumeSums of_group;
        const auto close_group = [&] {
            part.all += sums_.groups[group] = of_group;
            of_group = {};
        };
        const std::uint64_t end = groups_.begin(end_group);
        for (std::uint64_t first = groups_.begin(first_group); first < end; first += block_simplices) {
            const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(block_simplices, end - first));
            report(length);
            source_.fill(first, length, tuples.data());
            pool_.volumes(tuples.data(), source_.corners(), length, volumes.data());
            for (std::size_t s = 0; s < length; ++s) {
                for (; first + s >= group_end; group_end = groups_.begin(++group + 1)) close_group();
                if (!(volumes[s] > 0)) {
                    ++part.n_degenerate;
                    continue;
                }
                const double x = volumes[s] * per_pilot - 1;
                of_group.add(x);
                if (with_rows_)
                    for (std::size_t corner = 0; corner < corners; ++corner)
                        part.rows[tuples[s * corners + corner]].add(x);
                if ((first + s) % stride_ == 0) part.sample.push_back(volumes[s]);
            }
        }
        close_group();
    }

    /// A checkpoint before each block; progress of what takes long.
    void report(std::size_t length) {
        const std::uint64_t done = done_.fetch_add(length, std::memory_order_relaxed);
        if (run_.alone || done / part_simplices == (done + length) / part_simplices)
            run_.context.checkpoint();
        else
            run_.context.progress(static_cast<double>(done), static_cast<double>(source_.count()), "simplices");
    }

    std::uint64_t parts_groups(std::uint64_t part) const { return groups_.parts * part / parts_.parts; }

    const CvPool& pool_;
    const SimplexSource& source_;
    bool with_rows_;
    const CvRun& run_;
    Ranges parts_, groups_;
    std::uint64_t stride_;
    CvSums sums_;
    std::atomic<std::uint64_t> done_ = 0;
};

} // namespace

CvSums sum_volumes(const CvPool& pool, const SimplexSource& source, bool with_rows, const CvRun& run, double pilot) {
    return Summation(pool, source, with_rows, run, pilot).sums();
}

} // namespace attnscope::compute
