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
    return warnings;
}

}  // namespace attnscope
