// A retrieval result as CSV for programs and as text for people.
#include <attnscope/recipe.h>

#include "base/table_text.h"

namespace attnscope {
namespace {

using namespace retrieval;

void append_bank(std::string& out, const Spectrum& spectrum) {
    append(out, "bank       %zu memories of %zu numbers\n", spectrum.n, spectrum.d);
    append(out, "           norm %.6g ± %.2g, mean %.6g; centred %.6g ± %.2g\n", spectrum.raw_norm_mean,
           spectrum.raw_norm_std, spectrum.mean_norm, spectrum.centered_norm_mean, spectrum.centered_norm_std);
    if (spectrum.beta_critical) {
        append(out,
               "λ_max      %.6g\nβ_c        %.6g  (1/λ_max, where the centroid loses stability; not where single "
               "memories become retrievable)\n",
               spectrum.lambda_max, *spectrum.beta_critical);
    } else {
        append(out, "λ_max      %.6g\nβ_c        none: all memories are equal\n", spectrum.lambda_max);
    }
}

void append_radii(std::string& out, const std::vector<SpectralRadius>& radii) {
    append(out, "\n%10s %12s  %s\n", "β", "ρ", "the centroid is");
    for (const SpectralRadius& radius : radii) {
        append(out, "%9.4g %12.6g  %s\n", radius.beta, radius.rho, radius.stable ? "stable" : "unstable");
    }
}

void append_traces(std::string& out, const TraceResult& result) {
    append(out, "\n%5s  %-12s %8s %5s %9s %9s %10s %10s  %-15s %s\n", "query", "mode", "β", "steps", "‖q‖", "H/ln N",
           "max α", "Δ", "fixed point", "first memories of the last step");
    for (const Trace& trace : result.traces) {
        const Step& last = trace.steps.back();
        append(out, "%5d  %-12s %7.4g %5d %7.4f %9.4f %9.4g %9.2e  %-15s", trace.query, choice_name(trace.mode),
               trace.beta, last.t, last.norm, result.entropy_max > 0 ? last.entropy / result.entropy_max : 0.0,
               last.max_weight, last.delta, fixed_point_name(trace.fixed_point));
        for (const std::uint32_t index : trace.top5_final) append(out, " %u", index);
        out += trace.converged ? "  converged\n" : "\n";
    }
}

void append_origin(std::string& out, const std::vector<OriginTest>& tests) {
    append(out, "\norigin test\n");
    for (const OriginTest& test : tests) {
        append(out, "  β %-8.4g ε %.1e  ", test.beta, test.epsilon);
        if (!test.steps.empty()) append(out, "first amplification %.6g, ", test.steps.front().amplification);
        if (test.escaped_at) {
            append(out, "escaped at step %d\n", *test.escaped_at);
        } else {
            append(out, "did not escape\n");
        }
    }
}

void append_sweeps(std::string& out, const std::vector<QuerySweep>& sweeps) {
    for (const QuerySweep& entry : sweeps) {
        const Sweep& sweep = entry.sweep;
        append(out,
               "\nsweep of query %d, %s (H / ln N of the followed state, at most %d steps at each β)\n%10s %9s %9s\n",
               entry.query, choice_name(entry.mode), sweep.follow_steps, "β", "up", "down");
        for (std::size_t b = 0; b < sweep.betas.size(); ++b) {
            append(out, "%9.4g %9.4f %9.4f%s\n", sweep.betas[b], sweep.entropy_up[b] / sweep.entropy_max,
                   sweep.entropy_down[b] / sweep.entropy_max, sweep.comparable(b) ? "" : "  not settled");
        }
    }
}

} // namespace

std::string retrieval_result_csv(const Result& result) {
    std::string out = "query,mode,beta,t,norm,entropy,entropy_max,max_weight,delta,cos_v1,energy\n";
    for (const Trace& trace : result.traces.traces) {
        for (const Step& step : trace.steps) {
            out += std::to_string(trace.query) + ',' + choice_name(trace.mode) + ',' + csv_number(trace.beta) + ',' +
                   std::to_string(step.t) + ',' + csv_number(step.norm);
            if (step.t == 0) {
                out += ",,,,,,\n";
                continue;
            }
            for (const double value :
                 {step.entropy, result.traces.entropy_max, step.max_weight, step.delta, step.cos_v1, step.energy}) {
                out += ',' + csv_number(value);
            }
            out += '\n';
        }
    }
    return out;
}

std::string retrieval_result_text(const Result& result) {
    std::string out;
    append_bank(out, result.spectrum);
    append_radii(out, result.radii);
    append_traces(out, result.traces);
    append_origin(out, result.origin);
    append_sweeps(out, result.sweeps);
    if (result.plane && !result.plane->basin.empty()) {
        const Plane& plane = *result.plane;
        append(out,
               "\nbasins at β %.6g: %zu fixed points (%s within %g of %s are one); %zu of %zu cells not settled "
               "after %d steps\n",
               result.plane_beta, plane.basin_support.size(),
               plane.basin_directions ? "directions of end states" : "end states", plane.basin_merge,
               plane.basin_directions ? "each other, as unit vectors," : "the longest memory", plane.basin_unsettled,
               plane.basin.size(), plane.basin_steps);
    }
    if (result.separation) {
        const Separation& separation = *result.separation;
        append(out,
               "\nseparation Δ_i of the %s memories, %zu of %zu: mean %.6g, median %.6g, minimum %.6g, %zu negative\n",
               separation.centered ? "centred" : "raw", separation.sampled, separation.total, separation.mean,
               separation.median, separation.minimum, separation.negative);
    }
    return out;
}

} // namespace attnscope
