// Every analysis gives the same bits whatever the number of threads: how work is cut, and with it the rounding, depends
// on what is asked alone.
#include "analyses/alignment/compute/entry_points.h"
#include "analyses/attention/compute/entry_points.h"
#include "analyses/cv/compute/entry_points.h"
#include "analyses/cv/compute/experiment.h"
#include "analyses/jacobian/compute/entry_points.h"
#include "analyses/jacobian/compute/experiment.h"
#include "analyses/residual/compute/entry_points.h"
#include "analyses/retrieval/compute/entry_points.h"
#include "core/compute/support.h"
#include "models/language_model.h"
#include "models/text_encoder.h"
#include "module/compute/thread_guard.h"
#include "support/temporary_folder.h"
#include "support/tiny_bert.h"
#include "support/tiny_models.h"

#include <gtest/gtest.h>

#include <bit>
#include <functional>
#include <numeric>

namespace attnscope::test {
namespace {

using S = TinySizes;

/// The numbers of a result, bit by bit.
class Bits {
public:
    Bits& operator<<(double value) {
        bits_.push_back(std::bit_cast<std::uint64_t>(value));
        return *this;
    }
    template <class Value>
    Bits& operator<<(const std::vector<Value>& values) {
        for (const Value& value : values) *this << static_cast<double>(value);
        return *this;
    }
    Bits& operator<<(const std::vector<std::vector<double>>& rows) {
        for (const auto& row : rows) *this << row;
        return *this;
    }
    std::size_t size() const { return bits_.size(); }
    std::size_t differing(const Bits& other) const {
        std::size_t count = bits_.size() == other.bits_.size() ? 0 : std::max(bits_.size(), other.bits_.size());
        for (std::size_t i = 0; count == 0 && i < bits_.size(); ++i)
            if (bits_[i] != other.bits_[i])
                return static_cast<std::size_t>(std::inner_product(bits_.begin(), bits_.end(), other.bits_.begin(),
                                                                   std::uint64_t{0}, std::plus<>(),
                                                                   std::not_equal_to<>()));
        return count;
    }

private:
    std::vector<std::uint64_t> bits_;
};

void expect_the_same_bits(const std::function<void(JobContext&, Bits&)>& run) {
    Bits first;
    for (const int threads : {1, 2, 3, 5, 7}) {
        ThreadPool pool(threads);
        JobContext context(pool, {.device = {Device::Kind::cpu, 0}, .seed = 5, .stop = {}});
        Bits found;
        run(context, found);
        ASSERT_GT(found.size(), 0u);
        if (threads == 1)
            first = std::move(found);
        else
            EXPECT_EQ(found.differing(first), 0u)
                << "of " << first.size() << " numbers, with " << threads << " threads";
    }
}

constexpr std::int64_t long_context = 128, odd_width = 97;

/// A model whose layers are wide enough for LibTorch to share their work out, in sizes that no number of threads
/// divides.
TinyModel wide_model(const std::string& architecture) {
    TinyModel model(architecture);
    const bool gpt2 = architecture == "GPT2LMHeadModel";
    model.config[gpt2 ? "n_positions" : "max_position_embeddings"] = long_context;
    model.config[gpt2 ? "n_inner" : "intermediate_size"] = odd_width;
    for (auto& [name, weight] : model.weights) {
        bool changed = false;
        for (std::int64_t& size : weight.shape) {
            const std::int64_t wanted = size == S::intermediate ? odd_width
                                        : size == S::positions  ? long_context
                                                                : size;
            changed = changed || wanted != size;
            size = wanted;
        }
        if (!changed) continue;
        const std::int64_t count =
            std::accumulate(weight.shape.begin(), weight.shape.end(), std::int64_t{1}, std::multiplies<>());
        weight.values.resize(static_cast<std::size_t>(count));
        for (std::size_t i = 0; i < weight.values.size(); ++i)
            weight.values[i] = static_cast<float>(0.4 * random_normal(17, 3, i));
    }
    return model;
}

std::vector<std::int64_t> thread_count_ids(std::int64_t count) {
    std::vector<std::int64_t> ids;
    for (std::int64_t i = 0; i < count; ++i)
        ids.push_back(static_cast<std::int64_t>(random_bits(5, 1, static_cast<std::uint64_t>(i)) % S::vocabulary));
    return ids;
}

class ThreadCounts : public testing::TestWithParam<const char*> {
protected:
    ThreadCounts() {
        wide_model(GetParam()).write(folder_.path());
        model_ = std::make_shared<const models::LoadedModel>(open_model_files(folder_.path()));
    }
    const TemporaryFolder folder_;
    ModelPtr model_;
};

TEST_P(ThreadCounts, ChangeNoBitOfJacobian) {
    const jacobian::Request request{model_, thread_count_ids(16 * 64 + 1), 64, 16};
    expect_the_same_bits([&](JobContext& context, Bits& bits) {
        const jacobian::Result result = compute::jacobian_model(request, context, {});
        bits << result.loss;
        for (const jacobian::HeadMetrics& head : result.heads)
            for (const jacobian::Metric metric : jacobian::metrics) bits << head.value(metric);
    });
}

TEST_P(ThreadCounts, ChangeNoBitOfJacobianMaps) {
    const jacobian::Request request{model_, thread_count_ids(16 * 64 + 1), 64, 16};
    expect_the_same_bits([&](JobContext& context, Bits& bits) {
        const jacobian::LayerMapsPtr maps = compute::jacobian_maps({request, 0, 3}, context);
        bits << maps->probabilities << maps->gradients;
    });
}

TEST_P(ThreadCounts, ChangeNoBitOfResidual) {
    residual::Request request;
    request.model = model_;
    request.ids = thread_count_ids(2000);
    request.parameters.seq_len = 100;
    request.parameters.blocks = 12;
    request.parameters.calibration_blocks = 5;
    request.parameters.ranks = {0, 1, 2, 5, static_cast<int>(S::head_dim)};
    request.parameters.two_nn = true;
    for (const residual::Form form : {residual::Form::context, residual::Form::tail}) {
        request.parameters.form = form;
        request.parameters.output_weighted = form == residual::Form::tail;
        expect_the_same_bits([&](JobContext& context, Bits& bits) {
            const residual::Result result = compute::residual_sweep(request, context);
            for (const residual::Loss* loss : {&result.baseline, &result.top1, &result.full})
                bits << loss->nll << loss->token_nll;
            for (const residual::CurvePoint& point : result.curve) bits << point.loss.nll << point.loss.token_nll;
            for (const residual::HeadSpectrum& spectrum : result.spectrum) bits << spectrum.variance << spectrum.two_nn;
        });
    }
}

TEST_P(ThreadCounts, ChangeNoBitOfAttention) {
    const auto text = thread_count_ids(long_context);
    expect_the_same_bits([&](JobContext& context, Bits& bits) {
        const attention::Result heads =
            compute::attention_heads({.model = model_, .texts = {text, thread_count_ids(90)}, .scores = true}, context);
        for (const attention::HeadStatistic* statistic :
             {&heads.entropy, &heads.max_weight, &heads.sink, &heads.previous, &heads.duplicate, &heads.induction})
            bits << statistic->mean << statistic->half_width;
        const auto capture = std::make_shared<const attention::Capture>(
            compute::attention_capture({.model = model_, .text = text, .layer = 1}, context));
        bits << capture->queries << capture->keys;
        const attention::Rows rows = compute::head_rows({.capture = capture, .head = 1}, context);
        bits << rows.entropy << rows.max_weight << rows.mean_entropy;
        bits << compute::head_map({.capture = capture, .max_rows = 50, .max_columns = 33}, context).weights;
        const attention::GainCurves curves =
            compute::gain_curves({.capture = capture, .gains = {.5, 1, 3}, .token = 77}, context);
        bits << curves.entropy << curves.row_entropy;
    });
}

TEST_P(ThreadCounts, ChangeNoBitOfLogitsInEitherPrecision) {
    for (const Precision precision : {Precision::float32, Precision::bfloat16})
        expect_the_same_bits([&](JobContext& context, Bits& bits) {
            const LogitsResult result = compute::logits(
                {.model = model_, .ids = thread_count_ids(long_context), .top = 40, .precision = precision}, context);
            bits << result.log_sum_exp << result.loss.value();
            for (const auto& entry : result.top) bits << static_cast<double>(entry.id) << entry.logit;
        });
}

TEST_P(ThreadCounts, ChangeNoBitOfCv) {
    expect_the_same_bits([&](JobContext& context, Bits& bits) {
        cv::ModelRequest request;
        request.model = model_;
        request.text = thread_count_ids(long_context);
        for (const cv::Matrix& matrix : compute::cv_model(request, context).matrices)
            bits << matrix.cv << matrix.ci95.low << matrix.ci95.high << matrix.participation_ratio << matrix.row_error;
    });
}

TEST_P(ThreadCounts, ChangeNoBitOfAlignment) {
    for (const alignment::Basis basis : {alignment::Basis::symmetric, alignment::Basis::left})
        expect_the_same_bits([&](JobContext& context, Bits& bits) {
            alignment::Request request;
            request.model = model_;
            request.basis = basis;
            const auto operators =
                std::make_shared<const alignment::Operators>(compute::alignment_operators(request, context));
            bits << operators->gram << operators->fro_sq << operators->spectrum << operators->directions;
            const alignment::Comparison comparison = compute::alignment_angles(*operators, context);
            bits << comparison.mean_cos_pa << comparison.min_cos_pa << comparison.top1_overlap;
            const alignment::Matching matching = compute::alignment_match({operators, model_, -1}, context);
            bits << matching.cos << matching.matched << matching.chance.low << matching.chance.high;
            const alignment::Chance chance = alignment::compute_chance(*operators, context);
            bits << chance.cos.low << chance.mean_cos_pa.high << chance.head_top1_overlap.high;
        });
}

INSTANTIATE_TEST_SUITE_P(Families, ThreadCounts,
                         testing::Values("GPT2LMHeadModel", "GPTNeoXForCausalLM", "LlamaForCausalLM",
                                         "Qwen3ForCausalLM"),
                         [](const testing::TestParamInfo<const char*>& info) { return std::string(info.param); });

TEST(ThreadCountsOfBanks, ChangeNoBitOfRetrieval) {
    const retrieval::BankPtr bank = random_bank(3011, 48);
    const retrieval::Query query = noisy_memory(*bank, 11);
    expect_the_same_bits([&](JobContext& context, Bits& bits) {
        const retrieval::Spectrum spectrum = compute::spectrum({bank, 16}, context);
        bits << spectrum.mean << spectrum.eigenvalues << spectrum.directions;
        retrieval::TraceRequest request;
        request.bank = bank;
        request.queries = {query, noisy_memory(*bank, 500)};
        request.modes.assign(retrieval::all_modes.begin(), retrieval::all_modes.end());
        for (const retrieval::Trace& trace : compute::traces(request, spectrum, context).traces) {
            bits << trace.states << trace.mass_top50 << trace.norm_ratio;
            for (const retrieval::Step& step : trace.steps)
                bits << step.entropy << step.max_weight << step.energy << step.cos_v1;
        }
        const retrieval::FirstStep first = compute::first_step({bank, query, false}, spectrum, context);
        bits << first.products << first.counts << first.sums;
        for (const retrieval::OriginTest& test : compute::origin_tests({.bank = bank}, spectrum, context))
            for (const retrieval::OriginStep& step : test.steps) bits << step.norm << step.amplification;
        const retrieval::Sweep sweep = compute::sweep(
            {.bank = bank, .query = query, .betas = {1, 5, 20}, .steps = 3, .hysteresis = true}, spectrum, context);
        bits << sweep.entropy << sweep.entropy_up << sweep.entropy_down;
        retrieval::PlaneRequest plane;
        plane.bank = bank;
        plane.query = query;
        plane.beta = 8;
        plane.basins = true;
        plane.width = plane.height = 20;
        plane.basin_width = plane.basin_height = 9;
        const retrieval::Plane shown = compute::plane(plane, spectrum, context);
        bits << shown.energy << shown.basin_support;
        bits << compute::separation({.bank = bank, .samples = 300}, spectrum, context).delta;
    });
}

TEST(ThreadCountsOfBanks, LibTorchsThreadsChangeNoBitOfALargeSpectrum) {
    const retrieval::BankPtr bank = random_bank(600, 500); // decomposed in a process of its own
    const models::ThreadGuard restored(at::get_num_threads());
    Bits first;
    for (const int threads : {1, 2, 3}) {
        at::set_num_threads(threads);
        ThreadPool pool(2);
        JobContext context(pool, {.device = {Device::Kind::cpu, 0}, .stop = {}});
        const retrieval::Spectrum spectrum = compute::spectrum({bank, 16}, context);
        EXPECT_EQ(at::get_num_threads(), threads) << "left as it was";
        Bits found;
        found << spectrum.eigenvalues << spectrum.directions;
        ASSERT_EQ(found.size(), 500u + 16u * 500u);
        if (threads == 1)
            first = std::move(found);
        else
            EXPECT_EQ(found.differing(first), 0u) << "with " << threads << " threads";
    }
}

TEST(ThreadCountsOfBanks, ChangeNoBitOfOneMatrixOrATraining) {
    const retrieval::BankPtr bank = random_bank(600, 40);
    expect_the_same_bits([&](JobContext& context, Bits& bits) {
        cv::Request request;
        request.bank = bank;
        const cv::Matrix matrix = compute::cv_matrix(request, context);
        bits << matrix.cv << matrix.ci95.low << matrix.ci95.high << matrix.participation_ratio << matrix.row_error;
    });
    expect_the_same_bits([](JobContext& context, Bits& bits) {
        cv::ExperimentRequest request;
        request.dims = {16};
        request.heads = {1, 2};
        request.epochs = 4;
        request.every = 2;
        request.parameters.samples = 40;
        for (const auto& config : compute::cv_experiment(request, context).configs) {
            bits << config->loss << config->accuracy;
            for (const auto& measurement : config->measurements)
                for (const cv::Matrix& matrix : measurement->matrices) bits << matrix.cv << matrix.row_error;
        }
    });
    std::string text;
    for (std::uint64_t i = 0; i < 600; ++i) text += "the cat sat on a mat. "[(i * i / 7 + i) % 22];
    const auto trained_on = jacobian::experiment_text(text, "sample.txt");
    expect_the_same_bits([&](JobContext& context, Bits& bits) {
        jacobian::ExperimentRequest request;
        request.text = trained_on;
        request.shape = {.layers = 2, .heads = 2, .width = 24, .block = 12};
        request.batch = 20;
        request.blocks = 5;
        request.steps = 5;
        request.every = 2;
        request.combinations = {{}, {jacobian::Method::sign_symmetric, jacobian::SoftmaxGradient::diagonal}};
        for (const auto& run : compute::jacobian_experiment(request, context).runs) {
            bits << run->loss << run->training->parameters;
            for (const auto& measurement : run->measurements) {
                bits << measurement->val_loss;
                for (const jacobian::Metric metric : jacobian::metrics) bits << measurement->mean(metric);
            }
        }
    });
}

/// The encoder of embed and of bank.
TEST(ThreadCountsOfEncoders, ChangeNoBitOfEmbeddings) {
    const TemporaryFolder folder;
    TinyBert().write(folder.path());
    const auto encoder = compute::open_text_encoder(folder.path());
    std::vector<std::string> texts;
    for (std::uint64_t i = 0; i < 300; ++i) {
        texts.emplace_back();
        for (std::uint64_t word = 0; word <= random_bits(3, 1, i) % 9; ++word)
            texts.back() += std::string(1, static_cast<char>('a' + random_bits(3, 2, 16 * i + word) % 4)) + " ";
    }
    expect_the_same_bits([&](JobContext& context, Bits& bits) { bits << encoder->encode(texts, context); });
}

} // namespace
} // namespace attnscope::test
