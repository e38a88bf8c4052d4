// Products with packed weights, against plain loops with float64 sums.
#include "kernels/packed_matrix.h"

#include "support/every_target.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace attnscope::kernels {
namespace {

using Order = PackedMatrix::Order;

std::vector<float> random_numbers(std::size_t count, unsigned seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> uniform(-1, 1);
    std::vector<float> numbers(count);
    std::generate(numbers.begin(), numbers.end(), [&] { return uniform(random); });
    return numbers;
}

struct Sizes {
    std::size_t rows, outputs, inputs;
};

void check_product(const Sizes& sizes, bool bias, bool add) {
    SCOPED_TRACE(testing::Message() << sizes.rows << " × " << sizes.outputs << " × " << sizes.inputs << ", bias "
                                    << bias << ", add " << add);
    constexpr std::size_t gap = 3; // rows need not follow each other closely
    const std::vector<float> weights = random_numbers(sizes.outputs * sizes.inputs, 1);
    const std::vector<float> input = random_numbers(sizes.rows * (sizes.inputs + gap), 2);
    const std::vector<float> biases = random_numbers(sizes.outputs, 3);
    const std::vector<float> before = random_numbers(sizes.rows * (sizes.outputs + gap), 4);
    PackedMatrix matrix(sizes.outputs, sizes.inputs);
    matrix.pack(weights.data(), Order::rows, 0, matrix.panels());

    std::vector<float> result = before, expected = before;
    ProductPart whole{.input = input.data(),
                      .input_stride = sizes.inputs + gap,
                      .result = result.data(),
                      .result_stride = sizes.outputs + gap,
                      .bias = bias ? biases.data() : nullptr,
                      .add = add,
                      .end_row = sizes.rows,
                      .end_panel = matrix.panels()};
    const ProductPlan plan(matrix, whole, 3);
    for (std::size_t i = plan.parts(); i-- > 0;) multiply(matrix, plan.part(i));
    whole.result = expected.data();
    multiply_reference(matrix, whole);

    const double tolerance = 6e-8 * static_cast<double>(sizes.inputs + 4);
    for (std::size_t i = 0; i < result.size(); ++i) ASSERT_NEAR(result[i], expected[i], tolerance) << i;
}

TEST(PackedMatrix, AgreesWithPlainLoopsOnEveryInstructionSet) {
    test::on_every_target([] {
        for (const Sizes& sizes : {Sizes{1, 1, 1}, Sizes{7, 33, 5}, Sizes{13, 64, 100}, Sizes{150, 70, 333},
                                   Sizes{3, 200, 700}, Sizes{24, 16, 0}}) {
            check_product(sizes, false, false);
            check_product(sizes, true, true);
        }
    });
}

TEST(PackedMatrix, KeepsWhatWasPackedInEitherOrder) {
    test::on_every_target([] {
        constexpr std::size_t outputs = 37, inputs = 11;
        const std::vector<float> rows = random_numbers(outputs * inputs, 5);
        std::vector<float> columns(rows.size()), copy(inputs);
        for (std::size_t o = 0; o < outputs; ++o) {
            for (std::size_t i = 0; i < inputs; ++i) columns[i * outputs + o] = rows[o * inputs + i];
        }
        for (const Order order : {Order::rows, Order::columns}) {
            PackedMatrix matrix(outputs, inputs);
            matrix.pack(order == Order::rows ? rows.data() : columns.data(), order, 0, matrix.panels());
            for (std::size_t o = 0; o < outputs; ++o) {
                matrix.copy_output(o, copy.data());
                EXPECT_TRUE(
                    std::equal(copy.begin(), copy.end(), rows.begin() + static_cast<std::ptrdiff_t>(o * inputs)));
            }
        }
    });
}

TEST(PackedMatrix, NormalisesTheSoftmaxOverItsOutputsOnEveryInstructionSet) {
    test::on_every_target([] {
        for (const Sizes& sizes : {Sizes{1, 1, 1}, Sizes{13, 300, 40}, Sizes{150, 777, 333}}) {
            SCOPED_TRACE(testing::Message() << sizes.rows << " × " << sizes.outputs << " × " << sizes.inputs);
            const std::vector<float> weights = random_numbers(sizes.outputs * sizes.inputs, 6);
            std::vector<float> input = random_numbers(sizes.rows * sizes.inputs, 7);
            PackedMatrix matrix(sizes.outputs, sizes.inputs);
            matrix.pack(weights.data(), Order::rows, 0, matrix.panels());
            std::vector<std::int64_t> targets(sizes.rows);
            for (std::size_t r = 0; r < sizes.rows; ++r) targets[r] = static_cast<std::int64_t>(r * 31 % sizes.outputs);
            std::vector<double> found(sizes.rows), expected(sizes.rows);
            std::vector<float> chosen(sizes.rows, 99), expected_chosen(sizes.rows, 99);
            LogSumExpPart part{.input = input.data(), .input_stride = sizes.inputs, .targets = targets.data()};
            part.end_row = sizes.rows;
            const auto compare = [&](std::size_t first, std::size_t end) {
                part.first_panel = first;
                part.end_panel = end;
                part.normalisers = found.data();
                part.chosen = chosen.data();
                log_sum_exp(matrix, part);
                part.normalisers = expected.data();
                part.chosen = expected_chosen.data();
                log_sum_exp_reference(matrix, part);
                for (std::size_t r = 0; r < sizes.rows; ++r) {
                    ASSERT_NEAR(found[r], expected[r], 3e-5) << r;
                    ASSERT_NEAR(chosen[r], expected_chosen[r], 3e-5) << r;
                }
            };
            compare(0, matrix.panels());
            compare(matrix.panels() - 1, matrix.panels());
            // Larger than any exponential of float32, and no number at all.
            for (float& value : input) value *= 500;
            log_sum_exp(matrix, part);
            EXPECT_TRUE(std::isfinite(found.front()));
            input[0] = std::numeric_limits<float>::quiet_NaN();
            part.normalisers = found.data();
            log_sum_exp(matrix, part);
            EXPECT_TRUE(std::isnan(found.front()));
        }
    });
}

TEST(PackedMatrix, CutsAProductIntoPartsThatMeet) {
    const PackedMatrix matrix(300, 2000);
    for (const std::size_t rows : {1u, 143u, 145u, 1000u}) {
        const ProductPart whole{.first_row = 2, .end_row = rows + 2, .first_panel = 1, .end_panel = matrix.panels()};
        const ProductPlan plan(matrix, whole, 2);
        std::size_t cells = 0;
        for (std::size_t i = 0; i < plan.parts(); ++i) {
            const ProductPart part = plan.part(i);
            EXPECT_GE(part.first_row, 2u);
            EXPECT_LE(part.end_row, whole.end_row);
            EXPECT_GE(part.first_panel, 1u);
            cells += (part.end_row - part.first_row) * (part.end_panel - part.first_panel);
        }
        EXPECT_EQ(cells, rows * (matrix.panels() - 1));
    }
    EXPECT_EQ(ProductPlan(matrix, ProductPart{.end_panel = matrix.panels()}, 2).parts(), 0u);
}

} // namespace
} // namespace attnscope::kernels
