// The rows that simplices are made of: their scale, their distances, their participation ratio.
#pragma once

#include "kernels/cayley_menger.h"

#include <attnscope/job.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace attnscope::kernels {
struct CudaTable;
}

namespace attnscope::compute {

/// How the work on a matrix is done: shared out among the job's threads, or on this one alone where the matrices
/// themselves are shared out.
struct CvRun {
    JobContext& context;
    bool alone = false;
    bool brief = false; ///< the CV, and nothing else that takes long

    /// Runs body(part) for each, with a checkpoint before it.
    void parts(std::size_t count, const std::function<void(std::size_t part)>& body) const;
};

struct CvPool {
    kernels::RowView rows;
    bool all_equal = false; ///< nothing below is set then
    /// Squared distances are multiplied by 2^−exponent, which brings their mean between 1 and 2.
    int exponent = 0;
    double mean_squared_edge = 0;                ///< over all pairs, scaled
    std::optional<kernels::DistanceTable> table; ///< scaled; none where fewer pairs are wanted than there are
    double participation_ratio = 0;              ///< NaN where it would take too long

    const kernels::CudaTable* cuda = nullptr; ///< where the volumes are computed; null on the CPU
    int device = 0;
    /// Simplices worth handing to volumes() at once.
    std::size_t block() const { return cuda ? std::size_t{1} << 18 : 1024; }

    /// V of one simplex after another, in units of 2^(exponent·k/2).
    void volumes(const std::uint32_t* tuples, int corners, std::size_t count, double* out) const;
};

/// `simplices` of `corners` rows are going to be measured. Throws Error{input} for a value that is not finite, naming
/// `name` and the row.
CvPool make_pool(const kernels::RowView& rows, const std::string& name, double simplices, int corners,
                 const CvRun& run);

} // namespace attnscope::compute
