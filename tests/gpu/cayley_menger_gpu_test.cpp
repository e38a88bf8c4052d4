// Simplex volumes on the first device against those of the CPU.
#include "kernels/cayley_menger.h"
#include "kernels/cuda_table.h"
#include "kernels/devices.h"

#include <attnscope/job.h>

#include <gtest/gtest.h>

#include <cstdio>

namespace attnscope::test {
namespace {

TEST(GpuSimplexVolumes, AgreeWithTheCpu) {
    const kernels::CudaTable* const cuda = compute::cuda_table({Device::Kind::cuda, 0});
    if (compute::devices().size() < 2 || !cuda) GTEST_SKIP() << "no CUDA device";
    constexpr std::size_t n = 40, d = 24, count = 1000;
    std::vector<float> rows(n * d);
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<float>(random_normal(1, 1, i));
    std::copy_n(rows.begin(), d, rows.begin() + d); // rows 0 and 1 are one
    kernels::DistanceTable table{n, {}};
    for (std::size_t i = 1; i < n; ++i)
        for (std::size_t j = 0; j < i; ++j)
            table.values.push_back(kernels::squared_distance(&rows[i * d], &rows[j * d], d));
    for (int corners = 3; corners <= 8; ++corners) {
        std::vector<std::uint32_t> tuples;
        for (std::size_t s = 0; s < count; ++s)
            for (const std::size_t row : random_subset(2, s, n, static_cast<std::size_t>(corners)))
                tuples.push_back(static_cast<std::uint32_t>(row));
        std::vector<double> fast(count), slow(count);
        cuda->simplex_volumes(0, table, tuples.data(), corners, count, fast.data());
        kernels::simplex_volumes(table, tuples.data(), corners, count, slow.data());
        for (std::size_t s = 0; s < count; ++s)
            ASSERT_NEAR(fast[s], slow[s], 1e-10 * slow[s]) << corners << " corners, simplex " << s;
    }
}

} // namespace
} // namespace attnscope::test
