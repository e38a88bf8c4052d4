// How blocks of a residual sweep go through a model together; what its plan and its run agree on.
#pragma once

#include <algorithm>
#include <cstdint>

namespace attnscope::residual {

/// Tokens that are run together: as many as the head's product wants, few enough that activations stay small.
inline constexpr std::int64_t tokens_in_group = 1024;
inline std::int64_t blocks_in_group(std::int64_t seq_len) {
    return std::max<std::int64_t>(1, tokens_in_group / seq_len);
}

/// Tokens that the intrinsic dimension of a head is estimated from, at most.
inline constexpr std::uint64_t most_two_nn_rows = 1024;

} // namespace attnscope::residual
