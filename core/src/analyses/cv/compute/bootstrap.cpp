#include "analyses/cv/compute/bootstrap.h"

#include "base/none.h"
#include "kernels/resampled_sums.h"

#include <algorithm>
#include <cmath>

namespace attnscope::compute {

namespace {

constexpr std::uint64_t weight_stream = 0xB007'57A9'0000'0000; // of random numbers, apart from those of simplices

/// Between the two neighbours in the order.
double quantile(const std::vector<double>& sorted, double fraction) {
    const double place = fraction * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    return std::lerp(sorted[below], sorted[std::min(below + 1, sorted.size() - 1)], place - static_cast<double>(below));
}

} // namespace

double VolumeSums::cv() const noexcept {
    if (count < 2) return none;
    const double variance = std::max(squares - sum * mean(), 0.0) / (count - 1);
    return std::sqrt(variance) / (1 + mean());
}

/// How often each resample takes each group, as kernels::resampled_sums() reads it.
struct CvBootstrap::Weights {
    std::size_t groups;
    std::vector<std::uint8_t> times;
};

std::shared_ptr<const CvBootstrap::Weights> CvBootstrap::weights(std::size_t groups) const {
    const std::lock_guard lock(mutex_);
    if (last_ && last_->groups == groups) return last_;
    constexpr std::size_t block = kernels::resample_block;
    static_assert(resamples % block == 0);
    auto made = std::make_shared<Weights>(Weights{groups, std::vector<std::uint8_t>(groups * resamples)});
    for (std::size_t r = 0; r < resamples; ++r) {
        std::uint8_t* const times = &made->times[r / block * groups * block + r % block];
        for (std::size_t draw = 0; draw < groups; draw += 2) {
            const std::uint64_t bits = random_bits(seed_, weight_stream + groups, r * most_groups + draw);
            const auto take = [&](std::uint64_t half) { ++times[(half * groups >> 32) * block]; };
            take(bits & 0xffff'ffff);
            if (draw + 1 < groups) take(bits >> 32);
        }
    }
    last_ = std::move(made);
    return last_;
}

CvBootstrap::Spread CvBootstrap::spread(const std::vector<VolumeSums>& groups) const {
    if (groups.size() < 2) return {{none, none}, none};
    ATTNSCOPE_ASSERT(groups.size() <= most_groups);
    const auto weights = this->weights(groups.size());
    std::vector<double> flat, sums(3 * resamples);
    for (const VolumeSums& group : groups) flat.insert(flat.end(), {group.count, group.sum, group.squares});
    kernels::resampled_sums(weights->times.data(), flat.data(), groups.size(), resamples / kernels::resample_block,
                            sums.data());
    std::vector<double> values;
    values.reserve(resamples);
    double mean = 0;
    for (std::size_t r = 0; r < resamples; ++r) {
        if (const double value = VolumeSums{sums[r], sums[resamples + r], sums[2 * resamples + r]}.cv();
            std::isfinite(value)) {
            values.push_back(value);
            mean += value;
        }
    }
    if (values.size() < 2) return {{none, none}, none};
    mean /= static_cast<double>(values.size());
    double variance = 0;
    for (const double value : values) variance += (value - mean) * (value - mean);
    std::sort(values.begin(), values.end());
    return {{quantile(values, 0.025), quantile(values, 0.975)},
            std::sqrt(variance / static_cast<double>(values.size() - 1))};
}

} // namespace attnscope::compute
