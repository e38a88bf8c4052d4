// What is summed over the simplices of a matrix, in one pass over them.
#pragma once

#include "analyses/cv/compute/bootstrap.h"
#include "analyses/cv/compute/pool.h"
#include "analyses/cv/compute/tuples.h"

#include <cstdint>
#include <vector>

namespace attnscope::compute {

struct CvSums {
    double pilot = 0; ///< a volume near the mean, in the pool's units; 0: nothing has volume
    std::uint64_t n_degenerate = 0;
    VolumeSums all;
    std::vector<VolumeSums> groups; ///< of consecutive simplices, CvBootstrap::most_groups at most, without empty ones
    std::vector<VolumeSums> rows;   ///< of the simplices that have a row for a corner; empty unless asked for
    std::vector<double> sample;     ///< volumes in the pool's units, evenly spaced among all: about a million at most
};

/// The sums do not depend on how parts are run. Those with the same `pilot` can be added; 0: the source's own.
CvSums sum_volumes(const CvPool& pool, const SimplexSource& source, bool with_rows, const CvRun& run, double pilot = 0);

} // namespace attnscope::compute
