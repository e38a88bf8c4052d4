// Basins of attraction: which fixed point a state runs into.
#pragma once

#include <attnscope/retrieval.h>

#include "kernels/retrieval_pass.h"

#include <vector>

namespace attnscope::compute {

/// Iterates the map of the request from every state of `starts` (the cells of its basin grid, row by row) until it has
/// settled or `basin_steps` are done, tells the fixed points of the settled ones apart, and writes the basin fields of
/// `plane`. Every pass over the bank is a checkpoint.
void add_basins(const retrieval::PlaneRequest& request, const retrieval::Spectrum& spectrum,
                const kernels::KeyBank& bank, std::vector<std::vector<double>> starts, JobContext& context,
                retrieval::Plane& plane);

/// Radius of a ball around the centroid, in the centred space, within which every state runs into the centroid; 0 where
/// there is none. With J = β Cov_α of the map and |d(uᵀJu)| ≤ β D uᵀJu, D = max ‖m̃_i − f(x)‖ ≤ R + r for R = max ‖m̃‖:
/// J < 1 all over a ball with β λ₁ e^{β (R + r) r} < 1, so the map contracts there towards its fixed point 0.
double centroid_radius(retrieval::Mode mode, double beta, double lambda, const retrieval::Spectrum& spectrum);

} // namespace attnscope::compute
