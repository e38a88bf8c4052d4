#include <attnscope/recipe.h>

#include "base/none.h"
#include "files/npz_arrays.h"

#include <algorithm>
#include <string>

namespace attnscope {
namespace {

using namespace retrieval;

std::int64_t count(std::size_t size) {
    return static_cast<std::int64_t>(size);
}

/// A value a step of every trace, (traces, rows); NaN where a trace has no such step or the step no such value.
void add_steps(NpzArrays& arrays, const char* name, const std::vector<Trace>& traces, std::size_t rows, bool at_start,
               double Step::*value) {
    std::vector<double> table(traces.size() * rows, none);
    for (std::size_t i = 0; i < traces.size(); ++i) {
        for (std::size_t t = at_start ? 0 : 1; t < traces[i].steps.size(); ++t) {
            table[i * rows + t] = traces[i].steps[t].*value;
        }
    }
    arrays.add(name, std::move(table), {count(traces.size()), count(rows)});
}

void add_traces(NpzArrays& arrays, const TraceResult& result, std::size_t d) {
    const std::vector<Trace>& traces = result.traces;
    std::size_t rows = 0;
    std::vector<std::int64_t> query, mode, length;
    std::vector<double> beta;
    for (const Trace& trace : traces) {
        rows = std::max(rows, trace.steps.size());
        query.push_back(trace.query);
        mode.push_back(static_cast<std::int64_t>(trace.mode));
        length.push_back(count(trace.steps.size()));
        beta.push_back(trace.beta);
    }
    arrays.add("trace_query", std::move(query));
    arrays.add("trace_mode", std::move(mode));
    arrays.add("trace_beta", std::move(beta));
    arrays.add("trace_rows", std::move(length));
    arrays.add("entropy_max", std::vector<double>{result.entropy_max});
    add_steps(arrays, "norm", traces, rows, true, &Step::norm);
    add_steps(arrays, "entropy", traces, rows, false, &Step::entropy);
    add_steps(arrays, "max_weight", traces, rows, false, &Step::max_weight);
    add_steps(arrays, "delta", traces, rows, false, &Step::delta);
    add_steps(arrays, "cos_v1", traces, rows, false, &Step::cos_v1);
    add_steps(arrays, "energy", traces, rows, false, &Step::energy);

    std::vector<double> states(traces.size() * rows * d, none);
    for (std::size_t i = 0; i < traces.size(); ++i) {
        for (std::size_t t = 0; t < traces[i].states.size(); ++t) {
            std::copy(traces[i].states[t].begin(), traces[i].states[t].end(),
                      states.begin() + static_cast<std::ptrdiff_t>((i * rows + t) * d));
        }
    }
    arrays.add("states", std::move(states), {count(traces.size()), count(rows), count(d)});
}

void add_origin(NpzArrays& arrays, const std::vector<OriginTest>& tests) {
    std::size_t rows = 0;
    std::vector<double> beta;
    for (const OriginTest& test : tests) {
        rows = std::max(rows, test.steps.size());
        beta.push_back(test.beta);
    }
    std::vector<double> norm(tests.size() * (rows + 1), none);
    for (std::size_t i = 0; i < tests.size(); ++i) {
        for (std::size_t t = 0; t < tests[i].steps.size(); ++t) {
            norm[i * (rows + 1) + t] = tests[i].steps[t].norm;
            norm[i * (rows + 1) + t + 1] = tests[i].steps[t].norm_next;
        }
    }
    arrays.add("origin_beta", std::move(beta));
    arrays.add("origin_norm", std::move(norm), {count(tests.size()), count(rows + 1)});
}

void add_flags(NpzArrays& arrays, const char* name, const std::vector<std::uint8_t>& flags) {
    arrays.add(name, std::vector<std::int64_t>(flags.begin(), flags.end()));
}

void add_sweep(NpzArrays& arrays, const QuerySweep& entry, std::size_t number) {
    const std::string prefix = "sweep" + std::to_string(number) + "_";
    const auto add = [&](const char* name, const std::vector<double>& values) {
        arrays.add((prefix + name).c_str(), values);
    };
    add("beta", entry.sweep.betas);
    add("entropy_up", entry.sweep.entropy_up);
    add("entropy_down", entry.sweep.entropy_down);
    add("norm_up", entry.sweep.norm_up);
    add("norm_down", entry.sweep.norm_down);
    add_flags(arrays, (prefix + "settled_up").c_str(), entry.sweep.settled_up);
    add_flags(arrays, (prefix + "settled_down").c_str(), entry.sweep.settled_down);
    const auto add_table = [&](const char* name, const std::vector<std::vector<double>>& rows) {
        std::vector<double> table;
        for (const auto& row : rows) table.insert(table.end(), row.begin(), row.end());
        arrays.add((prefix + name).c_str(), std::move(table), {count(rows.size()), count(entry.sweep.betas.size())});
    };
    add_table("entropy", entry.sweep.entropy);
    add_table("norm", entry.sweep.norm);
}

void add_plane(NpzArrays& arrays, const Plane& plane, double beta) {
    arrays.add("plane_beta", std::vector<double>{beta});
    arrays.add("plane_energy", std::vector<double>(plane.energy.begin(), plane.energy.end()),
               {plane.height, plane.width});
    arrays.add("plane_range", std::vector<double>{plane.x_min, plane.x_max, plane.y_min, plane.y_max});
    std::vector<double> trajectory, memories;
    for (const auto& point : plane.trajectory) trajectory.insert(trajectory.end(), point.begin(), point.end());
    for (const auto& point : plane.memories) memories.insert(memories.end(), point.begin(), point.end());
    arrays.add("plane_trajectory", std::move(trajectory), {count(plane.trajectory.size()), 2});
    arrays.add("plane_memories", std::move(memories), {count(plane.memories.size()), 2});
    arrays.add("plane_memory_index", std::vector<std::int64_t>(plane.memory_index.begin(), plane.memory_index.end()));
    if (plane.basin.empty()) return;
    arrays.add("basin_fixed_point", std::vector<std::int64_t>(plane.basin.begin(), plane.basin.end()),
               {plane.basin_height, plane.basin_width});
    arrays.add("basin_support", plane.basin_support);
    arrays.add("basin_memory", std::vector<std::int64_t>(plane.basin_memory.begin(), plane.basin_memory.end()));
    arrays.add("basin_steps", std::vector<std::int64_t>{plane.basin_steps});
    arrays.add("basin_merge_tolerance", std::vector<double>{plane.basin_merge});
    arrays.add("basin_unsettled", std::vector<std::int64_t>{count(plane.basin_unsettled)});
}

} // namespace

std::string retrieval_result_npz(const Result& result) {
    const Spectrum& spectrum = result.spectrum;
    NpzArrays arrays;
    arrays.add("mean", spectrum.mean);
    arrays.add("eigenvalues", spectrum.eigenvalues);
    const std::size_t kept = spectrum.d > 0 ? spectrum.directions.size() / spectrum.d : 0;
    arrays.add("directions", spectrum.directions, {count(kept), count(spectrum.d)});
    add_traces(arrays, result.traces, spectrum.d);
    add_origin(arrays, result.origin);
    for (std::size_t i = 0; i < result.sweeps.size(); ++i) add_sweep(arrays, result.sweeps[i], i);
    if (result.plane) add_plane(arrays, *result.plane, result.plane_beta);
    if (result.separation) {
        const Separation& separation = *result.separation;
        arrays.add("separation_centered", std::vector<std::int64_t>{separation.centered ? 1 : 0});
        arrays.add("separation_total", std::vector<std::int64_t>{count(separation.total)});
        arrays.add("separation_index", std::vector<std::int64_t>(separation.index.begin(), separation.index.end()));
        arrays.add("separation_nearest",
                   std::vector<std::int64_t>(separation.nearest.begin(), separation.nearest.end()));
        arrays.add("separation_delta", std::vector<double>(separation.delta.begin(), separation.delta.end()));
    }
    return arrays.bytes();
}

} // namespace attnscope
