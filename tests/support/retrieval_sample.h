// A small bank of clustered memories and everything the retrieval figures show of it, computed in plain loops: the
// figures' tests need results that hang together, not the fast code that makes them.
#pragma once

#include <attnscope/retrieval.h>
#include <attnscope/retrieval_figures.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

namespace attnscope::test {

class RetrievalSample {
public:
    static constexpr std::size_t n = 240, d = 12;

    RetrievalSample() : centred_(n * d), mean_(d) {
        std::vector<double> keys(n * d), centres(8 * d);
        for (double& value : centres) value = gaussian();
        std::string lines;
        for (std::size_t i = 0; i < n; ++i) {
            double norm = 0;
            for (std::size_t k = 0; k < d; ++k) {
                const double spread = 1.3 / (1 + 0.35 * static_cast<double>(k));
                keys[i * d + k] = 0.9 + 0.55 * spread * centres[(i % 8) * d + k] + 0.45 * spread * gaussian();
                norm += keys[i * d + k] * keys[i * d + k];
            }
            for (std::size_t k = 0; k < d; ++k) keys[i * d + k] /= std::sqrt(norm);
            lines +=
                words(i) + "\ta small example of a gloss that goes on for a while, number " + std::to_string(i) + "\n";
        }
        std::vector<float> stored(keys.begin(), keys.end());
        Bank bank;
        bank.name = "glosses.safetensors";
        bank.n = n;
        bank.d = d;
        bank.texts = TextTable::from_lines(lines);
        auto owner = std::make_shared<std::vector<float>>(std::move(stored));
        bank.keys = *owner;
        bank.owner = owner;
        view.bank = std::make_shared<const Bank>(std::move(bank));
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t k = 0; k < d; ++k) mean_[k] += keys[i * d + k] / n;
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t k = 0; k < d; ++k) centred_[i * d + k] = keys[i * d + k] - mean_[k];
        make_spectrum();
        view.beta = retrieval::default_beta(spectrum);
        view.step = 2;
        view.query_label = "a small animal that hunts at night";
        query_.assign(d, 0);
        for (std::size_t k = 0; k < d; ++k) query_[k] = 1.2 * centred_[17 * d + k] + 0.05 * gaussian();
        make_traces();
        make_sweep();
        make_origin();
        make_plane();
        make_separation();
    }

    retrieval::View view;
    retrieval::Spectrum spectrum;
    retrieval::TraceResult traces; ///< mode centered, several β
    retrieval::TraceResult modes;  ///< all modes at view.beta
    retrieval::Sweep sweep;        ///< with hysteresis
    std::vector<retrieval::OriginTest> origin;
    retrieval::Plane plane, basins;
    retrieval::Separation separation;

    /// Every figure of the workspace, in the order of the panels, and the plane with basins.
    std::vector<Figure> figures() const {
        using namespace retrieval;
        std::vector<Figure> all{weights_figure(view, *nearest()),    entropy_figure(view, spectrum, sweep),
                                plane_figure(view, plane),           trajectories_figure(view, traces),
                                spectrum_figure(view, spectrum),     origin_figure(view, spectrum, origin),
                                modes_figure(view, modes),           hysteresis_figure(view, spectrum, sweep),
                                separation_figure(view, separation), plane_figure(view, basins)};
        all.back().id += ".basins";
        for (Figure& figure : all) figure.recipe = R"({"analysis":"retrieval","params":{"beta":20.5}})";
        return all;
    }
    const retrieval::Trace* nearest() const {
        for (const auto& trace : traces.traces)
            if (trace.beta == view.beta) return &trace;
        return nullptr;
    }

private:
    using Vector = std::vector<double>;

    double uniform() {
        state_ = state_ * 6364136223846793005u + 1442695040888963407u;
        return (static_cast<double>(state_ >> 11) + 0.5) / 9007199254740992.0;
    }
    double gaussian() { return std::sqrt(-2 * std::log(uniform())) * std::cos(6.283185307179586 * uniform()); }
    static std::string words(std::size_t i) {
        static const char* const names[]{"ocelot", "dormouse",  "silky anteater",      "jacamar",
                                         "bobcat", "feist",     "English toy spaniel", "rock wallaby",
                                         "teju",   "shrew mole"};
        return std::string(names[i % 10]) + (i < 10 ? "" : " " + std::to_string(i / 10));
    }
    double dot(const Vector& a, std::size_t row) const {
        double sum = 0;
        for (std::size_t k = 0; k < d; ++k) sum += a[k] * centred_[row * d + k];
        return sum;
    }
    static double norm(const Vector& v) { return std::sqrt(std::inner_product(v.begin(), v.end(), v.begin(), 0.0)); }

    struct Pass {
        Vector weights, next;
        double entropy = 0, energy = 0;
    };
    Pass pass(const Vector& state, double beta) const {
        Pass result;
        result.weights.resize(n);
        double top = -1e300, sum = 0, squares = 0;
        for (std::size_t i = 0; i < n; ++i) top = std::max(top, result.weights[i] = beta * dot(state, i));
        for (double& w : result.weights) sum += w = std::exp(w - top);
        result.next.assign(d, 0);
        for (std::size_t i = 0; i < n; ++i) {
            result.weights[i] /= sum;
            if (result.weights[i] > 0) result.entropy -= result.weights[i] * std::log(result.weights[i]);
            for (std::size_t k = 0; k < d; ++k) result.next[k] += result.weights[i] * centred_[i * d + k];
        }
        for (const double x : state) squares += x * x;
        result.energy = -(top + std::log(sum) - std::log(double(n))) / beta + squares / 2;
        return result;
    }
    static Vector matrix_times(const Vector& matrix, const Vector& v) {
        Vector product(d);
        for (std::size_t a = 0; a < d; ++a)
            for (std::size_t b = 0; b < d; ++b) product[a] += matrix[a * d + b] * v[b];
        return product;
    }
    void make_spectrum() {
        Vector covariance(d * d);
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t a = 0; a < d; ++a)
                for (std::size_t b = 0; b < d; ++b)
                    covariance[a * d + b] += centred_[i * d + a] * centred_[i * d + b] / n;
        spectrum.n = n;
        spectrum.d = d;
        spectrum.mean = mean_;
        for (std::size_t k = 0; k < d; ++k) {
            Vector v(d, 1.0);
            v[k] = 2;
            double value = 0;
            for (int round = 0; round < 2000; ++round) {
                Vector next = matrix_times(covariance, v);
                value = norm(next);
                if (value <= 0) break;
                for (std::size_t a = 0; a < d; ++a) v[a] = next[a] / value;
            }
            spectrum.eigenvalues.push_back(value);
            spectrum.directions.insert(spectrum.directions.end(), v.begin(), v.end());
            for (std::size_t a = 0; a < d; ++a)
                for (std::size_t b = 0; b < d; ++b) covariance[a * d + b] -= value * v[a] * v[b];
        }
        spectrum.lambda_max = spectrum.eigenvalues.front();
        spectrum.beta_critical = 1 / spectrum.lambda_max;
    }
    double along_first(const Vector& v) const {
        return std::inner_product(v.begin(), v.end(), spectrum.directions.begin(), 0.0);
    }
    retrieval::Trace trace(double beta, retrieval::Mode mode) const {
        retrieval::Trace result;
        result.beta = beta;
        result.mode = mode;
        Vector state = query_;
        result.steps.push_back({});
        result.steps[0].norm = norm(state);
        for (int t = 1; t <= 8; ++t) {
            Pass step = pass(state, beta);
            if (mode == retrieval::Mode::residual)
                for (std::size_t k = 0; k < d; ++k) step.next[k] = 0.5 * (state[k] + step.next[k]);
            if (mode == retrieval::Mode::renormalized)
                for (double& x : step.next) x *= result.steps[0].norm / norm(step.next) * (1 - 1e-16);
            retrieval::Step row;
            row.t = t;
            row.norm = norm(step.next);
            row.entropy = step.entropy;
            row.energy = step.energy;
            Vector change(d);
            for (std::size_t k = 0; k < d; ++k) change[k] = step.next[k] - state[k];
            row.delta = norm(change);
            row.cos_v1 = std::abs(along_first(step.next)) / row.norm;
            std::vector<std::uint32_t> order(n);
            std::iota(order.begin(), order.end(), 0u);
            std::stable_sort(order.begin(), order.end(),
                             [&](auto a, auto b) { return step.weights[a] > step.weights[b]; });
            row.max_weight = step.weights[order[0]];
            for (int i = 0; i < 10; ++i) row.top.push_back({order[i], step.weights[order[i]]});
            for (std::size_t i = 0; i < n; ++i) {
                row.curve_rank.push_back(static_cast<std::uint32_t>(i + 1));
                row.curve_weight.push_back(static_cast<float>(step.weights[order[i]]));
            }
            result.steps.push_back(std::move(row));
            state = step.next;
        }
        return result;
    }
    void make_traces() {
        traces.entropy_max = modes.entropy_max = std::log(double(n));
        for (const double factor : {0.25, 0.75, 2.0, 4.0, 8.0})
            traces.traces.push_back(
                trace(factor == 0.75 ? view.beta : factor * *spectrum.beta_critical, retrieval::Mode::centered));
        for (const auto mode : retrieval::all_modes) modes.traces.push_back(trace(view.beta, mode));
    }
    void make_sweep() {
        sweep.betas = retrieval::beta_axis(spectrum);
        sweep.entropy_max = std::log(double(n));
        sweep.entropy.resize(8);
        sweep.norm.resize(8);
        for (const double beta : sweep.betas) {
            Vector state = query_;
            for (int t = 0; t < 8; ++t) {
                const Pass step = pass(state, beta);
                sweep.entropy[t].push_back(step.entropy);
                sweep.norm[t].push_back(norm(step.next));
                state = step.next;
            }
        }
        const auto follow = [&](Vector& state, double beta) {
            for (int t = 0; t < 50; ++t) state = pass(state, beta).next;
        };
        Vector state(d, 1e-3);
        for (const double beta : sweep.betas) {
            for (double& x : state) x += 1e-4;
            follow(state, beta);
            sweep.entropy_up.push_back(pass(state, beta).entropy);
            sweep.norm_up.push_back(norm(state));
            sweep.settled_up.push_back(settled(state, beta));
        }
        sweep.settled_down.resize(sweep.betas.size());
        for (auto beta = sweep.betas.rbegin(); beta != sweep.betas.rend(); ++beta) {
            follow(state, *beta);
            sweep.entropy_down.insert(sweep.entropy_down.begin(), pass(state, *beta).entropy);
            sweep.norm_down.insert(sweep.norm_down.begin(), norm(state));
            sweep.settled_down[static_cast<std::size_t>(sweep.betas.rend() - beta) - 1] = settled(state, *beta);
        }
        sweep.follow_steps = 50;
    }
    /// Near the critical β 50 steps are too few.
    bool settled(const Vector& state, double beta) const {
        Vector next = pass(state, beta).next;
        for (std::size_t k = 0; k < d; ++k) next[k] -= state[k];
        return norm(next) < 1e-5;
    }
    void make_origin() {
        for (const double factor : {0.2, 2.0, 4.0}) {
            retrieval::OriginTest test;
            test.beta = factor * *spectrum.beta_critical;
            test.epsilon = 1e-4;
            Vector state(spectrum.directions.begin(), spectrum.directions.begin() + d);
            for (double& x : state) x *= test.epsilon;
            for (int t = 0; t < 10; ++t) {
                const Vector next = pass(state, test.beta).next;
                test.steps.push_back({t, norm(state), norm(next), norm(next) / norm(state)});
                if (!test.escaped_at && norm(next) > 10 * test.epsilon) test.escaped_at = t;
                state = next;
            }
            origin.push_back(test);
        }
    }
    void make_plane() {
        const Vector x_axis(spectrum.directions.begin(), spectrum.directions.begin() + d);
        const double along = along_first(query_);
        Vector y_axis(d);
        for (std::size_t k = 0; k < d; ++k) y_axis[k] = query_[k] - along * x_axis[k];
        const double length = norm(y_axis);
        for (double& value : y_axis) value /= length;
        const auto project = [&](const Vector& v) {
            return std::array{std::inner_product(v.begin(), v.end(), x_axis.begin(), 0.0),
                              std::inner_product(v.begin(), v.end(), y_axis.begin(), 0.0)};
        };
        plane.x_label = "along v₁";
        plane.y_label = "along the query";
        plane.x_min = -0.8;
        plane.x_max = 0.8;
        plane.y_min = -0.6;
        plane.y_max = 0.8;
        plane.width = 96;
        plane.height = 72;
        const auto at = [&](double column, double row, int width, int height) {
            Vector state(d);
            const double a = std::lerp(plane.x_min, plane.x_max, (column + 0.5) / width);
            const double b = std::lerp(plane.y_min, plane.y_max, (row + 0.5) / height);
            for (std::size_t k = 0; k < d; ++k) state[k] = a * x_axis[k] + b * y_axis[k];
            return state;
        };
        for (int j = 0; j < plane.height; ++j)
            for (int i = 0; i < plane.width; ++i)
                plane.energy.push_back(static_cast<float>(pass(at(i, j, plane.width, plane.height), view.beta).energy));
        for (std::size_t i = 0; i < n; i += 2) {
            const auto place = project(Vector(centred_.begin() + i * d, centred_.begin() + (i + 1) * d));
            plane.memories.push_back({static_cast<float>(place[0]), static_cast<float>(place[1])});
            plane.memory_index.push_back(static_cast<std::uint32_t>(i));
        }
        plane.memories_total = n;
        Vector state = query_;
        for (int t = 0; t <= 8; ++t) {
            plane.trajectory.push_back(project(state));
            state = pass(state, view.beta).next;
        }
        basins = plane;
        basins.basin_steps = 40;
        basins.basin_merge = 1e-2;
        basins.basin_width = 32;
        basins.basin_height = 24;
        const double beta = 6 * view.beta;
        std::vector<Vector> ends;
        for (int j = 0; j < 24; ++j)
            for (int i = 0; i < 32; ++i) {
                Vector v = at(i, j, 32, 24);
                for (int t = 0; t < 40; ++t) v = pass(v, beta).next;
                std::size_t end = 0;
                for (; end < ends.size(); ++end) {
                    double distance = 0;
                    for (std::size_t k = 0; k < d; ++k) distance += std::pow(ends[end][k] - v[k], 2);
                    if (distance < 1e-4) break;
                }
                if (end == ends.size()) {
                    ends.push_back(v);
                    const Pass last = pass(v, beta);
                    basins.basin_support.push_back(std::exp(last.entropy));
                    basins.basin_memory.push_back(static_cast<std::uint32_t>(
                        std::max_element(last.weights.begin(), last.weights.end()) - last.weights.begin()));
                }
                basins.basin.push_back(static_cast<int>(end));
            }
        // As cells that have not settled would be.
        for (const std::size_t cell : {40u, 41u, 73u}) basins.basin[cell] = retrieval::Plane::unsettled_basin;
        basins.basin_unsettled = 3;
    }
    void make_separation() {
        separation.total = 117659;
        separation.sampled = n;
        for (std::size_t i = 0; i < n; ++i) {
            const Vector row(centred_.begin() + i * d, centred_.begin() + (i + 1) * d);
            double nearest = -1e300;
            for (std::size_t j = 0; j < n; ++j)
                if (j != i) nearest = std::max(nearest, dot(row, j));
            separation.index.push_back(static_cast<std::uint32_t>(i));
            separation.delta.push_back(static_cast<float>(dot(row, i) - nearest));
            separation.mean += separation.delta.back() / n;
            separation.negative += separation.delta.back() < 0;
        }
        auto sorted = separation.delta;
        std::sort(sorted.begin(), sorted.end());
        separation.median = sorted[n / 2];
        separation.minimum = sorted[0];
    }

    Vector centred_, mean_, query_;
    std::uint64_t state_ = 20080217;
};

} // namespace attnscope::test
