// Forward passes on the first device against the CPU.
#include "kernels/devices.h"
#include "models/forward.h"

#include "support/plain_forward.h"
#include "support/temporary_folder.h"
#include "support/tiny_models.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <limits>

namespace attnscope::test {
namespace {

struct Watcher : models::AttentionObserver {
    explicit Watcher(double gain_) : gain(gain_) {}
    double score_factor(const models::AttentionPoint&) override { return gain; }
    bool wants_probabilities(const models::AttentionPoint&) override { return true; }
    void observe(const models::AttentionPoint&, const models::AttentionTile& tile) override {
        entropy += tile.entropy.sum().item<double>();
        max_weight += tile.max_weight.sum().item<double>();
        sum += tile.probabilities.sum().item<double>();
    }
    double gain, entropy = 0, max_weight = 0, sum = 0;
};

TEST(GpuForward, AgreesWithTheCpu) {
    if (compute::devices().size() < 2) GTEST_SKIP() << "no CUDA device";
    ThreadPool pool(2);
    JobContext cpu(pool, {.device = {Device::Kind::cpu, 0}, .stop = {}, .on_progress = {}, .on_snapshot = {}});
    JobContext gpu(pool, {.device = {Device::Kind::cuda, 0}, .stop = {}, .on_progress = {}, .on_snapshot = {}});
    for (const char* const name : {"GPT2LMHeadModel", "GPTNeoXForCausalLM", "LlamaForCausalLM", "MistralForCausalLM",
                                   "Qwen2ForCausalLM", "Qwen3ForCausalLM"}) {
        const TemporaryFolder folder;
        TinyModel tiny(name);
        if (std::string(name) == "MistralForCausalLM") tiny.config["sliding_window"] = 5;
        tiny.write(folder.path());
        LogitsRequest request;
        request.model = std::make_shared<const models::LoadedModel>(open_model_files(folder.path()));
        request.ids = random_ids(40);
        const models::LoadedModel& model = models::loaded(*request.model);
        for (const double gain : {1.0, 3.0, std::numeric_limits<double>::infinity()}) {
            request.gain = gain;
            const LogitsResult left = compute::logits(request, cpu), right = compute::logits(request, gpu);
            EXPECT_NEAR(left.log_sum_exp, right.log_sum_exp, 1e-3) << name;
            EXPECT_NEAR(*left.loss, *right.loss, 1e-3) << name;
            for (std::size_t i = 0; i < left.top.size(); ++i)
                EXPECT_NEAR(left.top[i].logit, right.top[i].logit, 1e-3) << name;
            Watcher on_cpu(gain), on_gpu(gain);
            models::hidden_states(model, {request.ids}, {.observer = &on_cpu}, cpu);
            models::hidden_states(model, {request.ids}, {.observer = &on_gpu}, gpu);
            EXPECT_NEAR(on_cpu.entropy, on_gpu.entropy, 1e-3 * on_cpu.entropy + 1e-4) << name;
            EXPECT_NEAR(on_cpu.max_weight, on_gpu.max_weight, 1e-3 * on_cpu.max_weight) << name;
            EXPECT_NEAR(on_cpu.sum, on_gpu.sum, 1e-3 * on_cpu.sum) << name;
        }
    }
}

} // namespace
} // namespace attnscope::test
