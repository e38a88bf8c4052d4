// Eigenvalues of a symmetric matrix, for what has to do without LAPACK.
#pragma once

#include <attnscope/job.h>

#include <cstddef>
#include <vector>

namespace attnscope {

/// All of them, in no order. `matrix` (n, n) row-major, destroyed; its lower triangle is read. Householder's reduction
/// to a tridiagonal matrix and the implicit QL iteration (Wilkinson and Reinsch 1971): 4/3 n³ multiplications, an error
/// of a few roundings of the largest. A checkpoint now and then.
std::vector<double> symmetric_eigenvalues(std::vector<double>& matrix, std::size_t n, const JobContext& context);

} // namespace attnscope
