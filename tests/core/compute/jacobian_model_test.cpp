// Gradients of attention through every family of models, against derivatives by differences.
#include "analyses/jacobian/compute/entry_points.h"
#include "models/forward.h"
#include "support/error_of.h"
#include "support/temporary_folder.h"
#include "support/tiny_models.h"

#include <gtest/gtest.h>

#include <cmath>

namespace attnscope::test {
namespace {

jacobian::Ids random_ids(std::size_t count) {
    jacobian::Ids ids(count);
    for (std::size_t i = 0; i < count; ++i)
        ids[i] = static_cast<std::int64_t>(random_bits(3, 7, i) % static_cast<std::uint64_t>(TinySizes::vocabulary));
    return ids;
}

/// Multiplies the scores of one layer.
class Gain final : public models::AttentionObserver {
public:
    Gain(int layer, double gain) : layer_(layer), gain_(gain) {}
    double score_factor(const models::AttentionPoint& point) override { return point.layer == layer_ ? gain_ : 1; }

private:
    int layer_;
    double gain_;
};

class JacobianModel : public testing::Test {
protected:
    ModelPtr open(const char* architecture) {
        tiny_.emplace(architecture);
        if (std::string(architecture) == "MistralForCausalLM") tiny_->config["sliding_window"] = 4;
        tiny_->write(folder_.path());
        return std::make_shared<const models::LoadedModel>(open_model_files(folder_.path()));
    }
    /// Mean loss of one sequence with its next tokens.
    double loss(const ModelPtr& model, const jacobian::Ids& ids, int layer, double gain) {
        Gain observer(layer, gain);
        const models::ForwardOptions options{.observer = &observer};
        const auto& loaded = models::loaded(*model);
        const at::Tensor states = models::hidden_states(loaded, {ids}, options, context_)[0];
        return models::loss_sum(loaded, states, ids, options, context_) / static_cast<double>(ids.size() - 1);
    }

    const TemporaryFolder folder_;
    std::optional<TinyModel> tiny_;
    ThreadPool pool_{2};
    JobContext context_{pool_};
};

TEST_F(JacobianModel, GivesTheDerivativeByTheGainOfEveryLayerInEveryFamily) {
    constexpr std::size_t length = 9;
    for (const char* architecture : {"GPT2LMHeadModel", "GPTNeoXForCausalLM", "LlamaForCausalLM", "MistralForCausalLM",
                                     "Qwen2ForCausalLM", "Qwen3ForCausalLM"}) {
        SCOPED_TRACE(architecture);
        const ModelPtr model = open(architecture);
        const jacobian::Request request{model, random_ids(length + 1), length, 1};
        for (int layer = 0; layer < model->config().layers; ++layer) {
            const jacobian::LayerMapsPtr maps = compute::jacobian_maps({request, layer, 0}, context_);
            // Scores are ln A but for a constant of the row, which a gradient of scores does not see.
            double derivative = 0;
            for (std::size_t row = 0; row < maps->heads * length; ++row) {
                const auto a = std::span(maps->probabilities).subspan(row * length, length);
                const auto g = std::span(maps->gradients).subspan(row * length, length);
                const jacobian::Row parts = jacobian::softmax_row(a, g);
                for (std::size_t key = 0; key < length; ++key)
                    derivative += a[key] > 0 ? parts.full[key] * std::log(parts.probabilities[key]) : 0;
            }
            const auto slope = [&](double step) {
                return (loss(model, request.ids, layer, 1 + step) - loss(model, request.ids, layer, 1 - step)) /
                       (2 * step);
            };
            constexpr double step = 0.05;
            const double expected = (4 * slope(step / 2) - slope(step)) / 3; // Richardson
            EXPECT_NEAR(derivative, expected, 1e-2 * std::abs(expected) + 1e-4) << "layer " << layer;
        }
    }
}

TEST_F(JacobianModel, MeasuresTheSameInAnyLayersAndWithItsMapsWrittenDown) {
    const ModelPtr model = open("LlamaForCausalLM");
    const jacobian::Request request{model, random_ids(64), 8, 5};
    std::vector<int> order;
    std::vector<jacobian::LayerMaps> kept;
    const jacobian::Result all = compute::jacobian_model(request, context_, [&](const jacobian::LayerMaps& maps) {
        order.push_back(maps.layer);
        kept.push_back(maps);
    });
    EXPECT_EQ(all.sequences, 5u);
    EXPECT_EQ(all.length, 8u);
    ASSERT_EQ(all.heads.size(), static_cast<std::size_t>(model->config().layers * model->config().heads));
    EXPECT_TRUE(std::is_sorted(order.rbegin(), order.rend())) << "from the top down";
    EXPECT_NEAR(all.heads[0].a_mean, 2.0 / 9, 1e-6);

    jacobian::Request one = request;
    one.first_layer = one.last_layer = 1;
    const jacobian::Result part = compute::jacobian_model(one, context_, {});
    EXPECT_EQ(part.layers, 1);
    const auto heads = static_cast<std::size_t>(model->config().heads);
    ASSERT_EQ(part.heads.size(), heads);
    for (std::size_t h = 0; h < heads; ++h)
        EXPECT_NEAR(part.heads[h].r_diag, all.heads[heads + h].r_diag, 1e-6 * all.heads[heads + h].r_diag);

    // A sequence by itself has the gradient that it has among others.
    const jacobian::LayerMapsPtr maps = compute::jacobian_maps({request, 1, 3}, context_);
    const jacobian::LayerMaps& whole = kept[kept.size() - 2];
    ASSERT_EQ(whole.layer, 1);
    for (std::size_t i = 0; i < maps->gradients.size(); ++i) {
        EXPECT_NEAR(maps->gradients[i], whole.gradients[whole.map_at(3, 0) + i], 1e-7);
        EXPECT_NEAR(maps->probabilities[i], whole.probabilities[whole.map_at(3, 0) + i], 1e-6);
    }
}

TEST_F(JacobianModel, TakesAsManySequencesAsTheTextHasAndSaysWhatItCannotUse) {
    const ModelPtr model = open("LlamaForCausalLM");
    EXPECT_EQ(compute::jacobian_model({model, random_ids(17), 8, 32}, context_, {}).sequences, 2u);
    const auto message = [&](const jacobian::Request& request) {
        return message_of([&] { compute::jacobian_model(request, context_, {}); });
    };
    EXPECT_NE(message({model, random_ids(8), 8, 1}).find("at least 9 tokens"), std::string::npos);
    EXPECT_NE(message({model, random_ids(999), 900, 1}).find("longest context"), std::string::npos);
    jacobian::Request outside{model, random_ids(17), 8, 2};
    outside.ids[16] = TinySizes::vocabulary;
    EXPECT_NE(message(outside).find("position 16"), std::string::npos);
    outside.ids[16] = 0;
    outside.last_layer = 99;
    EXPECT_NE(message(outside).find("a range within"), std::string::npos);
}

TEST_F(JacobianModel, IsCancelledInTheMiddle) {
    std::stop_source stop;
    JobContext::Options options;
    options.stop = stop.get_token();
    options.on_progress = [&](const Progress& progress) {
        if (progress.stage == "gradients") stop.request_stop();
    };
    JobContext context(pool_, std::move(options));
    EXPECT_THROW(compute::jacobian_model({open("GPT2LMHeadModel"), random_ids(64), 8, 4}, context, {}), Cancelled);
}

} // namespace
} // namespace attnscope::test
