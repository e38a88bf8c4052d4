// CV of models of a few thousand numbers: whose rows are whose, and what flows through a pass.
#include "analyses/cv/compute/entry_points.h"
#include "analyses/cv/compute/matrix.h"
#include "models/forward.h"
#include "models/projections.h"
#include "support/temporary_folder.h"
#include "support/tiny_models.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace attnscope::test {
namespace {

using S = TinySizes;

ModelPtr open_tiny(const TinyModel& tiny, const TemporaryFolder& folder) {
    tiny.write(folder.path());
    return std::make_shared<const models::LoadedModel>(open_model_files(folder.path()));
}

/// Element (row, column) of a weight as it lies in the file.
float stored(const TinyModel& tiny, const std::string& name, std::int64_t row, std::int64_t column) {
    const TinyModel::Weight& weight = tiny.weights.at(name);
    return weight.values[static_cast<std::size_t>(row * weight.shape[1] + column)];
}

TEST(Projections, AreTheRowsOfEachHeadInEveryFamily) {
    const std::int64_t head_dim = S::head_dim, hidden = S::hidden;
    const auto expect = [&](const at::Tensor& heads, std::int64_t count, const auto& wanted) {
        ASSERT_EQ(heads.sizes(), (std::vector<std::int64_t>{count, head_dim, hidden}));
        for (std::int64_t h = 0; h < count; ++h)
            for (std::int64_t i = 0; i < head_dim; ++i)
                for (const std::int64_t j : {std::int64_t{0}, hidden / 2, hidden - 1})
                    ASSERT_EQ(heads[h][i][j].item<float>(), wanted(h, i, j)) << h << " " << i << " " << j;
    };
    {
        const TemporaryFolder folder;
        const TinyModel tiny("LlamaForCausalLM");
        const ModelPtr model = open_tiny(tiny, folder);
        const auto found = models::attention_projections(models::loaded(*model), 1);
        const auto of = [&](const char* part) {
            return [&tiny, part, head_dim](auto h, auto i, auto j) {
                return stored(tiny, std::string("model.layers.1.self_attn.") + part, h * head_dim + i, j);
            };
        };
        expect(found.query, S::heads, of("q_proj.weight"));
        expect(found.key, S::key_value_heads, of("k_proj.weight"));
        expect(found.value, S::key_value_heads, of("v_proj.weight"));
        EXPECT_EQ(found.output[3][5].item<float>(), stored(tiny, "model.layers.1.self_attn.o_proj.weight", 3, 5));
    }
    {
        const TemporaryFolder folder;
        const TinyModel tiny("GPT2LMHeadModel");
        const ModelPtr model = open_tiny(tiny, folder);
        const auto found = models::attention_projections(models::loaded(*model), 0);
        const auto of = [&](std::int64_t part) {
            return [&tiny, part, head_dim, hidden](auto h, auto i, auto j) {
                return stored(tiny, "transformer.h.0.attn.c_attn.weight", j, part * hidden + h * head_dim + i);
            };
        };
        expect(found.query, S::heads, of(0));
        expect(found.key, S::heads, of(1));
        expect(found.value, S::heads, of(2));
        EXPECT_EQ(found.output[3][5].item<float>(), stored(tiny, "transformer.h.0.attn.c_proj.weight", 5, 3));
    }
    {
        const TemporaryFolder folder;
        const TinyModel tiny("GPTNeoXForCausalLM");
        const ModelPtr model = open_tiny(tiny, folder);
        const auto found = models::attention_projections(models::loaded(*model), 1);
        const auto of = [&](std::int64_t part) {
            return [&tiny, part, head_dim](auto h, auto i, auto j) {
                return stored(tiny, "gpt_neox.layers.1.attention.query_key_value.weight", (3 * h + part) * head_dim + i,
                              j);
            };
        };
        expect(found.query, S::heads, of(0));
        expect(found.key, S::heads, of(1));
        expect(found.value, S::heads, of(2));
    }
}

/// Keeps what passes, by the names that matrices have.
struct Keep final : models::AttentionObserver {
    explicit Keep(JobContext& context_) : context(context_) {}
    at::Tensor replacement(const models::AttentionPoint& point) override {
        const at::Tensor attended = models::attend(point, nullptr, context);
        const auto keep = [&](cv::Kind kind, const at::Tensor& heads) {
            for (int h = 0; h < heads.size(1); ++h)
                rows[cv::matrix_name(kind, point.layer, h)] = heads[0][h].contiguous().clone();
        };
        keep(cv::Kind::act_query, point.queries);
        keep(cv::Kind::act_key, point.keys);
        keep(cv::Kind::act_value, point.values);
        keep(cv::Kind::act_post, attended);
        return attended;
    }
    JobContext& context;
    std::map<std::string, at::Tensor> rows;
};

TEST(CvModel, MeasuresWhatFlowsThroughEveryFamily) {
    ThreadPool pool(2);
    int snapshots = 0;
    JobContext context(
        pool, {.device = {Device::Kind::cpu, 0}, .stop = {}, .on_snapshot = [&](const auto&) { ++snapshots; }});
    for (const char* const name : {"GPT2LMHeadModel", "GPTNeoXForCausalLM", "LlamaForCausalLM", "Qwen3ForCausalLM"}) {
        const TemporaryFolder folder;
        cv::ModelRequest request;
        request.model = open_tiny(TinyModel(name), folder);
        for (std::int64_t i = 0; i < 200; ++i) // more than the context has places for
            request.text.push_back(i * 7 % S::vocabulary);
        request.weights = false;
        snapshots = 0;
        const cv::ModelResult result = compute::cv_model(request, context);
        EXPECT_EQ(result.text_tokens, std::size_t{S::positions});
        EXPECT_GE(snapshots, 2);

        request.text.resize(S::positions);
        Keep keep(context);
        const auto& model = models::loaded(*request.model);
        keep.rows["layers.0.residual"] = models::hidden_states(model, {request.text}, {.last_layer = 0}, context)[0];
        models::hidden_states(model, {request.text}, {.observer = &keep}, context);
        const compute::CvMeasurer measurer(request.parameters, context.seed());
        std::size_t compared = 0;
        for (const cv::Matrix& matrix : result.matrices) {
            const auto kept = keep.rows.find(matrix.name);
            if (kept == keep.rows.end()) continue;
            const at::Tensor rows = kept->second.contiguous();
            const auto cols = static_cast<std::size_t>(rows.size(1));
            const cv::Matrix expected =
                measurer.measure({rows.const_data_ptr<float>(), static_cast<std::size_t>(rows.size(0)), cols, cols},
                                 matrix.name, context);
            ASSERT_TRUE(expected.has_cv()) << expected.reason;
            EXPECT_NEAR(matrix.cv, expected.cv, 1e-4 * expected.cv) << name << " " << matrix.name;
            ++compared;
        }
        EXPECT_EQ(compared, keep.rows.size());
    }
}

} // namespace
} // namespace attnscope::test
