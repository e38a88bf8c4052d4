// The energy on a plane through the centroid, the memories and the trajectory seen on it, and what its points run into.
#include "analyses/retrieval/compute/entry_points.h"

#include "analyses/retrieval/compute/basins.h"
#include "analyses/retrieval/compute/dynamics.h"
#include "kernels/plane_grid.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <string>

namespace attnscope::compute {
namespace {

using retrieval::PlaneAxis;
using retrieval::PlaneDirection;

constexpr std::uint64_t memory_stream = 0x91a3e; ///< of the random numbers that choose the memories shown
constexpr double margin = 0.08;                  ///< of the range, left free on each side
/// Directions closer to parallel than this leave no plane.
constexpr double parallel = 1e-6;

/// Everything the plane is drawn from.
struct Frame {
    std::array<std::vector<double>, 2> axes; ///< orthonormal, in the centred space
    double x_of(std::span<const double> centered) const { return dot(centered, axes[0]); }
    double y_of(std::span<const double> centered) const { return dot(centered, axes[1]); }
    std::vector<double> point(double x, double y) const {
        std::vector<double> out(axes[0].size());
        for (std::size_t k = 0; k < out.size(); ++k) out[k] = x * axes[0][k] + y * axes[1][k];
        return out;
    }
};

std::string axis_label(const PlaneDirection& direction, const Bank& bank) {
    switch (direction.kind) {
    case PlaneAxis::eigenvector: return std::string("v").append(std::to_string(direction.index + 1));
    case PlaneAxis::query: return "query";
    case PlaneAxis::memory: break;
    }
    const auto index = static_cast<std::size_t>(direction.index);
    if (bank.texts.empty()) return "memory " + std::to_string(index);
    return std::string(bank.texts.label(index).empty() ? bank.texts.line(index) : bank.texts.label(index));
}

std::vector<double> axis_vector(const PlaneDirection& direction, const retrieval::PlaneRequest& request,
                                const retrieval::Spectrum& spectrum) {
    const std::size_t d = spectrum.d;
    const auto refuse = [&](std::size_t limit) {
        if (direction.index < 0 || static_cast<std::size_t>(direction.index) >= limit)
            throw Error(ErrorKind::usage, "plane", "an index below " + std::to_string(limit),
                        std::to_string(direction.index));
    };
    const auto index = static_cast<std::size_t>(direction.index);
    std::vector<double> out(d);
    if (direction.kind == PlaneAxis::eigenvector) {
        refuse(spectrum.directions.size() / d);
        std::copy_n(spectrum.directions.begin() + static_cast<std::ptrdiff_t>(index * d), d, out.begin());
        return out;
    }
    if (direction.kind == PlaneAxis::memory) refuse(spectrum.n);
    const std::span<const float> row =
        direction.kind == PlaneAxis::memory ? request.bank->row(index) : std::span<const float>(request.query);
    for (std::size_t k = 0; k < d; ++k) out[k] = static_cast<double>(row[k]) - spectrum.mean[k];
    return out;
}

Frame frame_of(const retrieval::PlaneRequest& request, const retrieval::Spectrum& spectrum) {
    Frame frame{{axis_vector(request.x, request, spectrum), axis_vector(request.y, request, spectrum)}};
    const double x_length = norm(frame.axes[0]), y_length = norm(frame.axes[1]);
    if (!(x_length > 0) || !(y_length > 0))
        throw Error(ErrorKind::input, "plane", "directions of the centred space", "one of length 0");
    for (double& value : frame.axes[0]) value /= x_length;
    for (double& value : frame.axes[1]) value /= y_length;
    const double along = dot(frame.axes[0], frame.axes[1]);
    for (std::size_t k = 0; k < frame.axes[1].size(); ++k) frame.axes[1][k] -= along * frame.axes[0][k];
    const double rest = norm(frame.axes[1]);
    if (rest < parallel) throw Error(ErrorKind::input, "plane", "two directions", "parallel ones");
    for (double& value : frame.axes[1]) value /= rest;
    return frame;
}

/// ⟨m_i − μ, vector⟩ of every memory for each vector, in one walk over the bank.
std::vector<std::vector<float>> project(const kernels::KeyBank& bank, const std::vector<std::vector<double>>& vectors,
                                        JobContext& context) {
    std::vector<std::vector<float>> out(vectors.size(), std::vector<float>(bank.n));
    std::vector<kernels::Probe> probes;
    for (std::size_t i = 0; i < vectors.size(); ++i) probes.push_back({vectors[i], 1, out[i], false});
    kernels::retrieval_pass(bank, probes, context);
    return out;
}

void check(const retrieval::PlaneRequest& request, const retrieval::Spectrum& spectrum) {
    check_bank(request.bank, spectrum);
    check_beta(request.beta);
    check_steps(request.steps);
    check_lambda(request.lambda);
    check_query(request.query, request.bank->d, "query");
    if (request.width < 2 || request.height < 2)
        throw Error(ErrorKind::usage, "plane", "a grid of at least 2 × 2",
                    std::to_string(request.width) + " × " + std::to_string(request.height));
    if (request.basins && (request.basin_width < 2 || request.basin_height < 2 || request.basin_steps < 1))
        throw Error(ErrorKind::usage, "plane", "basins of at least 2 × 2 cells and a step", "fewer");
}

/// The states that stand at the cells of the basins' grid, row by row.
std::vector<std::vector<double>> basin_starts(const retrieval::PlaneRequest& request,
                                              const retrieval::Spectrum& spectrum, const Frame& frame,
                                              const retrieval::Plane& plane) {
    const Dynamics dynamics(request.mode, request.beta, request.lambda, spectrum);
    const auto width = static_cast<std::size_t>(request.basin_width);
    const auto height = static_cast<std::size_t>(request.basin_height);
    const kernels::GridAxis x{plane.x_min, plane.x_max, width}, y{plane.y_min, plane.y_max, height};
    std::vector<std::vector<double>> states;
    for (std::size_t row = 0; row < height; ++row)
        for (std::size_t column = 0; column < width; ++column)
            states.push_back(dynamics.state_at(frame.point(x.at(column), y.at(row))));
    return states;
}

/// The states of the query's trajectory, in the centred space.
std::vector<std::vector<double>> trajectory(const retrieval::PlaneRequest& request, const retrieval::Spectrum& spectrum,
                                            const kernels::KeyBank& bank, JobContext& context) {
    const Dynamics dynamics(request.mode, request.beta, request.lambda, spectrum);
    std::vector<double> state = dynamics.state_of(request.query);
    const double start_norm = norm(state);
    std::vector<std::vector<double>> out{dynamics.centered(state)};
    for (int step = 0; step < request.steps; ++step) {
        context.progress(step, request.steps, "trajectory");
        const std::vector<double> point = dynamics.probe(state);
        const kernels::Probe probes[] = {{point, request.beta, {}, true}};
        state = dynamics.next(state, kernels::retrieval_pass(bank, probes, context).front(), start_norm);
        out.push_back(dynamics.centered(state));
    }
    return out;
}

} // namespace

retrieval::Plane plane(const retrieval::PlaneRequest& request, const retrieval::Spectrum& spectrum,
                       JobContext& context) {
    check(request, spectrum);
    const kernels::KeyBank bank = key_bank(request.bank, spectrum);
    const Frame frame = frame_of(request, spectrum);
    const bool raw_keys = request.mode == retrieval::Mode::raw;

    retrieval::Plane out;
    out.x_label = axis_label(request.x, *request.bank);
    out.y_label = axis_label(request.y, *request.bank);
    out.memories_total = bank.n;
    for (const std::vector<double>& state : trajectory(request, spectrum, bank, context))
        out.trajectory.push_back({frame.x_of(state), frame.y_of(state)});

    // In the raw space a point of the plane is μ + p, and ⟨m, μ + p⟩ varies with m by ⟨m − μ, μ⟩ + ⟨m − μ, p⟩.
    std::vector<std::vector<double>> vectors{frame.axes[0], frame.axes[1]};
    if (raw_keys) vectors.push_back(spectrum.mean);
    std::vector<std::vector<float>> seen = project(bank, vectors, context);
    if (!raw_keys) seen.emplace_back(bank.n, 0.0f);

    double low[2] = {0, 0}, high[2] = {0, 0};
    const auto include = [&](double x, double y) {
        low[0] = std::min(low[0], x), high[0] = std::max(high[0], x);
        low[1] = std::min(low[1], y), high[1] = std::max(high[1], y);
    };
    for (const std::size_t i : random_subset(context.seed(), memory_stream, bank.n, request.memories_shown)) {
        out.memory_index.push_back(static_cast<std::uint32_t>(i));
        out.memories.push_back({seen[0][i], seen[1][i]});
        include(seen[0][i], seen[1][i]);
    }
    for (const auto& [x, y] : out.trajectory) include(x, y);
    for (int axis = 0; axis < 2; ++axis) {
        // Memories that are all equal span nothing; the picture still needs an extent.
        const double free = high[axis] > low[axis] ? margin * (high[axis] - low[axis]) : 1;
        low[axis] -= free;
        high[axis] += free;
    }
    out.x_min = low[0], out.x_max = high[0], out.y_min = low[1], out.y_max = high[1];
    out.width = request.width;
    out.height = request.height;
    const kernels::GridAxis x{out.x_min, out.x_max, static_cast<std::size_t>(out.width)};
    const kernels::GridAxis y{out.y_min, out.y_max, static_cast<std::size_t>(out.height)};

    const double n = static_cast<double>(bank.n), beta = request.beta;
    const double longest = raw_keys ? spectrum.max_raw_norm : spectrum.max_centered_norm;
    const double mean_x = frame.x_of(spectrum.mean), mean_y = frame.y_of(spectrum.mean);
    const double mean_squared = spectrum.mean_norm * spectrum.mean_norm;
    const std::vector<double> log_sums = kernels::plane_log_sums(seen[0], seen[1], seen[2], beta, x, y, context);
    for (std::size_t row = 0; row < y.count; ++row)
        for (std::size_t column = 0; column < x.count; ++column) {
            const double px = x.at(column), py = y.at(row);
            double squared = px * px + py * py, shift = 0;
            if (raw_keys) {
                const double along_mean = px * mean_x + py * mean_y;
                squared += mean_squared + 2 * along_mean;
                shift = mean_squared + along_mean;
            }
            const double log_mean = log_sums[row * x.count + column] - std::log(n);
            out.energy.push_back(
                static_cast<float>(-log_mean / beta - shift + 0.5 * squared + 0.5 * longest * longest));
        }
    if (request.basins) {
        // The energy is there long before the basins are.
        context.publish(std::make_shared<const retrieval::Plane>(out));
        add_basins(request, spectrum, bank, basin_starts(request, spectrum, frame, out), context, out);
    }
    return out;
}

} // namespace attnscope::compute
