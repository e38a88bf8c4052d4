// The energy on a plane through the centroid, the memories and the trajectory seen on it, and what its points run into.
#include "analyses/retrieval.h"

#include "analyses/retrieval_dynamics.h"
#include "kernels/plane_grid.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string>

namespace attnscope::compute {
namespace {

using retrieval::PlaneAxis;
using retrieval::PlaneDirection;

constexpr std::uint64_t memory_stream = 0x91a3e; ///< of the random numbers that choose the memories shown
constexpr double margin = 0.08;                  ///< of the range, left free on each side
/// Directions closer to parallel than this leave no plane.
constexpr double parallel = 1e-6;
/// End states closer than this, relative to the longest memory, are one fixed point.
constexpr double same_point = 1e-2;

/// Everything the plane is drawn from.
struct Frame {
    std::array<std::vector<double>, 2> axes; ///< orthonormal, in the centred space
    double x_of(std::span<const double> centered) const { return dot(centered, axes[0]); }
    double y_of(std::span<const double> centered) const { return dot(centered, axes[1]); }
    std::vector<double> point(double x, double y) const {
        std::vector<double> out(axes[0].size());
        for (std::size_t k = 0; k < out.size(); ++k)
            out[k] = x * axes[0][k] + y * axes[1][k];
        return out;
    }
};

std::string axis_label(const PlaneDirection& direction, const Bank& bank) {
    switch (direction.kind) {
    case PlaneAxis::eigenvector:
        return std::string("v").append(std::to_string(direction.index + 1));
    case PlaneAxis::query:
        return "query";
    case PlaneAxis::memory:
        break;
    }
    const auto index = static_cast<std::size_t>(direction.index);
    if (bank.texts.empty())
        return "memory " + std::to_string(index);
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
    if (direction.kind == PlaneAxis::memory)
        refuse(spectrum.n);
    const std::span<const float> row =
        direction.kind == PlaneAxis::memory ? request.bank->row(index) : std::span<const float>(request.query);
    for (std::size_t k = 0; k < d; ++k)
        out[k] = static_cast<double>(row[k]) - spectrum.mean[k];
    return out;
}

Frame frame_of(const retrieval::PlaneRequest& request, const retrieval::Spectrum& spectrum) {
    Frame frame{{axis_vector(request.x, request, spectrum), axis_vector(request.y, request, spectrum)}};
    const double x_length = norm(frame.axes[0]), y_length = norm(frame.axes[1]);
    if (!(x_length > 0) || !(y_length > 0))
        throw Error(ErrorKind::input, "plane", "directions of the centred space", "one of length 0");
    for (double& value : frame.axes[0])
        value /= x_length;
    for (double& value : frame.axes[1])
        value /= y_length;
    const double along = dot(frame.axes[0], frame.axes[1]);
    for (std::size_t k = 0; k < frame.axes[1].size(); ++k)
        frame.axes[1][k] -= along * frame.axes[0][k];
    const double rest = norm(frame.axes[1]);
    if (rest < parallel)
        throw Error(ErrorKind::input, "plane", "two directions", "parallel ones");
    for (double& value : frame.axes[1])
        value /= rest;
    return frame;
}

/// ⟨m_i − μ, vector⟩ of every memory for each vector, in one walk over the bank.
std::vector<std::vector<float>> project(const kernels::KeyBank& bank, const std::vector<std::vector<double>>& vectors,
                                        JobContext& context) {
    std::vector<std::vector<float>> out(vectors.size(), std::vector<float>(bank.n));
    std::vector<kernels::Probe> probes;
    for (std::size_t i = 0; i < vectors.size(); ++i)
        probes.push_back({vectors[i], 1, out[i], false});
    kernels::retrieval_pass(bank, probes, context);
    return out;
}

/// Iterates the map from every cell of a coarse grid, and tells the fixed points apart.
class Basins {
public:
    Basins(const retrieval::PlaneRequest& request, const retrieval::Spectrum& spectrum, const kernels::KeyBank& bank,
           JobContext& context)
        : request_(request), spectrum_(spectrum), bank_(bank), context_(context),
          dynamics_(request.mode, request.beta, request.lambda, spectrum) {}

    void fill(const Frame& frame, retrieval::Plane& plane) {
        plane.basin_width = request_.basin_width;
        plane.basin_height = request_.basin_height;
        const auto width = static_cast<std::size_t>(request_.basin_width);
        const std::size_t cells = width * static_cast<std::size_t>(request_.basin_height);
        const kernels::GridAxis x{plane.x_min, plane.x_max, width};
        const kernels::GridAxis y{plane.y_min, plane.y_max, cells / width};
        std::vector<std::vector<double>> states;
        for (std::size_t cell = 0; cell < cells; ++cell)
            states.push_back(dynamics_.state_at(frame.point(x.at(cell % width), y.at(cell / width))));
        const std::size_t size = kernels::states_per_pass(bank_.n, bank_.d, false);
        for (std::size_t first = 0; first < cells; first += size)
            settle(states, first, std::min(cells, first + size), cells);
        classify(states, plane);
    }

private:
    void settle(std::vector<std::vector<double>>& states, std::size_t first, std::size_t end, std::size_t cells) {
        std::vector<std::size_t> moving;
        std::vector<double> start_norms(end - first);
        for (std::size_t cell = first; cell < end; ++cell) {
            moving.push_back(cell);
            start_norms[cell - first] = norm(states[cell]);
        }
        for (int step = 0; step < request_.basin_steps && !moving.empty(); ++step) {
            const double part = static_cast<double>(step) / request_.basin_steps;
            context_.progress(static_cast<double>(first) + part * static_cast<double>(end - first),
                              static_cast<double>(cells), "basins");
            std::vector<std::vector<double>> points;
            std::vector<kernels::Probe> probes;
            for (const std::size_t cell : moving)
                points.push_back(dynamics_.probe(states[cell]));
            for (const std::vector<double>& point : points)
                probes.push_back({point, request_.beta, {}, true});
            const std::vector<kernels::PassResult> passes = kernels::retrieval_pass(bank_, probes, context_);
            std::vector<std::size_t> still;
            for (std::size_t i = 0; i < moving.size(); ++i) {
                std::vector<double>& state = states[moving[i]];
                std::vector<double> next = dynamics_.next(state, passes[i], start_norms[moving[i] - first]);
                for (std::size_t k = 0; k < state.size(); ++k)
                    state[k] -= next[k];
                // A tenth of the distance at which two fixed points are told apart, times a slow step's contraction.
                if (norm(state) > 1e-2 * same_point * spectrum_.max_centered_norm)
                    still.push_back(moving[i]);
                state = std::move(next);
            }
            moving = std::move(still);
        }
    }

    /// Numbers the distinct end states by how many cells run into them, and asks what each one holds.
    void classify(const std::vector<std::vector<double>>& states, retrieval::Plane& plane) {
        std::vector<std::size_t> found; // a cell that ended in each fixed point
        std::vector<int> population, of_cell;
        for (std::size_t cell = 0; cell < states.size(); ++cell) {
            std::size_t point = 0;
            for (; point < found.size(); ++point) {
                double squares = 0;
                for (std::size_t k = 0; k < bank_.d; ++k) {
                    const double apart = states[cell][k] - states[found[point]][k];
                    squares += apart * apart;
                }
                if (std::sqrt(squares) < same_point * spectrum_.max_centered_norm)
                    break;
            }
            if (point == found.size()) {
                found.push_back(cell);
                population.push_back(0);
            }
            ++population[point];
            of_cell.push_back(static_cast<int>(point));
        }
        std::vector<std::size_t> order(found.size());
        for (std::size_t i = 0; i < order.size(); ++i)
            order[i] = i;
        std::stable_sort(order.begin(), order.end(),
                         [&](std::size_t a, std::size_t b) { return population[a] > population[b]; });
        std::vector<int> number(found.size());
        for (std::size_t i = 0; i < order.size(); ++i)
            number[order[i]] = static_cast<int>(i);
        for (const int point : of_cell)
            plane.basin.push_back(number[static_cast<std::size_t>(point)]);

        const std::size_t size = kernels::states_per_pass(bank_.n, bank_.d, true);
        for (std::size_t first = 0; first < order.size(); first += size) {
            const std::size_t count = std::min(size, order.size() - first);
            std::vector<std::vector<double>> points;
            std::vector<std::vector<float>> logits(count, std::vector<float>(bank_.n));
            std::vector<kernels::Probe> probes;
            for (std::size_t i = 0; i < count; ++i)
                points.push_back(dynamics_.probe(states[found[order[first + i]]]));
            for (std::size_t i = 0; i < count; ++i)
                probes.push_back({points[i], request_.beta, logits[i], false});
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
    Dynamics dynamics_;
};

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
    if (raw_keys)
        vectors.push_back(spectrum.mean);
    std::vector<std::vector<float>> seen = project(bank, vectors, context);
    if (!raw_keys)
        seen.emplace_back(bank.n, 0.0f);

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
    for (const auto& [x, y] : out.trajectory)
        include(x, y);
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
    if (request.basins)
        Basins(request, spectrum, bank, context).fill(frame, out);
    return out;
}

} // namespace attnscope::compute
