// Second moments of rows, against plain loops.
#include "kernels/second_moments.h"

#include "support/every_target.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace attnscope::kernels {
namespace {

TEST(SecondMoments, AgreeWithPlainLoopsOnEveryInstructionSet) {
    test::on_every_target([] {
        struct Sizes {
            std::size_t count, d, gap;
        };
        for (const auto& [count, d, gap] : {Sizes{1, 1, 0}, Sizes{5, 8, 0}, Sizes{100, 64, 3}, Sizes{33, 80, 0},
                                            Sizes{67, 13, 1}, Sizes{40, 150, 0}, Sizes{0, 6, 0}}) {
            SCOPED_TRACE(testing::Message() << count << " × " << d);
            std::mt19937 random(7);
            std::uniform_real_distribution<float> uniform(-1, 2);
            std::vector<float> rows(count * (d + gap));
            std::generate(rows.begin(), rows.end(), [&] { return uniform(random); });
            std::vector<double> second(d * d, 9), first(d, 9), expected(d * d), expected_first(d);
            second_moments(rows.data(), d + gap, count, d, second.data(), first.data());
            second_moments_reference(rows.data(), d + gap, count, d, expected.data(), expected_first.data());
            for (std::size_t i = 0; i < d * d; ++i)
                ASSERT_NEAR(second[i], expected[i], 1e-13 * static_cast<double>(count + 1)) << i;
            for (std::size_t i = 0; i < d; ++i)
                ASSERT_NEAR(first[i], expected_first[i], 1e-13 * static_cast<double>(count + 1)) << i;
        }
    });
}

} // namespace
} // namespace attnscope::kernels
