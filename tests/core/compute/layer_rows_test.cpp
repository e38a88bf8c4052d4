// Norms, rotations and gates of rows, against plain loops in float64.
#include "kernels/layer_rows.h"

#include "support/every_target.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace attnscope::kernels {
namespace {

std::vector<float> normal_numbers(std::size_t count, unsigned seed, float scale) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0, scale);
    std::vector<float> numbers(count);
    std::generate(numbers.begin(), numbers.end(), [&] { return normal(random); });
    return numbers;
}

void expect_near(const std::vector<float>& values, const std::vector<double>& expected) {
    for (std::size_t i = 0; i < expected.size(); ++i)
        ASSERT_NEAR(values[i], expected[i], 2e-6 * (1 + std::abs(expected[i]))) << i;
}

constexpr std::size_t widths[] = {1, 3, 16, 37, 576};

TEST(LayerRows, NormsAgreeWithPlainLoopsOnEveryInstructionSet) {
    test::on_every_target([] {
        for (const std::size_t width : widths) {
            const std::vector<float> row = normal_numbers(width, 1, 4), weight = normal_numbers(width, 2, 1);
            std::vector<float> result(width);
            std::vector<double> expected(width);
            rms_norm_row(row.data(), weight.data(), width, 1e-5, result.data());
            rms_norm_row_reference(row.data(), weight.data(), width, 1e-5, expected.data());
            expect_near(result, expected);
        }
    });
}

TEST(LayerRows, RotationsAgreeWithPlainLoopsOnEveryInstructionSet) {
    test::on_every_target([] {
        for (const PairLayout layout : {PairLayout::halves, PairLayout::neighbours}) {
            for (const std::size_t pairs : widths) {
                std::vector<float> row = normal_numbers(2 * pairs, 3, 2), cosines, sines;
                for (const float angle : normal_numbers(pairs, 4, 3)) {
                    cosines.push_back(std::cos(angle));
                    sines.push_back(std::sin(angle));
                }
                std::vector<double> expected(row.begin(), row.end());
                rotate_row(row.data(), cosines.data(), sines.data(), pairs, layout);
                rotate_row_reference(expected.data(), cosines.data(), sines.data(), pairs, layout);
                expect_near(row, expected);
            }
        }
    });
}

TEST(LayerRows, GatesAgreeWithPlainLoopsOnEveryInstructionSet) {
    test::on_every_target([] {
        for (const std::size_t count : widths) {
            std::vector<float> values = normal_numbers(count, 5, 8);
            values.front() = -500; // where the exponential of float32 is infinite
            values.back() = 500;
            const std::vector<float> by = normal_numbers(count, 6, 1);
            std::vector<double> expected(values.begin(), values.end());
            silu_gate(values.data(), by.data(), count);
            silu_gate_reference(expected.data(), by.data(), count);
            expect_near(values, expected);
        }
    });
}

} // namespace
} // namespace attnscope::kernels
