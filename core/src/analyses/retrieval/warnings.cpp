#include <attnscope/recipe.h>

#include <algorithm>

namespace attnscope {

std::vector<Warning> retrieval_warnings(const RetrievalJob& job, const retrieval::Result& result) {
    using retrieval::Mode;
    std::vector<Warning> warnings;
    if (result.spectrum.beta_critical) {
        warnings.push_back({"beta-critical", "1/lambda_max is where the centroid loses stability (a spinodal), not the "
                                             "beta at which single memories become retrievable"});
    } else {
        warnings.push_back({"equal-memories", "all memories are equal: there is no critical beta"});
    }
    const auto& modes = job.request.modes;
    if (std::find(modes.begin(), modes.end(), Mode::hybrid) != modes.end()) {
        warnings.push_back({"hybrid", "hybrid is centered translated by the mean: same weights, entropy, delta and "
                                      "energy; it is no cure for the collapse to the mean"});
    }
    if (result.separation && !result.separation->exact) {
        warnings.push_back({"sampled", "separation: " + std::to_string(result.separation->sampled) + " of " +
                                           std::to_string(result.separation->total) + " memories sampled"});
    }
    std::size_t unsettled = 0, values = 0;
    for (const retrieval::QuerySweep& entry : result.sweeps) {
        unsettled += entry.sweep.unsettled();
        values += entry.sweep.settled_up.size();
    }
    if (unsettled > 0) {
        warnings.push_back(
            {"unsettled-sweep", "sweep: at " + std::to_string(unsettled) + " of " + std::to_string(values) +
                                    " beta the followed state has not settled; no gap is reported there"});
    }
    if (result.plane && result.plane->basin_unsettled > 0) {
        warnings.push_back({"unsettled-basins",
                            "basins: " + std::to_string(result.plane->basin_unsettled) + " of " +
                                std::to_string(result.plane->basin.size()) + " cells have not settled after " +
                                std::to_string(result.plane->basin_steps) + " steps and belong to no fixed point"});
    }
    return warnings;
}

} // namespace attnscope
