// The softmax Jacobian on the first device against that of the CPU.
#include "kernels/cuda_table.h"
#include "kernels/devices.h"
#include "kernels/softmax_jacobian.h"

#include <attnscope/job.h>

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <vector>

namespace attnscope::test {
namespace {

TEST(GpuSoftmaxJacobian, AgreesWithTheCpu) {
    const kernels::CudaTable* const cuda = compute::cuda_table({Device::Kind::cuda, 0});
    if (compute::devices().size() < 2 || !cuda) GTEST_SKIP() << "no CUDA device";
    constexpr std::size_t maps = 3;
    for (const std::size_t length : {1, 31, 64, 200}) {
        std::vector<float> a(maps * length * length), g(a.size());
        for (std::size_t row = 0; row < maps * length; ++row) {
            double sum = 0;
            for (std::size_t key = 0; key <= row % length; ++key)
                sum += a[row * length + key] = static_cast<float>(std::exp(random_normal(1, row, key)));
            for (std::size_t key = 0; key < length; ++key) {
                a[row * length + key] = static_cast<float>(a[row * length + key] / sum);
                g[row * length + key] = static_cast<float>(100 + random_normal(2, row, key));
            }
        }
        for (const bool causal : {true, false}) {
            std::vector<kernels::JacobianSums> fast(maps);
            cuda->softmax_jacobian(0, a.data(), g.data(), maps, length, causal, fast.data());
            for (std::size_t map = 0; map < maps; ++map) {
                const std::size_t at = map * length * length;
                const auto slow = kernels::softmax_jacobian_map(a.data() + at, g.data() + at, length, causal);
                const auto quick = kernels::head_metrics(0, 0, std::span(&fast[map], 1));
                const auto exact = kernels::head_metrics(0, 0, std::span(&slow, 1));
                EXPECT_EQ(fast[map].rows, slow.rows);
                EXPECT_EQ(fast[map].positive, slow.positive);
                for (const jacobian::Metric metric : jacobian::metrics)
                    if (std::isfinite(exact.value(metric))) {
                        EXPECT_NEAR(quick.value(metric), exact.value(metric), 1e-6)
                            << length << " " << choice_name(metric);
                    }
            }
        }
    }
}

} // namespace
} // namespace attnscope::test
