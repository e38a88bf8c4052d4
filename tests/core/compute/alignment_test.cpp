// Operators, angles and matched heads from weights, against operators that are formed.
#include "analyses/alignment/compute/entry_points.h"
#include "analyses/alignment/compute/layers.h"
#include "analyses/alignment/compute/spectrum.h"
#include "models/language_model.h"
#include "support/error_of.h"
#include "support/temporary_folder.h"
#include "support/tiny_models.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/linalg_svdvals.h>
#include <ATen/ops/mm.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <stop_token>

namespace attnscope::test {
namespace {

using alignment::Basis;
using alignment::Operators;

at::Tensor random_rows(std::int64_t rows, std::int64_t columns, std::uint64_t stream) {
    at::Tensor matrix = at::empty({rows, columns}, at::kFloat);
    for (std::int64_t i = 0; i < rows * columns; ++i)
        matrix.data_ptr<float>()[i] = static_cast<float>(random_normal(11, stream, static_cast<std::uint64_t>(i)));
    return matrix;
}

/// 3 layers, 4 heads in 2 groups, head_dim 5, hidden 24.
compute::FactorSource random_source() {
    compute::FactorSource source;
    source.layers = 3;
    source.heads = source.right_heads = 4;
    source.left_heads = 2;
    source.head_dim = 5;
    source.hidden = 24;
    source.read = [](int layer) {
        return compute::LayerFactors{random_rows(10, 24, 2 * static_cast<std::uint64_t>(layer)).view({2, 5, 24}),
                                     random_rows(20, 24, 2 * static_cast<std::uint64_t>(layer) + 1).view({4, 5, 24})};
    };
    return source;
}

at::Tensor formed(const compute::FactorSource& source, int layer, int head) {
    const compute::LayerFactors factors = source.read(layer);
    return at::mm(factors.left[source.left_of(head)].t().to(at::kDouble),
                  factors.right[source.right_of(head)].to(at::kDouble));
}

Operators made(const compute::FactorSource& source, Basis basis, int topk = 4) {
    ThreadPool pool(2);
    JobContext context(pool);
    Operators operators;
    operators.basis = basis;
    operators.topk = topk;
    compute::fill_operators(source, operators, context);
    return operators;
}

TEST(AlignmentOperators, AreThoseOfTheFormedMatrices) {
    const compute::FactorSource source = random_source();
    const Operators operators = made(source, Basis::symmetric);
    ASSERT_EQ(operators.values, 10);
    for (int head = 0; head < 4; ++head)
        for (int a = 0; a < 3; ++a) {
            const at::Tensor g = formed(source, a, head);
            for (int b = 0; b < 3; ++b) {
                const double gram = g.mul(formed(source, b, head)).sum().item<double>();
                EXPECT_NEAR(operators.at(a, b, head), gram, 1e-5 * operators.at(a, a, head));
            }
            const at::Tensor symmetric = g.add(g.t()).div(2);
            const auto [values, vectors] = at::linalg_eigh(symmetric);
            std::vector<double> expected(values.const_data_ptr<double>(), values.const_data_ptr<double>() + 24);
            std::stable_sort(expected.begin(), expected.end(),
                             [](double x, double y) { return std::abs(x) > std::abs(y); });
            for (std::size_t i = 0; i < 10; ++i)
                EXPECT_NEAR(operators.spectrum[operators.pair(a, head) * 10 + i], expected[i],
                            1e-9 * std::abs(expected[0]));
            for (std::size_t k = 0; k < 4; ++k) {
                at::Tensor v = at::empty({24, 1}, at::kDouble);
                const float* const from = operators.directions.data() + (operators.pair(a, head) * 4 + k) * 24;
                std::copy_n(from, 24, v.data_ptr<double>());
                EXPECT_NEAR(v.norm().item<double>(), 1, 1e-6);
                EXPECT_LT(at::mm(symmetric, v).sub(v.mul(expected[k])).norm().item<double>(),
                          1e-4 * std::abs(expected[0]));
            }
        }
}

TEST(AlignmentOperators, SingularDirectionsAreThoseOfTheFormedMatrices) {
    const compute::FactorSource source = random_source();
    for (const Basis basis : {Basis::left, Basis::right}) {
        const Operators operators = made(source, basis, 2);
        ASSERT_EQ(operators.values, 5);
        at::Tensor g = formed(source, 1, 2);
        if (basis == Basis::left) g = g.t();
        const at::Tensor values = at::linalg_svdvals(g);
        at::Tensor v = at::empty({24, 1}, at::kDouble);
        std::copy_n(operators.directions.data() + operators.pair(1, 2) * 2 * 24, 24, v.data_ptr<double>());
        EXPECT_NEAR(operators.spectrum[operators.pair(1, 2) * 5], values[0].item<double>(),
                    1e-9 * values[0].item<double>());
        EXPECT_NEAR(at::mm(g, v).norm().item<double>(), values[0].item<double>(), 1e-5 * values[0].item<double>());
    }
}

/// Sylvester's law: half of the eigenvalues are positive as long as [W_Q; W_K] has full rank. Where both are the same
/// matrix the operator is WᵀW: none is negative, and the others are zero.
TEST(AlignmentOperators, HalfOfTheEigenvaluesArePositiveUnlessRankIsLost) {
    compute::FactorSource source = random_source();
    const auto positive = [](const Operators& operators) {
        return std::count_if(operators.spectrum.begin(), operators.spectrum.end(), [](double x) { return x > 0; });
    };
    EXPECT_EQ(positive(made(source, Basis::symmetric)), 3 * 4 * 5);
    source.left_heads = 4;
    source.read = [](int layer) {
        const at::Tensor tied = random_rows(20, 24, static_cast<std::uint64_t>(layer)).view({4, 5, 24});
        return compute::LayerFactors{tied, tied};
    };
    const Operators tied = made(source, Basis::symmetric);
    EXPECT_EQ(positive(tied), 3 * 4 * 5);
    EXPECT_EQ(std::count(tied.spectrum.begin(), tied.spectrum.end(), 0.0), 3 * 4 * 5) << "a rank of 5, not 10";
    // Half of a head's rows tied: 2·5 − 2 directions are left, two of them from squares alone.
    source.read = [](int layer) {
        const at::Tensor right = random_rows(20, 24, static_cast<std::uint64_t>(layer)).view({4, 5, 24});
        const at::Tensor left = random_rows(20, 24, 50 + static_cast<std::uint64_t>(layer)).view({4, 5, 24});
        left.narrow(1, 0, 2).copy_(right.narrow(1, 0, 2));
        return compute::LayerFactors{left, right};
    };
    const Operators partly = made(source, Basis::symmetric);
    EXPECT_EQ(positive(partly), 3 * 4 * 5);
    EXPECT_EQ(std::count(partly.spectrum.begin(), partly.spectrum.end(), 0.0), 3 * 4 * 2);
}

TEST(AlignmentOperators, DoNotDependOnTheNumberOfThreads) {
    const compute::FactorSource source = random_source();
    ThreadPool one(1);
    JobContext context(one);
    Operators alone;
    alone.topk = 4;
    compute::fill_operators(source, alone, context);
    const Operators both = made(source, Basis::symmetric);
    EXPECT_EQ(alone.gram, both.gram);
    EXPECT_EQ(alone.directions, both.directions);
    EXPECT_EQ(alone.spectrum, both.spectrum);
}

/// Models of Gaussian weights: how often the mean agreement of their signs lies within what chance is said to give.
class SignChance : public testing::TestWithParam<std::array<int, 4>> {};

TEST_P(SignChance, HoldsNineteenOfTwentyRandomModels) {
    constexpr int models = 800;
    const auto [layers, heads, head_dim, hidden] = GetParam();
    ThreadPool pool(2);
    JobContext context(pool);
    const alignment::SignChance chance = alignment::compute_sign_chance({layers, heads, head_dim, hidden}, context);
    const std::vector<int> counts = alignment::sign_counts(std::min(2 * head_dim, hidden));
    ASSERT_EQ(chance.rows.size(), counts.size());
    std::vector<std::vector<double>> means(models);
    context.parallel_for(models, [&, sizes = GetParam()](std::size_t model, int) {
        compute::FactorSource source;
        source.layers = sizes[0];
        source.heads = source.right_heads = sizes[1];
        source.left_heads = sizes[1] / 2; // in groups that share a factor
        source.head_dim = sizes[2];
        source.hidden = sizes[3];
        const auto factor = [&](int layer, std::int64_t of, std::int64_t side) {
            const auto stream =
                1000 * (model + 1) + 2 * static_cast<std::uint64_t>(layer) + static_cast<std::uint64_t>(side);
            return random_rows(of * source.head_dim, source.hidden, stream).view({of, source.head_dim, source.hidden});
        };
        source.read = [&](int layer) {
            return compute::LayerFactors{factor(layer, source.left_heads, 0), factor(layer, source.right_heads, 1)};
        };
        Operators operators;
        operators.topk = 1;
        ThreadPool one(1);
        JobContext alone(one);
        compute::fill_operators(source, operators, alone);
        const alignment::Comparison nothing{std::vector<double>(operators.gram.size()), {}, {}, {}};
        for (const auto& row : alignment::profile(operators, nothing, -1).sign_agreement)
            means[model].push_back(row.mean);
    });
    double all_within = 0, all_of_independent_signs = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
        const alignment::Range range = chance.range(counts[i], -1);
        int within = 0, of_independent_signs = 0;
        const double centre = 0.5 + 0.5 / layers,
                     deviation = 0.5 * std::sqrt((layers - 1.0) / (heads * counts[i])) / layers;
        for (const std::vector<double>& mean : means) {
            within += range.low <= mean[i] && mean[i] <= range.high;
            of_independent_signs += std::abs(mean[i] - centre) <= alignment::two_sided * deviation;
        }
        std::printf("%d layers, %d heads, %d of %d, k %d: %.1f %% within, %.1f %% for independent signs\n", layers,
                    heads, head_dim, hidden, counts[i], 100.0 * within / models, 100.0 * of_independent_signs / models);
        EXPECT_GE(within, models * 93 / 100) << "k " << counts[i];
        // Where few values are possible, the ends of the range are among them.
        EXPECT_LE(within, models * (counts[i] * heads * layers < 100 ? 99 : 97) / 100) << "k " << counts[i];
        all_within += 100.0 * within / models / static_cast<double>(counts.size());
        all_of_independent_signs += 100.0 * of_independent_signs / models / static_cast<double>(counts.size());
    }
    EXPECT_NEAR(all_within, 95.5, 1.5);
    EXPECT_LT(all_of_independent_signs, 92) << "what the range is not";
}

INSTANTIATE_TEST_SUITE_P(Shapes, SignChance,
                         testing::Values(std::array{6, 4, 8, 48}, std::array{4, 4, 8, 32}, std::array{4, 4, 24, 32}));

class AlignmentModel : public testing::Test {
protected:
    alignment::Request request_of(const std::string& architecture) {
        const auto path = folder / architecture;
        std::filesystem::create_directory(path);
        TinyModel(architecture).write(path);
        alignment::Request request;
        request.model = std::make_shared<const models::LoadedModel>(open_model_files(path));
        request.topk = 2;
        return request;
    }
    TemporaryFolder folder;
    ThreadPool pool{2};
    JobContext context{pool};
};

TEST_F(AlignmentModel, EveryFamilyHasQkAndOvOperators) {
    for (const char* const architecture :
         {"GPT2LMHeadModel", "GPTNeoXForCausalLM", "LlamaForCausalLM", "Qwen3ForCausalLM"}) {
        alignment::Request request = request_of(architecture);
        const compute::FactorSource qk = compute::factors_of(request);
        const Operators raw = compute::alignment_operators(request, context);
        EXPECT_NEAR(raw.at(0, 0, 0), formed(qk, 0, 0).square().sum().item<double>(), 1e-5 * raw.at(0, 0, 0));
        request.kind = alignment::Operator::ov;
        const Operators ov = compute::alignment_operators(request, context);
        EXPECT_NEAR(ov.at(1, 1, 1), formed(compute::factors_of(request), 1, 1).square().sum().item<double>(),
                    1e-5 * ov.at(1, 1, 1));
        EXPECT_NE(ov.at(1, 1, 1), raw.at(1, 1, 1));
        request.norm_gain = true;
        EXPECT_NE(compute::alignment_operators(request, context).gram, ov.gram) << architecture;
    }
}

TEST_F(AlignmentModel, HeadsAreMatchedWithWhomTheyWereSwapped) {
    TinyModel model("GPT2LMHeadModel");
    // The second layer is the first with its heads in another order.
    for (const char* const part : {"attn.c_attn.weight"}) {
        std::string first, second;
        for (const auto& [name, weight] : model.weights) {
            if (name.find("h.0." + std::string(part)) != std::string::npos) first = name;
            if (name.find("h.1." + std::string(part)) != std::string::npos) second = name;
        }
        const auto& from = model.weights[first];
        auto& to = model.weights[second];
        const std::int64_t hidden = from.shape[0], columns = from.shape[1], heads = model.config["n_head"];
        const std::int64_t head_dim = hidden / heads;
        for (std::int64_t row = 0; row < hidden; ++row)
            for (std::int64_t column = 0; column < columns; ++column) {
                const std::int64_t block = column / hidden, head = column % hidden / head_dim;
                const std::int64_t other = block * hidden + (head + 1) % heads * head_dim + column % head_dim;
                to.values[static_cast<std::size_t>(row * columns + other)] =
                    from.values[static_cast<std::size_t>(row * columns + column)];
            }
    }
    std::filesystem::create_directory(folder / "swapped");
    model.write(folder / "swapped");
    alignment::Request request;
    request.model = std::make_shared<const models::LoadedModel>(open_model_files(folder / "swapped"));
    request.topk = 2;
    const auto operators = std::make_shared<const Operators>(compute::alignment_operators(request, context));
    const auto heads = static_cast<std::int32_t>(operators->heads);
    for (const bool of_operators : {true, false}) {
        const auto matching = compute::alignment_match({operators, of_operators ? request.model : nullptr, 1}, context);
        for (std::int32_t head = 0; head < heads; ++head) {
            EXPECT_EQ(matching.partner[static_cast<std::size_t>(head)], (head + 1) % heads);
            EXPECT_NEAR(matching.cos[static_cast<std::size_t>(head)], 1, 1e-5);
            EXPECT_EQ(matching.partner[static_cast<std::size_t>(heads + head)], head) << "the anchor with itself";
        }
        EXPECT_NEAR(matching.matched[0], 1, 1e-5);
        EXPECT_LT(matching.by_index[0], 0.9);
    }
}

TEST_F(AlignmentModel, StopsWhenNobodyWaits) {
    const alignment::Request request = request_of("LlamaForCausalLM");
    std::stop_source stop;
    stop.request_stop();
    JobContext stopped(pool, {.stop = stop.get_token()});
    EXPECT_THROW(compute::alignment_operators(request, stopped), Cancelled);
    EXPECT_EQ(message_of([&] { compute::alignment_operators({}, context); }),
              "model: expected an opened model, got none");
}

TEST(Assignment, IsTheBestOfAllPermutations) {
    for (std::uint64_t trial = 0; trial < 20; ++trial) {
        constexpr int n = 6;
        std::vector<double> value(n * n);
        for (std::size_t i = 0; i < value.size(); ++i) value[i] = random_uniform(trial, 3, i);
        std::vector<std::int32_t> order(n);
        std::iota(order.begin(), order.end(), 0);
        const auto sum = [&](const std::vector<std::int32_t>& partner) {
            double total = 0;
            for (int i = 0; i < n; ++i)
                total += value[static_cast<std::size_t>(i * n + partner[static_cast<std::size_t>(i)])];
            return total;
        };
        double best = 0;
        do best = std::max(best, sum(order));
        while (std::next_permutation(order.begin(), order.end()));
        EXPECT_DOUBLE_EQ(sum(alignment::assign(value, n)), best);
    }
}

} // namespace
} // namespace attnscope::test
