// The fast kernels against their slow references, on every instruction set this machine has.
#include "core/compute/support.h"
#include "kernels/covariance.h"
#include "kernels/first_step.h"
#include "kernels/neighbours.h"
#include "kernels/plane_grid.h"
#include "kernels/retrieval_pass.h"
#include "support/every_target.h"

#include <numeric>

namespace attnscope::test {
namespace {

using kernels::KeyBank;
using kernels::PassResult;
using kernels::Probe;

struct Sample {
    std::size_t n, d;
    std::vector<float> rows;
    std::vector<double> mean;
    KeyBank bank;

    Sample(std::size_t n_, std::size_t d_, std::vector<float> rows_) : n(n_), d(d_), rows(std::move(rows_)), mean(d) {
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t k = 0; k < d; ++k)
                mean[k] += static_cast<double>(rows[i * d + k]) / static_cast<double>(n);
        double longest = 0;
        for (std::size_t i = 0; i < n; ++i) {
            double squares = 0;
            for (std::size_t k = 0; k < d; ++k) {
                const double value = static_cast<double>(rows[i * d + k]) - mean[k];
                squares += value * value;
            }
            longest = std::max(longest, std::sqrt(squares));
        }
        bank = {rows.data(), n, d, mean, longest, {}};
    }
    std::vector<double> query(std::size_t i, double scale = 1) const {
        std::vector<double> out(d);
        for (std::size_t k = 0; k < d; ++k)
            out[k] = scale * (static_cast<double>(rows[i % n * d + k]) + 0.1 * random_normal(3, i, k));
        return out;
    }
};

void expect_same(const PassResult& fast, const PassResult& slow, const std::string& what) {
    expect_agreement(fast.entropy, slow.entropy, what + " entropy");
    expect_agreement(fast.max_weight, slow.max_weight, what + " max_weight");
    expect_agreement(fast.shift, slow.shift, what + " shift");
    EXPECT_NEAR(fast.log_mean_exp, slow.log_mean_exp, 1e-6 + 1e-5 * std::abs(slow.log_mean_exp)) << what;
    ASSERT_EQ(fast.update.size(), slow.update.size()) << what;
    double apart = 0, length = 0;
    for (std::size_t k = 0; k < slow.update.size(); ++k) {
        apart += std::pow(fast.update[k] - slow.update[k], 2);
        length += std::pow(slow.update[k], 2);
    }
    EXPECT_LE(std::sqrt(apart), 5e-5 * std::sqrt(length) + 1e-12) << what << " update";
}

/// States in company, and each alone.
void check_pass(const Sample& sample, const std::vector<double>& betas, std::size_t states, double scale = 1) {
    ThreadPool pool(2);
    JobContext context(pool);
    std::vector<std::vector<double>> queries;
    std::vector<std::vector<float>> logits(states, std::vector<float>(sample.n));
    std::vector<Probe> probes;
    for (std::size_t s = 0; s < states; ++s) queries.push_back(sample.query(s * 7, scale));
    for (std::size_t s = 0; s < states; ++s) probes.push_back({queries[s], betas[s % betas.size()], logits[s], true});
    const auto fast = retrieval_pass_cpu(sample.bank, probes, context, kernels::Sums::float32);
    std::vector<std::vector<float>> slow_logits(states, std::vector<float>(sample.n));
    std::vector<Probe> slow_probes = probes;
    for (std::size_t s = 0; s < states; ++s) slow_probes[s].logits = slow_logits[s];
    const auto slow = retrieval_pass_reference(sample.bank, slow_probes);
    for (std::size_t s = 0; s < states; ++s) {
        const std::string what = std::to_string(sample.n) + " × " + std::to_string(sample.d) + " β " +
                                 std::to_string(probes[s].beta) + " state " + std::to_string(s);
        expect_same(fast[s], slow[s], what);
        const double reach = std::abs(slow[s].max_logit) + 1;
        for (std::size_t i = 0; i < sample.n; ++i)
            ASSERT_NEAR(logits[s][i], slow_logits[s][i], 1e-5 * reach) << what << " row " << i;
        const auto alone =
            retrieval_pass_cpu(sample.bank, std::span(probes).subspan(s, 1), context, kernels::Sums::float32);
        expect_same(alone[0], slow[s], what + " alone");
    }
}

TEST(RetrievalPass, AgreesWithTheReferenceAtOddSizes) {
    on_every_target([] {
        for (const auto& [n, d, states] : {std::array<std::size_t, 3>{2, 1, 1},
                                           {3, 5, 2},
                                           {17, 3, 4},
                                           {129, 37, 5},
                                           {700, 100, 7},
                                           {1301, 96, 3},
                                           {65, 1027, 9}})
            check_pass(Sample(n, d, random_rows(n, d, n + d)), {0.5, 5, 50}, states);
    });
}

TEST(RetrievalPass, AgreesFromTheFlattestToTheSharpestSoftmax) {
    const Sample sample(1100, 48, random_rows(1100, 48, 4));
    on_every_target([&] { check_pass(sample, {1e-9, 1e-4, 0.1, 1, 10, 300, 3e3, 1e6}, 8); });
}

TEST(RetrievalPass, AgreesOnLargeValuesAndLongQueries) {
    const Sample sample(300, 33, random_rows(300, 33, 8, 3, 20, false));
    on_every_target([&] { check_pass(sample, {1e-6, 1e-3, 0.1, 10}, 4, 50); });
}

TEST(FirstStep, AgreesWithTheReferenceAtEveryBeta) {
    ThreadPool pool(2);
    JobContext context(pool);
    for (const auto& [n, d] : {std::array<std::size_t, 2>{2, 1}, {3, 5}, {700, 37}, {5000, 48}}) {
        const Sample sample(n, d, random_rows(n, d, n + d));
        const std::vector<double> query = sample.query(7);
        const retrieval::FirstStep table = kernels::first_step_table(sample.bank, query, 200, context);
        for (const double beta : {1e-9, 1e-3, 0.4, 5.0, 60.0, 200.0}) {
            std::vector<float> logits(n), slow_logits(n);
            const Probe probe{query, beta, logits, true}, slow_probe{query, beta, slow_logits, true};
            const auto fast = kernels::first_step_pass(table, sample.bank, probe, context);
            ASSERT_TRUE(fast) << n << " × " << d << " β " << beta;
            const PassResult slow = retrieval_pass_reference(sample.bank, {&slow_probe, 1}).front();
            expect_same(*fast, slow, std::to_string(n) + " × " + std::to_string(d) + " β " + std::to_string(beta));
            for (std::size_t i = 0; i < n; ++i)
                ASSERT_NEAR(logits[i], slow_logits[i], 1e-5 * (std::abs(slow.max_logit) + 1)) << i;
        }
    }
}

TEST(FirstStep, IsRightToWhatIsClaimedOfIt) {
    // Entropies within 10⁻⁶ of themselves, or of a nat where they are below one; no weight above 1.
    ThreadPool pool(2);
    JobContext context(pool);
    for (const auto& [n, d] : {std::array<std::size_t, 2>{5000, 48}, {3000, 384}}) {
        const Sample sample(n, d, random_rows(n, d, n + d));
        for (const std::size_t memory : {7u, 1234u}) {
            const std::vector<double> query = sample.query(memory);
            const retrieval::FirstStep table = kernels::first_step_table(sample.bank, query, 250, context);
            for (double beta = 0.5; beta <= 250; beta *= 1.7) {
                const Probe probe{query, beta, {}, true};
                const auto fast = kernels::first_step_pass(table, sample.bank, probe, context);
                ASSERT_TRUE(fast);
                const PassResult slow = retrieval_pass_reference(sample.bank, {&probe, 1}).front();
                EXPECT_NEAR(fast->entropy, slow.entropy, 1e-6 * std::max(1.0, slow.entropy)) << n << " β " << beta;
                EXPECT_NEAR(fast->max_weight, slow.max_weight, 1e-6 * slow.max_weight) << n << " β " << beta;
                EXPECT_LE(fast->max_weight, 1);
            }
        }
    }
}

TEST(FirstStep, IsNotUsedWhereItsBinsAreTooCoarse) {
    ThreadPool pool(1);
    JobContext context(pool);
    const Sample sample(500, 16, random_rows(500, 16, 9));
    const std::vector<double> query = sample.query(3);
    const retrieval::FirstStep table = kernels::first_step_table(sample.bank, query, 10, context);
    EXPECT_TRUE(kernels::first_step_pass(table, sample.bank, {query, 9.9, {}, true}, context));
    EXPECT_FALSE(kernels::first_step_pass(table, sample.bank, {query, 40, {}, true}, context));
}

TEST(RetrievalPass, EqualRowsShareTheirWeightExactly) {
    // 600 rows, every one there twice: in the same chunk, in another one, in a tile's tail.
    std::vector<float> half = random_rows(300, 19, 12), rows = half;
    rows.insert(rows.end(), half.begin(), half.end());
    const Sample sample(600, 19, rows);
    on_every_target([&] {
        check_pass(sample, {2, 2e4}, 2);
        ThreadPool pool(1);
        JobContext context(pool);
        const std::vector<double> query = sample.query(11);
        std::vector<float> logits(sample.n);
        const Probe probe{query, 1e5, logits, true};
        const PassResult result = retrieval_pass_cpu(sample.bank, {&probe, 1}, context, kernels::Sums::float32).front();
        for (std::size_t i = 0; i < 300; ++i) ASSERT_EQ(logits[i], logits[i + 300]) << i;
        EXPECT_NEAR(result.max_weight, 0.5, 1e-6);
        EXPECT_NEAR(result.entropy, std::log(2.0), 1e-5);
    });
}

TEST(RetrievalPass, IsBitIdenticalAtAnyThreadCount) {
    const Sample sample(5000, 40, random_rows(5000, 40, 21));
    std::vector<std::vector<double>> queries;
    std::vector<Probe> probes;
    for (std::size_t s = 0; s < 9; ++s) queries.push_back(sample.query(s));
    for (std::size_t s = 0; s < 9; ++s)
        probes.push_back({queries[s], std::pow(10, static_cast<double>(s) - 4), {}, true});
    std::vector<PassResult> first;
    for (const int threads : {1, 2, 3, 8}) {
        ThreadPool pool(threads);
        JobContext context(pool);
        auto results = retrieval_pass_cpu(sample.bank, probes, context, kernels::Sums::float32);
        if (first.empty()) first = results;
        for (std::size_t s = 0; s < probes.size(); ++s) {
            EXPECT_EQ(results[s].update, first[s].update) << threads << " threads, state " << s;
            EXPECT_EQ(results[s].entropy, first[s].entropy);
            EXPECT_EQ(results[s].log_mean_exp, first[s].log_mean_exp);
        }
    }
}

TEST(RetrievalPass, SumsASmallBankInFloat64) {
    ThreadPool pool(2);
    JobContext context(pool);
    const Sample sample(700, 33, random_rows(700, 33, 8));
    const std::vector<double> query = sample.query(4);
    for (const double beta : {1e-3, 5.0, 400.0}) {
        std::vector<float> logits(sample.n), slow_logits(sample.n);
        const Probe probe{query, beta, logits, true}, slow_probe{query, beta, slow_logits, true};
        const PassResult got = retrieval_pass_cpu(sample.bank, {&probe, 1}, context, kernels::Sums::float64).front();
        const PassResult expected = retrieval_pass_reference(sample.bank, {&slow_probe, 1}).front();
        EXPECT_NEAR(got.entropy, expected.entropy, 1e-11) << beta;
        // Rows are centred by a mean that was rounded to float32, which moves all logits alike.
        EXPECT_NEAR(got.log_mean_exp, expected.log_mean_exp, 1e-8 * (1 + std::abs(expected.log_mean_exp))) << beta;
        for (std::size_t k = 0; k < sample.d; ++k)
            EXPECT_NEAR(got.update[k], expected.update[k], 1e-11) << beta << ", " << k;
        for (std::size_t i = 0; i < sample.n; ++i)
            EXPECT_NEAR(logits[i], slow_logits[i], 1e-6 * beta * sample.d) << beta << ", " << i;
    }
}

TEST(RetrievalPass, ReadsRowsAtAnyAlignment) {
    const Sample aligned(200, 21, random_rows(200, 21, 3));
    std::vector<float> shifted(aligned.rows.size() + 1);
    std::copy(aligned.rows.begin(), aligned.rows.end(), shifted.begin() + 1);
    KeyBank moved = aligned.bank;
    moved.keys = shifted.data() + 1;
    ThreadPool pool(1);
    JobContext context(pool);
    const std::vector<double> query = aligned.query(4);
    const Probe probe{query, 8, {}, true};
    EXPECT_EQ(retrieval_pass_cpu(moved, {&probe, 1}, context, kernels::Sums::float32)[0].update,
              retrieval_pass_cpu(aligned.bank, {&probe, 1}, context, kernels::Sums::float32)[0].update);
}

TEST(RetrievalPass, StopsWhenItIsNoLongerWanted) {
    const Sample sample(3000, 16, random_rows(3000, 16, 3));
    ThreadPool pool(2);
    std::stop_source stop;
    stop.request_stop();
    JobContext context(pool, {.device = {}, .stop = stop.get_token(), .on_progress = {}, .on_snapshot = {}});
    const std::vector<double> query = sample.query(4);
    const Probe probe{query, 8, {}, true};
    EXPECT_THROW(retrieval_pass_cpu(sample.bank, {&probe, 1}, context, kernels::Sums::float32), Cancelled);
}

TEST(Covariance, AgreesWithTheReferenceAndDoesNotDependOnThreads) {
    for (const auto& [n, d] : {std::array<std::size_t, 2>{2, 1}, {5, 3}, {1300, 50}, {200, 131}}) {
        const Sample sample(n, d, random_rows(n, d, n));
        const auto slow = kernels::covariance_reference(sample.rows.data(), n, d, sample.mean);
        on_every_target([&, n = n, d = d] {
            ThreadPool one(1), three(3);
            JobContext single(one), triple(three);
            const auto mean = kernels::column_means(sample.rows.data(), n, d, single);
            EXPECT_EQ(mean, kernels::column_means(sample.rows.data(), n, d, triple));
            for (std::size_t k = 0; k < d; ++k) ASSERT_NEAR(mean[k], sample.mean[k], 1e-12);
            const auto fast = kernels::covariance(sample.rows.data(), n, d, sample.mean, single);
            EXPECT_EQ(fast.matrix, kernels::covariance(sample.rows.data(), n, d, sample.mean, triple).matrix);
            for (std::size_t i = 0; i < d * d; ++i) ASSERT_NEAR(fast.matrix[i], slow.matrix[i], 1e-6) << i;
            for (std::size_t i = 0; i < n; ++i) {
                ASSERT_NEAR(fast.raw_norms[i], slow.raw_norms[i], 1e-9);
                ASSERT_NEAR(fast.centered_norms[i], slow.centered_norms[i], 1e-9);
                ASSERT_NEAR(fast.mean_products[i], slow.mean_products[i], 1e-6);
            }
        });
    }
}

TEST(Neighbours, AgreeWithTheReference) {
    std::vector<float> rows = random_rows(900, 23, 6);
    std::copy_n(rows.begin() + 40 * 23, 23, rows.begin() + 700 * 23); // 700 repeats 40
    const Sample sample(900, 23, rows);
    std::vector<std::uint32_t> memories(sample.n);
    std::iota(memories.begin(), memories.end(), 0u);
    const auto slow = kernels::nearest_neighbours_reference(sample.bank, memories);
    on_every_target([&] {
        ThreadPool pool(2);
        JobContext context(pool);
        const auto fast = kernels::nearest_neighbours(sample.bank, memories, context);
        for (std::size_t i = 0; i < memories.size(); ++i) {
            ASSERT_NEAR(fast[i].gap, slow[i].gap, 1e-12) << i;
            ASSERT_EQ(fast[i].index, slow[i].index) << i;
        }
        EXPECT_EQ(fast[40].index, 700u);
        EXPECT_EQ(fast[40].gap, 0);
    });
}

TEST(Neighbours, OfNearCopiesLoseNoDigits) {
    // Every row has a neighbour so near that their float32 products are equal, and one a little farther off; the rows
    // lie far from the origin, so that centring in float32 rounds too.
    const std::size_t n = 900, d = 23;
    for (const double shift : {0.3, 40.0}) {
        std::vector<float> rows = random_rows(n, d, 6, 5, shift, false);
        for (std::size_t i = 300; i < n; ++i)
            for (std::size_t k = 0; k < d; ++k) {
                const double noise = (i < 600 ? 2e-6 : 4e-6) * random_normal(8, i, k);
                rows[i * d + k] = static_cast<float>(rows[i % 300 * d + k] * (1 + noise));
            }
        const Sample sample(n, d, rows);
        std::vector<std::uint32_t> memories(n);
        std::iota(memories.begin(), memories.end(), 0u);
        const auto slow = kernels::nearest_neighbours_reference(sample.bank, memories);
        on_every_target([&] {
            ThreadPool pool(2);
            JobContext context(pool);
            const auto fast = kernels::nearest_neighbours(sample.bank, memories, context);
            for (std::size_t i = 0; i < n; ++i) {
                ASSERT_EQ(fast[i].index, slow[i].index) << i;
                ASSERT_NEAR(fast[i].gap, slow[i].gap, 1e-9 * std::abs(slow[i].gap)) << i;
            }
        });
    }
}

TEST(PlaneGrid, AgreesWithTheReference) {
    std::vector<float> a, b, c;
    for (std::uint64_t i = 0; i < 2500; ++i) {
        a.push_back(static_cast<float>(random_normal(1, 1, i)));
        b.push_back(static_cast<float>(random_normal(1, 2, i)));
        c.push_back(static_cast<float>(0.3 * random_normal(1, 3, i)));
    }
    const kernels::GridAxis x{-2, 2, 7}, y{-1, 3, 5};
    for (const double beta : {0.01, 1.0, 40.0}) {
        const auto slow = kernels::plane_log_sums_reference(a, b, c, beta, x, y);
        on_every_target([&] {
            ThreadPool pool(2);
            JobContext context(pool);
            const auto fast = kernels::plane_log_sums(a, b, c, beta, x, y, context);
            ASSERT_EQ(fast.size(), slow.size());
            for (std::size_t i = 0; i < slow.size(); ++i) EXPECT_NEAR(fast[i], slow[i], 1e-5 * (1 + std::abs(slow[i])));
        });
    }
}

} // namespace
} // namespace attnscope::test
