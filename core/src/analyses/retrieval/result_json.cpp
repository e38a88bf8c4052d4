#include <attnscope/recipe.h>

#include "base/json_text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <type_traits>

namespace attnscope {
namespace {

using namespace retrieval;

constexpr std::size_t eigenvalues_listed = 16;

Json bank_json(const Spectrum& spectrum) {
    return {{"n", spectrum.n},
            {"d", spectrum.d},
            {"mean_norm", spectrum.mean_norm},
            {"raw_norm", {{"mean", spectrum.raw_norm_mean}, {"std", spectrum.raw_norm_std}}},
            {"centered_norm", {{"mean", spectrum.centered_norm_mean}, {"std", spectrum.centered_norm_std}}},
            {"centered_mean_norm", spectrum.centered_mean_norm}};
}

Json spectrum_json(const Spectrum& spectrum, const std::vector<SpectralRadius>& radii) {
    Json table = Json::array();
    for (const SpectralRadius& radius : radii) {
        table.push_back({{"beta", radius.beta}, {"rho", radius.rho}, {"stable", radius.stable}});
    }
    Json eigenvalues = Json::array(), thresholds = Json::array();
    for (std::size_t k = 0; k < std::min(eigenvalues_listed, spectrum.eigenvalues.size()); ++k) {
        const double value = spectrum.eigenvalues[k];
        eigenvalues.push_back(value);
        thresholds.push_back(value > 0 && std::isfinite(1 / value) ? Json(1 / value) : Json(nullptr));
    }
    return {{"lambda_max", spectrum.lambda_max},
            {"beta_critical", or_null(spectrum.beta_critical)},
            {"singular_values", spectrum.singular_values()},
            {"spectral_radius", std::move(table)},
            {"eigenvalues", std::move(eigenvalues)},
            {"beta_modes", std::move(thresholds)}};
}

Json step_json(const Step& step, double entropy_max) {
    if (step.t == 0) return {{"t", 0}, {"norm", step.norm}};
    return {{"t", step.t},
            {"norm", step.norm},
            {"entropy", step.entropy},
            {"entropy_max", entropy_max},
            {"max_weight", step.max_weight},
            {"delta", step.delta},
            {"cos_v1", step.cos_v1},
            {"energy", step.energy}};
}

Json trace_json(const Trace& trace, double entropy_max) {
    Json steps = Json::array();
    for (const Step& step : trace.steps) steps.push_back(step_json(step, entropy_max));
    return {{"beta", trace.beta},
            {"query", trace.query},
            {"mode", choice_name(trace.mode)},
            {"steps", std::move(steps)},
            {"converged", trace.converged},
            {"fixed_point", fixed_point_name(trace.fixed_point)},
            {"norm_ratio", trace.norm_ratio},
            {"predicted_norm", trace.predicted_norm},
            {"mass_top5", trace.mass_top5},
            {"mass_top50", trace.mass_top50},
            {"top5", {{"raw", trace.top5_raw}, {"initial", trace.top5_initial}, {"final", trace.top5_final}}},
            {"overlap_initial", trace.overlap_initial},
            {"overlap_final", trace.overlap_final}};
}

Json origin_json(const OriginTest& test) {
    Json steps = Json::array();
    for (const OriginStep& step : test.steps) {
        steps.push_back(
            {{"t", step.t}, {"norm", step.norm}, {"norm_next", step.norm_next}, {"amplification", step.amplification}});
    }
    return {{"beta", test.beta},
            {"eps", test.epsilon},
            {"steps", std::move(steps)},
            {"escaped_at", or_null(test.escaped_at)}};
}

Json settling_json(const Settling& settling) {
    return {{"step", settling.step}, {"rest", settling.rest}};
}

Json flags_json(const std::vector<std::uint8_t>& flags) {
    Json list = Json::array();
    for (const std::uint8_t flag : flags) list.push_back(flag != 0);
    return list;
}

/// The difference of the followed fixed points' entropies; null where a state has not settled.
Json gap_json(const Sweep& sweep) {
    Json list = Json::array();
    for (std::size_t b = 0; b < sweep.settled_up.size(); ++b) {
        list.push_back(sweep.comparable(b) ? Json(std::abs(sweep.entropy_up[b] - sweep.entropy_down[b]))
                                           : Json(nullptr));
    }
    return list;
}

Json sweep_json(const QuerySweep& entry) {
    const Sweep& sweep = entry.sweep;
    return {{"query", entry.query},
            {"mode", choice_name(entry.mode)},
            {"beta", sweep.betas},
            {"entropy_max", sweep.entropy_max},
            {"entropy", sweep.entropy},
            {"norm", sweep.norm},
            {"entropy_up", sweep.entropy_up},
            {"entropy_down", sweep.entropy_down},
            {"norm_up", sweep.norm_up},
            {"norm_down", sweep.norm_down},
            {"settled_up", flags_json(sweep.settled_up)},
            {"settled_down", flags_json(sweep.settled_down)},
            {"gap", gap_json(sweep)},
            {"unsettled", sweep.unsettled()},
            {"follow_steps", sweep.follow_steps},
            {"settling", settling_json(sweep.settling)}};
}

/// Rows of a grid that is stored flat.
template <class Value>
Json grid_json(const std::vector<Value>& values, int width) {
    Json rows = Json::array();
    for (std::size_t i = 0; width > 0 && i < values.size(); ++i) {
        if (i % static_cast<std::size_t>(width) == 0) rows.push_back(Json::array());
        if constexpr (std::is_floating_point_v<Value>) {
            rows.back().push_back(as_written(values[i]));
        } else {
            rows.back().push_back(values[i] == Plane::unsettled_basin ? Json(nullptr) : Json(values[i]));
        }
    }
    return rows;
}

Json points_json(const std::vector<std::array<float, 2>>& points) {
    Json list = Json::array();
    for (const auto& point : points) list.push_back(Json::array({as_written(point[0]), as_written(point[1])}));
    return list;
}

Json plane_json(const Plane& plane, double beta) {
    Json json = {{"beta", beta},
                 {"x_label", plane.x_label},
                 {"y_label", plane.y_label},
                 {"x_range", {plane.x_min, plane.x_max}},
                 {"y_range", {plane.y_min, plane.y_max}},
                 {"energy", grid_json(plane.energy, plane.width)},
                 {"trajectory", plane.trajectory},
                 {"memories_total", plane.memories_total},
                 {"memory_index", plane.memory_index},
                 {"memories", points_json(plane.memories)}};
    if (!plane.basin.empty()) {
        json["basins"] = {{"fixed_point", grid_json(plane.basin, plane.basin_width)},
                          {"support", plane.basin_support},
                          {"memory", plane.basin_memory},
                          {"steps", plane.basin_steps},
                          {"merge_tolerance", plane.basin_merge},
                          {"merge_by", plane.basin_directions ? "direction" : "distance"},
                          {"settling", settling_json(plane.settling)},
                          {"unsettled", plane.basin_unsettled},
                          {"unsettled_share", plane.unsettled_share()}};
    }
    return json;
}

Json separation_json(const Separation& separation) {
    Json delta = Json::array();
    for (const float value : separation.delta) delta.push_back(as_written(value));
    return {{"space", separation.centered ? "centered" : "raw"},
            {"sampled", separation.sampled},
            {"total", separation.total},
            {"exact", separation.exact},
            {"mean", separation.mean},
            {"median", separation.median},
            {"minimum", separation.minimum},
            {"negative", separation.negative},
            {"index", separation.index},
            {"nearest", separation.nearest},
            {"delta", std::move(delta)}};
}

} // namespace

std::string retrieval_result_json(const Result& result) {
    Json traces = Json::array(), origin = Json::array();
    for (const Trace& trace : result.traces.traces) traces.push_back(trace_json(trace, result.traces.entropy_max));
    for (const OriginTest& test : result.origin) origin.push_back(origin_json(test));
    Json json = {{"bank", bank_json(result.spectrum)},
                 {"spectrum", spectrum_json(result.spectrum, result.radii)},
                 {"traces", std::move(traces)},
                 {"origin_test", std::move(origin)}};
    if (!result.sweeps.empty()) {
        Json& sweeps = json["sweep"] = Json::array();
        for (const QuerySweep& sweep : result.sweeps) sweeps.push_back(sweep_json(sweep));
    }
    if (result.plane) json["plane"] = plane_json(*result.plane, result.plane_beta);
    if (result.separation) json["separation"] = separation_json(*result.separation);
    return one_line(json);
}

} // namespace attnscope
