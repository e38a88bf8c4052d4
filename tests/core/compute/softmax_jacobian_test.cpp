// The fused sums of the softmax Jacobian against plain loops, and the identities they must keep.
#include "kernels/softmax_jacobian.h"
#include "support/every_target.h"

#include <attnscope/job.h>

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace attnscope::test {
namespace {

using kernels::JacobianSums;

/// Softmax rows over the keys a query sees, and gradients with values at all keys.
struct Map {
    std::size_t length;
    std::vector<float> a, g;
};

Map random_map(std::size_t length, bool causal, double offset = 0) {
    Map map{length, std::vector<float>(length * length), std::vector<float>(length * length)};
    for (std::size_t t = 0; t < length; ++t) {
        const std::size_t keys = causal ? t + 1 : length;
        std::vector<double> weights(keys);
        double sum = 0;
        for (std::size_t k = 0; k < keys; ++k) sum += weights[k] = std::exp(2 * random_normal(5, t, k));
        for (std::size_t k = 0; k < keys; ++k) map.a[t * length + k] = static_cast<float>(weights[k] / sum);
        for (std::size_t k = 0; k < length; ++k)
            map.g[t * length + k] = static_cast<float>(offset + random_normal(6, t, k));
    }
    return map;
}

void expect_same(double value, double expected, const char* what) {
    EXPECT_NEAR(value, expected, 1e-9 * std::abs(expected) + 1e-12) << what;
}

void expect_same(const JacobianSums& sums, const JacobianSums& expected) {
    EXPECT_EQ(sums.rows, expected.rows);
    EXPECT_EQ(sums.positive, expected.positive);
    expect_same(sums.mass, expected.mass, "mass");
    expect_same(sums.future_mass, expected.future_mass, "future mass");
    EXPECT_NEAR(sums.entropy, expected.entropy, 1e-6 * expected.entropy + 1e-7);
    expect_same(sums.full, expected.full, "full");
    expect_same(sums.diagonal, expected.diagonal, "diagonal");
    expect_same(sums.lateral, expected.lateral, "lateral");
    EXPECT_NEAR(sums.cross, expected.cross, 1e-9 * (expected.diagonal + expected.lateral));
    expect_same(sums.straight, expected.straight, "straight");
    expect_same(sums.visible_straight, expected.visible_straight, "visible straight");
    expect_same(sums.gradient, expected.gradient, "gradient");
    expect_same(sums.visible_gradient, expected.visible_gradient, "visible gradient");
}

TEST(SoftmaxJacobian, AgreesWithPlainLoopsOnEveryInstructionSet) {
    on_every_target([] {
        for (const bool causal : {true, false}) {
            for (const std::size_t length : {1, 2, 7, 8, 33, 130}) {
                // The offset is what float32 products would lose: nearly equal gradients.
                const Map map = random_map(length, causal, 1000);
                const kernels::JacobianRows rows{map.a.data(), map.g.data(), length, length, length, 0, causal};
                expect_same(kernels::softmax_jacobian(rows), kernels::softmax_jacobian_reference(rows));
                const std::size_t part = length / 3;
                const kernels::JacobianRows last{map.a.data() + part * length,
                                                 map.g.data() + part * length,
                                                 length - part,
                                                 length,
                                                 length,
                                                 part,
                                                 causal};
                expect_same(kernels::softmax_jacobian(last), kernels::softmax_jacobian_reference(last));
            }
        }
    });
}

TEST(SoftmaxJacobian, EnergiesAddUpToOneAndCausalRowsHaveTheMeanOfTheirLength) {
    constexpr std::size_t length = 48;
    const Map map = random_map(length, true);
    const std::vector sums{kernels::softmax_jacobian_map(map.a.data(), map.g.data(), length, true)};
    const jacobian::HeadMetrics head = kernels::head_metrics(3, 2, sums);
    EXPECT_EQ(head.layer, 3);
    EXPECT_EQ(head.head, 2);
    EXPECT_NEAR(head.r_diag + head.energy_off + head.energy_cross, 1, 1e-12);
    EXPECT_NEAR(head.r_diag + head.r_offdiag, 1, 1e-15);
    EXPECT_NEAR(head.a_mean, 2.0 / (length + 1), 1e-7);
    EXPECT_GT(head.cos_ste_unmasked, head.cos_ste);
}

TEST(SoftmaxJacobian, HasEnergiesOfAnyGradientAndSmallCosinesOfOneNearZero) {
    constexpr std::size_t length = 20;
    Map map = random_map(length, true);
    const std::vector sums{kernels::softmax_jacobian_map(map.a.data(), map.g.data(), length, true)};
    const jacobian::HeadMetrics head = kernels::head_metrics(0, 0, sums);
    EXPECT_EQ(head.floored, 0);
    for (float& g : map.g) g = std::ldexp(g, -60);
    const std::vector small{kernels::softmax_jacobian_map(map.a.data(), map.g.data(), length, true)};
    const jacobian::HeadMetrics near_zero = kernels::head_metrics(0, 0, small);
    EXPECT_EQ(near_zero.floored, 1);
    EXPECT_NEAR(near_zero.r_diag, head.r_diag, 1e-9);
    EXPECT_NEAR(near_zero.energy_cross, head.energy_cross, 1e-9);
    const double norms = std::sqrt(small[0].diagonal * small[0].full);
    EXPECT_NEAR(near_zero.cos_diag, head.cos_diag * norms / 1e-8, 1e-9 * norms / 1e-8);
}

TEST(SoftmaxJacobian, HasNoNumberWhereThereIsNoGradient) {
    // One key has all the weight: nothing can move.
    const float one = 1, gradient = 3;
    const std::vector sums{kernels::softmax_jacobian_map(&one, &gradient, 1, true)};
    const jacobian::HeadMetrics head = kernels::head_metrics(0, 0, sums);
    EXPECT_EQ(head.a_mean, 1);
    EXPECT_EQ(head.entropy, 0);
    for (const jacobian::Metric metric : jacobian::metrics) {
        const bool of_gradient = metric != jacobian::Metric::a_mean && metric != jacobian::Metric::entropy;
        EXPECT_EQ(std::isnan(head.value(metric)), of_gradient) << choice_name(metric);
    }
}

TEST(SoftmaxJacobian, LeavesSequencesWithoutAGradientOutOfCosinesAndCountsThem) {
    constexpr std::size_t length = 12;
    const Map map = random_map(length, true);
    const auto sums_of = [](const Map& of) {
        return kernels::softmax_jacobian_map(of.a.data(), of.g.data(), length, true);
    };
    Map flat = map, certain = map;
    std::fill(flat.g.begin(), flat.g.end(), 0.0f); // nothing depends on this sequence
    for (std::size_t row = 0; row < length; ++row)
        for (std::size_t key = 0; key < length; ++key)
            certain.a[row * length + key] = key == row / 2 ? 1.0f : 0.0f; // nothing can move
    const jacobian::HeadMetrics alone = kernels::head_metrics(0, 0, std::vector{sums_of(map)});
    EXPECT_EQ(alone.sequences, 1u);
    EXPECT_EQ(alone.undefined, 0u);
    const jacobian::HeadMetrics head =
        kernels::head_metrics(0, 0, std::vector{sums_of(flat), sums_of(map), sums_of(certain)});
    EXPECT_EQ(head.sequences, 3u);
    EXPECT_EQ(head.undefined, 2u);
    EXPECT_EQ(head.undefined_unmasked, 2u);
    for (const auto metric :
         {jacobian::Metric::cos_diag, jacobian::Metric::cos_ste, jacobian::Metric::cos_ste_unmasked}) {
        EXPECT_NEAR(head.value(metric), alone.value(metric), 1e-14) << choice_name(metric);
        EXPECT_EQ(head.left_out(metric), 2u);
    }
    EXPECT_EQ(head.left_out(jacobian::Metric::r_diag), 0u);
    // Of keys that are not masked, none has a gradient, though the future has: one cosine more is missing.
    Map future = map;
    for (std::size_t row = 0; row < length; ++row)
        for (std::size_t key = 0; key < length; ++key) {
            future.a[row * length + key] = 1.0f / length;
            future.g[row * length + key] = key > row ? 1.0f + static_cast<float>(key) : 0.0f;
        }
    const jacobian::HeadMetrics ahead = kernels::head_metrics(
        0, 0, std::vector{kernels::softmax_jacobian_map(future.a.data(), future.g.data(), length, false)});
    EXPECT_EQ(ahead.undefined, 0u);
    EXPECT_EQ(ahead.undefined_unmasked, 1u);
    EXPECT_TRUE(std::isnan(ahead.cos_ste_unmasked));
    const jacobian::HeadMetrics nothing = kernels::head_metrics(0, 0, std::vector{sums_of(flat), sums_of(certain)});
    EXPECT_EQ(nothing.undefined, nothing.sequences);
    EXPECT_TRUE(std::isnan(nothing.cos_diag) && std::isnan(nothing.cos_ste) && std::isnan(nothing.cos_ste_unmasked));
}

TEST(SoftmaxJacobian, SumOfARowIsTheProductOfContextAndItsGradient) {
    constexpr std::size_t keys = 19, width = 6;
    std::vector<float> a(keys), g(keys);
    double sum = 0, inner = 0;
    for (std::size_t k = 0; k < keys; ++k) sum += a[k] = static_cast<float>(std::exp(random_normal(1, 0, k)));
    std::vector<double> context(width), context_gradient(width);
    for (std::size_t i = 0; i < width; ++i) context_gradient[i] = random_normal(1, 1, i);
    for (std::size_t k = 0; k < keys; ++k) {
        a[k] = static_cast<float>(a[k] / sum);
        double product = 0;
        for (std::size_t i = 0; i < width; ++i) {
            const double value = random_normal(1, 2, k * width + i);
            context[i] += a[k] * value;
            product += context_gradient[i] * value;
        }
        g[k] = static_cast<float>(product);
    }
    for (std::size_t i = 0; i < width; ++i) inner += context_gradient[i] * context[i];
    const jacobian::Row row = jacobian::softmax_row(a, g);
    EXPECT_NEAR(row.inner, inner, 1e-6);
    for (std::size_t k = 0; k < keys; ++k) EXPECT_NEAR(row.full[k], row.diagonal[k] + row.lateral[k], 1e-12);
}

} // namespace
} // namespace attnscope::test
