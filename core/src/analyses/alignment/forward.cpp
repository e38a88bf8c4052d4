// The public functions of alignment.h that compute: the door to the compute module.
#include <attnscope/alignment.h>

#include "module/compute_module.h"

#include <algorithm>
#include <cmath>

namespace attnscope::alignment {

Operators compute_operators(const Request& request, JobContext& context) {
    return compute_module().alignment_operators(request, context);
}

Matching match_heads(const MatchRequest& request, JobContext& context) {
    return compute_module().alignment_match(request, context);
}

Comparison compare(const Operators& operators, JobContext& context) {
    Comparison comparison;
    if (operators.has_directions()) comparison = compute_module().alignment_angles(operators, context);
    const auto layers = static_cast<std::size_t>(operators.layers), heads = static_cast<std::size_t>(operators.heads);
    comparison.cos.resize(heads * layers * layers);
    std::vector<double> norms(layers * heads);
    for (int layer = 0; layer < operators.layers; ++layer)
        for (int head = 0; head < operators.heads; ++head)
            norms[operators.pair(layer, head)] = std::sqrt(std::max(0.0, operators.at(layer, layer, head)));
    for (std::size_t head = 0; head < heads; ++head) {
        context.checkpoint();
        for (std::size_t a = 0; a < layers; ++a)
            for (std::size_t b = 0; b < layers; ++b) {
                const double length = norms[a * heads + head] * norms[b * heads + head];
                comparison.cos[(head * layers + a) * layers + b] =
                    length > 0 ? operators.gram[(a * layers + b) * heads + head] / length : std::nan("");
            }
    }
    return comparison;
}

} // namespace attnscope::alignment
