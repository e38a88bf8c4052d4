// A residual sweep on the GPU against the CPU's.
#include "analyses/residual/compute/entry_points.h"
#include "kernels/devices.h"
#include "models/language_model.h"
#include "support/temporary_folder.h"
#include "support/tiny_models.h"

#include <gtest/gtest.h>

namespace attnscope::test {
namespace {

TEST(ResidualOnTheGpu, AgreesWithTheCpuAtEveryRank) {
    if (compute::devices().size() < 2) GTEST_SKIP() << "no CUDA device";
    const TemporaryFolder folder;
    TinyModel("LlamaForCausalLM").write(folder.path());
    residual::Request request;
    request.model = std::make_shared<const models::LoadedModel>(open_model_files(folder.path()));
    for (std::uint64_t i = 0; i < 200; ++i)
        request.ids.push_back(static_cast<std::int64_t>(random_bits(5, 1, i) % TinySizes::vocabulary));
    request.parameters.seq_len = 16;
    request.parameters.blocks = 6;
    request.parameters.ranks = {0, 1, 3, TinySizes::head_dim};
    ThreadPool pool(2);
    const auto sweep = [&](Device::Kind kind) {
        JobContext context(pool, {.device = {kind, 0}, .stop = {}, .on_progress = {}, .on_snapshot = {}});
        return compute::residual_sweep(request, context);
    };
    for (const int top_k : {1, 3}) {
        request.parameters.top_k = top_k;
        request.parameters.exclude_sink = top_k > 1;
        request.parameters.form = top_k > 1 ? residual::Form::tail : residual::Form::context;
        const residual::Result cpu = sweep(Device::Kind::cpu), gpu = sweep(Device::Kind::cuda);
        EXPECT_NEAR(gpu.baseline.nll, cpu.baseline.nll, 1e-4);
        EXPECT_NEAR(gpu.top1.nll, cpu.top1.nll, 1e-4);
        EXPECT_EQ(gpu.full.nll, gpu.baseline.nll);
        for (std::size_t i = 0; i < cpu.curve.size(); ++i)
            EXPECT_NEAR(gpu.curve[i].loss.nll, cpu.curve[i].loss.nll, 1e-3) << cpu.curve[i].rank;
        for (std::size_t i = 0; i < cpu.spectrum.size(); ++i)
            EXPECT_NEAR(gpu.spectrum[i].cumulative.front(), cpu.spectrum[i].cumulative.front(), 1e-3);
    }
}

} // namespace
} // namespace attnscope::test
