// The CUDA pass against the float64 reference, on the first device.
#include "core/compute/support.h"
#include "kernels/devices.h"
#include "kernels/retrieval_pass.h"

#include <cstdio>

namespace attnscope::test {
namespace {

using kernels::KeyBank;
using kernels::PassResult;
using kernels::Probe;

bool no_device() {
    return compute::devices().size() < 2;
}

TEST(GpuRetrievalPass, AgreesWithTheReference) {
    if (no_device()) GTEST_SKIP() << "no CUDA device";
    for (const auto& [n, d] : {std::array<std::size_t, 2>{2, 1}, {3000, 96}, {1301, 37}, {900, 1027}}) {
        const auto bank = random_bank(n, d);
        Workplace work(bank);
        JobContext context(work.pool,
                           {.device = {Device::Kind::cuda, 0}, .stop = {}, .on_progress = {}, .on_snapshot = {}});
        const KeyBank keys{bank->keys.data(), n, d, work.spectrum.mean, work.spectrum.max_centered_norm, bank};
        const double betas[] = {1e-6, 0.1, 1, 20, 300, 1e5};
        std::vector<std::vector<double>> queries;
        std::vector<std::vector<float>> logits(std::size(betas), std::vector<float>(n));
        std::vector<Probe> probes;
        for (std::size_t s = 0; s < std::size(betas); ++s) {
            const retrieval::Query query = noisy_memory(*bank, s % n);
            queries.emplace_back(query.begin(), query.end());
        }
        for (std::size_t s = 0; s < std::size(betas); ++s) probes.push_back({queries[s], betas[s], logits[s], s != 2});
        const auto first = retrieval_pass(keys, probes, context);
        const auto again = retrieval_pass(keys, probes, context);
        const auto slow = retrieval_pass_reference(keys, probes);
        for (std::size_t s = 0; s < probes.size(); ++s) {
            const std::string what = std::to_string(n) + " × " + std::to_string(d) + " β " + std::to_string(betas[s]);
            expect_agreement(first[s].entropy, slow[s].entropy, what + " entropy");
            expect_agreement(first[s].max_weight, slow[s].max_weight, what + " max_weight");
            EXPECT_NEAR(first[s].log_mean_exp, slow[s].log_mean_exp, 1e-6 + 1e-5 * std::abs(slow[s].log_mean_exp));
            EXPECT_EQ(first[s].update, again[s].update) << what;
            ASSERT_EQ(first[s].update.size(), slow[s].update.size());
            double apart = 0, length = 0;
            for (std::size_t k = 0; k < slow[s].update.size(); ++k) {
                apart += std::pow(first[s].update[k] - slow[s].update[k], 2);
                length += std::pow(slow[s].update[k], 2);
            }
            EXPECT_LE(std::sqrt(apart), 1e-4 * std::sqrt(length) + 1e-12) << what;
        }
    }
}

TEST(GpuRetrievalPass, TracesAgreeWithTheCpu) {
    if (no_device()) GTEST_SKIP() << "no CUDA device";
    const auto bank = random_bank(5000, 64);
    Workplace work(bank);
    retrieval::TraceRequest request;
    request.bank = bank;
    request.queries = {noisy_memory(*bank, 3), noisy_memory(*bank, 4)};
    request.modes.assign(retrieval::all_modes.begin(), retrieval::all_modes.end());
    request.tolerance = 0;
    JobContext gpu(work.pool, {.device = {Device::Kind::cuda, 0}, .stop = {}, .on_progress = {}, .on_snapshot = {}});
    const auto left = compute::traces(request, work.spectrum, work.context);
    const auto right = compute::traces(request, work.spectrum, gpu);
    for (std::size_t i = 0; i < left.traces.size(); ++i) {
        for (std::size_t t = 1; t < left.traces[i].steps.size(); ++t)
            expect_agreement(right.traces[i].steps[t].entropy, left.traces[i].steps[t].entropy, "entropy");
        EXPECT_EQ(left.traces[i].top5_initial, right.traces[i].top5_initial);
    }
}

} // namespace
} // namespace attnscope::test
