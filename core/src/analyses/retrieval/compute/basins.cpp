#include "analyses/retrieval/compute/basins.h"

#include "analyses/retrieval/compute/dynamics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace attnscope::compute {
namespace {

/// Settled states closer than this, relative to the longest memory, are one fixed point: ten times what may be left of
/// a settled state's way. In renormalized every state keeps the length of its start, so directions are compared: as
/// unit vectors, and this is their distance.
constexpr double same_point = 1e-2;

double distance(std::span<const double> left, std::span<const double> right) {
    double squares = 0;
    for (std::size_t k = 0; k < left.size(); ++k) squares += (left[k] - right[k]) * (left[k] - right[k]);
    return std::sqrt(squares);
}

class Basins {
public:
    Basins(const retrieval::PlaneRequest& request, const retrieval::Spectrum& spectrum, const kernels::KeyBank& bank,
           std::vector<std::vector<double>> starts, JobContext& context)
        : request_(request), spectrum_(spectrum), bank_(bank), context_(context),
          dynamics_(request.mode, request.beta, request.lambda, spectrum), states_(std::move(starts)),
          settled_(states_.size()), centroid_(dynamics_.state_at(std::vector<double>(spectrum.d, 0.0))),
          radius_(centroid_radius(request.mode, request.beta, request.lambda, spectrum)) {}

    void fill(retrieval::Plane& plane) {
        plane.basin_width = request_.basin_width;
        plane.basin_height = request_.basin_height;
        plane.basin_steps = request_.basin_steps;
        plane.basin_merge = same_point;
        plane.basin_directions = by_direction_;
        plane.settling = settling_;
        const std::size_t size = kernels::states_per_pass(bank_.n, bank_.d, false);
        for (std::size_t first = 0; first < states_.size(); first += size)
            settle(first, std::min(states_.size(), first + size));
        classify(plane);
    }

private:
    void settle(std::size_t first, std::size_t end) {
        std::vector<std::size_t> moving(end - first);
        std::iota(moving.begin(), moving.end(), first);
        std::vector<double> start_norms;
        for (const std::size_t cell : moving) start_norms.push_back(norm(states_[cell]));
        std::vector<SettlingWatch> watches(end - first, SettlingWatch(settling_, spectrum_.max_centered_norm));
        for (int step = 0; step < request_.basin_steps && !moving.empty(); ++step) {
            context_.progress(static_cast<double>(end - moving.size()), static_cast<double>(states_.size()), "basins");
            std::vector<std::vector<double>> points;
            std::vector<kernels::Probe> probes;
            for (const std::size_t cell : moving) points.push_back(dynamics_.probe(states_[cell]));
            for (const std::vector<double>& point : points) probes.push_back({point, request_.beta, {}, true});
            const std::vector<kernels::PassResult> passes = kernels::retrieval_pass(bank_, probes, context_);
            std::vector<std::size_t> still;
            for (std::size_t i = 0; i < moving.size(); ++i) {
                const std::size_t cell = moving[i];
                std::vector<double> next = dynamics_.next(states_[cell], passes[i], start_norms[cell - first]);
                settled_[cell] = watches[cell - first].settled(distance(states_[cell], next));
                states_[cell] = std::move(next);
                if (!settled_[cell] && radius_ > 0 && distance(states_[cell], centroid_) < radius_) {
                    states_[cell] = centroid_;
                    settled_[cell] = true;
                }
                if (!settled_[cell]) still.push_back(cell);
            }
            moving = std::move(still);
        }
    }

    /// The cell's state, or its direction. A state of length 0 has none and stays as it is.
    std::vector<double> compared(std::size_t cell) const {
        std::vector<double> end = states_[cell];
        const double length = by_direction_ ? norm(end) : 0;
        if (length > 0)
            for (double& value : end) value /= length;
        return end;
    }

    /// Numbers the distinct fixed points by how many cells run into them, and asks what each one holds.
    void classify(retrieval::Plane& plane) {
        constexpr int unsettled = retrieval::Plane::unsettled_basin;
        const double tolerance = by_direction_ ? same_point : same_point * spectrum_.max_centered_norm;
        std::vector<std::size_t> found;        // a cell that ended in each fixed point
        std::vector<std::vector<double>> ends; // of these cells, as they are compared
        std::vector<int> population, of_cell(states_.size(), unsettled);
        for (std::size_t cell = 0; cell < states_.size(); ++cell) {
            context_.checkpoint();
            if (!settled_[cell]) continue;
            std::vector<double> end = compared(cell);
            const auto known = std::find_if(ends.begin(), ends.end(), [&](const std::vector<double>& other) {
                return distance(end, other) < tolerance;
            });
            const auto point = static_cast<std::size_t>(known - ends.begin());
            if (point == found.size()) {
                found.push_back(cell);
                ends.push_back(std::move(end));
                population.push_back(0);
            }
            ++population[point];
            of_cell[cell] = static_cast<int>(point);
        }
        std::vector<std::size_t> order(found.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::stable_sort(order.begin(), order.end(),
                         [&](std::size_t a, std::size_t b) { return population[a] > population[b]; });
        std::vector<int> number(found.size());
        for (std::size_t i = 0; i < order.size(); ++i) number[order[i]] = static_cast<int>(i);
        for (const int point : of_cell)
            plane.basin.push_back(point == unsettled ? unsettled : number[static_cast<std::size_t>(point)]);
        plane.basin_unsettled = static_cast<std::size_t>(std::count(of_cell.begin(), of_cell.end(), unsettled));

        const std::size_t size = kernels::states_per_pass(bank_.n, bank_.d, true);
        for (std::size_t first = 0; first < order.size(); first += size) {
            const std::size_t count = std::min(size, order.size() - first);
            std::vector<std::vector<double>> points;
            std::vector<std::vector<float>> logits(count, std::vector<float>(bank_.n));
            std::vector<kernels::Probe> probes;
            for (std::size_t i = 0; i < count; ++i) points.push_back(dynamics_.probe(states_[found[order[first + i]]]));
            for (std::size_t i = 0; i < count; ++i) probes.push_back({points[i], request_.beta, logits[i], false});
            const std::vector<kernels::PassResult> passes = kernels::retrieval_pass(bank_, probes, context_);
            for (std::size_t i = 0; i < count; ++i) {
                plane.basin_support.push_back(std::exp(passes[i].entropy));
                const auto largest = std::max_element(logits[i].begin(), logits[i].end());
                plane.basin_memory.push_back(static_cast<std::uint32_t>(largest - logits[i].begin()));
            }
        }
    }

    const retrieval::PlaneRequest& request_;
    const retrieval::Spectrum& spectrum_;
    const kernels::KeyBank& bank_;
    JobContext& context_;
    const retrieval::Settling settling_{};
    const bool by_direction_ = request_.mode == retrieval::Mode::renormalized;
    Dynamics dynamics_;
    std::vector<std::vector<double>> states_;
    std::vector<std::uint8_t> settled_;
    std::vector<double> centroid_; ///< as a state of the mode
    double radius_;
};

} // namespace

double centroid_radius(retrieval::Mode mode, double beta, double lambda, const retrieval::Spectrum& spectrum) {
    // The centroid is no fixed point of raw, and renormalized keeps the length of the start. λ = 1 moves nothing.
    const bool contracts = mode == retrieval::Mode::centered || mode == retrieval::Mode::hybrid ||
                           (mode == retrieval::Mode::residual && lambda < 1);
    const double rho = beta * spectrum.lambda_max, longest = spectrum.max_centered_norm;
    if (!contracts || !(rho > 0 && rho < 1)) return 0;
    constexpr double margin = 0.9;              // for the float32 sums of a pass
    const double reach = -std::log(rho) / beta; // (R + r) r
    return margin * 2 * reach / (longest + std::sqrt(longest * longest + 4 * reach));
}

void add_basins(const retrieval::PlaneRequest& request, const retrieval::Spectrum& spectrum,
                const kernels::KeyBank& bank, std::vector<std::vector<double>> starts, JobContext& context,
                retrieval::Plane& plane) {
    Basins(request, spectrum, bank, std::move(starts), context).fill(plane);
}

} // namespace attnscope::compute
