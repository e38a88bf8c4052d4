// Forward passes of every family against plain loops in float64, and what has to hold of any of them.
#include "core/compute/support.h"
#include "models/forward.h"
#include "models/pass_parts.h"
#include "models/projections.h"

#include "support/error_of.h"
#include "support/plain_forward.h"
#include "support/temporary_folder.h"
#include "support/tiny_bert.h"
#include "support/tiny_gguf.h"
#include "support/tiny_models.h"

#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <thread>

namespace attnscope::test {
namespace {

using models::AttentionObserver;
using models::AttentionPoint;
using models::AttentionTile;
using models::ForwardOptions;
using models::LoadedModel;
using Ids = std::vector<std::int64_t>;

struct Gain : AttentionObserver {
    explicit Gain(double gain_) : gain(gain_) {}
    double score_factor(const AttentionPoint&) override { return gain; }
    double gain;
};

using Change = std::function<void(TinyModel&)>;
TinyModel tiny(const std::string& architecture, const Change& change = {}) {
    TinyModel model(architecture);
    if (change) change(model);
    return model;
}

/// Every kind of forward pass there is.
std::vector<std::pair<std::string, TinyModel>> all_models() {
    const auto tied = [](TinyModel& model) {
        model.config["tie_word_embeddings"] = true;
        model.weights.erase("lm_head.weight");
    };
    const auto scaled = [](const char* type) {
        return [type](TinyModel& model) {
            model.config["rope_scaling"] = {{"rope_type", type},
                                            {"factor", 4.0},
                                            {"low_freq_factor", 1.0},
                                            {"high_freq_factor", 4.0},
                                            {"original_max_position_embeddings", 32}};
        };
    };
    const auto windowed = [](TinyModel& model) { model.config["sliding_window"] = 5; };
    const auto one_windowed = [](TinyModel& model) {
        model.config["use_sliding_window"] = true;
        model.config["sliding_window"] = 4;
        model.config["layer_types"] = {"full_attention", "sliding_attention"};
    };
    const auto in_turn = [](TinyModel& model) { model.config["use_parallel_residual"] = false; };
    const std::string llama = "LlamaForCausalLM", neox = "GPTNeoXForCausalLM";
    return {{"gpt2", tiny("GPT2LMHeadModel")},
            {"neox", tiny(neox)},
            {"neox, one after the other", tiny(neox, in_turn)},
            {"llama", tiny(llama)},
            {"llama, tied", tiny(llama, tied)},
            {"llama, linear", tiny(llama, scaled("linear"))},
            {"llama, llama3", tiny(llama, scaled("llama3"))},
            {"mistral", tiny("MistralForCausalLM", windowed)},
            {"qwen2", tiny("Qwen2ForCausalLM")},
            {"qwen2, one layer windowed", tiny("Qwen2ForCausalLM", one_windowed)},
            {"qwen3", tiny("Qwen3ForCausalLM")}};
}

class Forward : public testing::Test {
protected:
    std::shared_ptr<const LoadedModel> open(const TinyModel& model) {
        const auto path = folder.path() / std::to_string(opened++);
        std::filesystem::create_directory(path);
        model.write(path);
        return std::make_shared<const LoadedModel>(open_model_files(path));
    }
    /// (T, vocabulary)
    at::Tensor logits(const LoadedModel& model, const Ids& ids, AttentionObserver* observer = nullptr,
                      Precision precision = Precision::float32) {
        const ForwardOptions options{.observer = observer, .last_layer = -1, .precision = precision};
        return models::head_logits(model, models::hidden_states(model, {ids}, options, context)[0], options, context);
    }
    static double apart(const at::Tensor& got, const PlainForward::Rows& expected) {
        const at::Tensor flat = got.contiguous();
        const float* value = flat.const_data_ptr<float>();
        double largest = 0;
        for (const auto& row : expected)
            for (const double number : row)
                largest = std::max(largest, std::abs(number - static_cast<double>(*value++)));
        return largest;
    }
    static double apart(const at::Tensor& a, const at::Tensor& b) { return a.sub(b).abs().max().item<double>(); }

    const TemporaryFolder folder;
    int opened = 0;
    ThreadPool pool{2};
    JobContext context{pool, {.device = {Device::Kind::cpu, 0}, .stop = {}, .on_progress = {}, .on_snapshot = {}}};
};

TEST_F(Forward, AgreesWithPlainLoopsInEveryFamily) {
    for (const auto& [name, plain] : all_models()) {
        const auto model = open(plain);
        for (const double gain : {1.0, 0.25, 6.0, infinite}) {
            Gain observer(gain);
            for (const std::size_t length : {std::size_t{1}, std::size_t{2}, std::size_t{17}}) {
                const Ids ids = random_ids(length, length);
                EXPECT_LT(apart(logits(*model, ids, &observer), PlainForward(plain, gain).logits(ids)), 2e-4)
                    << name << ", gain " << gain << ", " << length << " tokens";
            }
        }
    }
}

/// The weight as GGUF has it: (outputs, inputs), and with `heads` the rows of a head in the order that pairs
/// neighbours.
std::vector<float> gguf_rows(const TinyModel::Weight& weight, int heads, bool columns) {
    if (weight.shape.size() == 1) return weight.values;
    const auto rows = static_cast<std::size_t>(weight.shape[columns ? 1 : 0]);
    const std::size_t width = weight.values.size() / rows;
    std::vector<float> out;
    for (std::size_t row = 0; row < rows; ++row) {
        std::size_t from = row;
        if (heads > 0) {
            const std::size_t dim = rows / static_cast<std::size_t>(heads), place = row % dim;
            from = row - place + place / 2 + place % 2 * (dim / 2);
        }
        for (std::size_t k = 0; k < width; ++k)
            out.push_back(weight.values[columns ? k * rows + from : from * width + k]);
    }
    return out;
}

/// A model's weights in a GGUF file, by pairs of names: in front of the layer's number, and behind it.
std::filesystem::path write_gguf(const TemporaryFolder& folder, TinyGguf file, const TinyModel& model,
                                 const std::string& before_layer, bool permuted, bool columns,
                                 const std::vector<std::pair<std::string, std::string>>& names) {
    file.tensors().clear();
    for (const auto& [own, weight] : model.weights) {
        const std::size_t dot = own.rfind('.');
        std::string part = own.substr(0, dot), name;
        if (part.starts_with(before_layer)) {
            const std::size_t behind = part.find('.', before_layer.size());
            name = "blk." + part.substr(before_layer.size(), behind - before_layer.size()) + ".";
            part = part.substr(behind + 1);
        }
        const auto known =
            std::find_if(names.begin(), names.end(), [&](const auto& pair) { return pair.first == part; });
        EXPECT_NE(known, names.end()) << own;
        const bool queries = known->second == "attn_q", keys = known->second == "attn_k";
        const bool projection = weight.shape.size() == 2 && !name.empty();
        const int heads = !permuted ? 0 : queries ? TinySizes::heads : keys ? TinySizes::key_value_heads : 0;
        std::vector<std::uint64_t> shape(weight.shape.begin(), weight.shape.end());
        if (columns && projection) std::reverse(shape.begin(), shape.end());
        file.tensor(name + known->second + own.substr(dot), shape, gguf_rows(weight, heads, columns && projection));
    }
    return folder.put("model.gguf", file.str());
}

TEST_F(Forward, GivesTheSameFromGguf) {
    const TinyModel llama("LlamaForCausalLM");
    const auto from_llama = write_gguf(folder, tiny_gguf_model("llama"), llama, "model.layers.", true, false,
                                       {{"model.embed_tokens", "token_embd"},
                                        {"model.norm", "output_norm"},
                                        {"lm_head", "output"},
                                        {"input_layernorm", "attn_norm"},
                                        {"self_attn.q_proj", "attn_q"},
                                        {"self_attn.k_proj", "attn_k"},
                                        {"self_attn.v_proj", "attn_v"},
                                        {"self_attn.o_proj", "attn_output"},
                                        {"post_attention_layernorm", "ffn_norm"},
                                        {"mlp.gate_proj", "ffn_gate"},
                                        {"mlp.up_proj", "ffn_up"},
                                        {"mlp.down_proj", "ffn_down"}});
    const Ids ids = random_ids(20);
    EXPECT_LT(apart(logits(LoadedModel(open_model_files(from_llama)), ids), PlainForward(llama).logits(ids)), 2e-4);

    const TinyModel gpt2("GPT2LMHeadModel");
    TinyGguf file;
    using S = TinySizes;
    file.text("general.architecture", "gpt2").integer("gpt2.block_count", S::layers);
    file.integer("gpt2.context_length", S::positions).integer("gpt2.embedding_length", S::hidden);
    file.integer("gpt2.feed_forward_length", S::intermediate).integer("gpt2.attention.head_count", S::heads);
    file.number("gpt2.attention.layer_norm_epsilon", 1e-5f);
    const auto from_gpt2 = write_gguf(folder, file, gpt2, "transformer.h.", false, true,
                                      {{"transformer.wte", "token_embd"},
                                       {"transformer.wpe", "position_embd"},
                                       {"transformer.ln_f", "output_norm"},
                                       {"ln_1", "attn_norm"},
                                       {"attn.c_attn", "attn_qkv"},
                                       {"attn.c_proj", "attn_output"},
                                       {"ln_2", "ffn_norm"},
                                       {"mlp.c_fc", "ffn_up"},
                                       {"mlp.c_proj", "ffn_down"}});
    EXPECT_LT(apart(logits(LoadedModel(open_model_files(from_gpt2)), ids), PlainForward(gpt2).logits(ids)), 2e-4);
}

/// Rows of queries, keys and values of a head next to each other as GGUF has them: all queries, all keys, all values.
void sort_rows(TinyModel::Weight& weight) {
    constexpr std::size_t heads = TinySizes::heads, dim = TinySizes::head_dim;
    const std::size_t width = weight.values.size() / (3 * heads * dim);
    const std::vector<float> before = weight.values;
    for (std::size_t row = 0; row < 3 * heads * dim; ++row) {
        const std::size_t kind = row / (heads * dim), head = row / dim % heads;
        const std::size_t from = (head * 3 + kind) * dim + row % dim;
        for (std::size_t k = 0; k < width; ++k) weight.values[row * width + k] = before[from * width + k];
    }
}

TEST_F(Forward, GivesTheSameFromAGgufOfGptNeoX) {
    const std::vector<std::pair<std::string, std::string>> names{{"gpt_neox.embed_in", "token_embd"},
                                                                 {"gpt_neox.final_layer_norm", "output_norm"},
                                                                 {"embed_out", "output"},
                                                                 {"input_layernorm", "attn_norm"},
                                                                 {"attention.query_key_value", "attn_qkv"},
                                                                 {"attention.dense", "attn_output"},
                                                                 {"post_attention_layernorm", "ffn_norm"},
                                                                 {"mlp.dense_h_to_4h", "ffn_up"},
                                                                 {"mlp.dense_4h_to_h", "ffn_down"}};
    const Ids ids = random_ids(20);
    for (const bool parallel : {true, false}) {
        TinyModel neox("GPTNeoXForCausalLM");
        neox.config["use_parallel_residual"] = parallel;
        neox.config["rotary_emb_base"] = 2000;
        TinyModel sorted = neox;
        for (int i = 0; i < TinySizes::layers; ++i) {
            for (const char* const part : {"weight", "bias"})
                sort_rows(
                    sorted.weights["gpt_neox.layers." + std::to_string(i) + ".attention.query_key_value." + part]);
        }
        TinyGguf header = tiny_neox_header();
        header.flag("gptneox.use_parallel_residual", parallel).number("gptneox.rope.freq_base", 2000);
        const LoadedModel model(
            open_model_files(write_gguf(folder, header, sorted, "gpt_neox.layers.", false, false, names)));
        EXPECT_LT(apart(logits(model, ids), PlainForward(neox).logits(ids)), 2e-4);
        EXPECT_EQ(apart(logits(model, ids), logits(*open(neox), ids)), 0);
        for (const std::int64_t layer : {0, 1}) {
            const auto got = models::attention_projections(model, layer);
            const auto wanted = models::attention_projections(*open(neox), layer);
            EXPECT_EQ(apart(got.query, wanted.query), 0);
            EXPECT_EQ(apart(got.key, wanted.key), 0);
            EXPECT_EQ(apart(got.value, wanted.value), 0);
            EXPECT_EQ(apart(got.output, wanted.output), 0);
        }
    }
    // A bias that one layer has and another lacks.
    TinyModel damaged("GPTNeoXForCausalLM");
    damaged.weights.erase("gpt_neox.layers.1.attention.query_key_value.bias");
    const LoadedModel model(
        open_model_files(write_gguf(folder, tiny_neox_header(), damaged, "gpt_neox.layers.", false, false, names)));
    const std::string said = message_of([&] { logits(model, ids); });
    EXPECT_NE(said.find("expected tensor blk.1.attn_qkv.bias, got none"), std::string::npos) << said;
}

TEST_F(Forward, GivesTheSameWhoeverLooks) {
    struct Watcher : AttentionObserver {
        std::vector<int> layers;
        std::int64_t rows = 0;
        bool wants_probabilities(const AttentionPoint&) override { return true; }
        void observe_inputs(const AttentionPoint& point) override { layers.push_back(point.layer); }
        void observe(const AttentionPoint&, const AttentionTile& tile) override { rows += tile.entropy.numel(); }
    };
    for (const auto& [name, plain] : all_models()) {
        const auto model = open(plain);
        const Ids ids = random_ids(40);
        Watcher watcher;
        EXPECT_LT(apart(logits(*model, ids, &watcher), logits(*model, ids)), 1e-4) << name;
        EXPECT_EQ(watcher.layers, (std::vector<int>{0, 1})) << name;
        EXPECT_EQ(watcher.rows, 2 * 40 * model->config().heads) << name;
    }
}

TEST_F(Forward, LooksAtNothingThatComesLater) {
    for (const auto& [name, plain] : all_models()) {
        const auto model = open(plain);
        Ids ids = random_ids(30);
        const at::Tensor before = logits(*model, ids);
        ids[20] = (ids[20] + 1) % TinySizes::vocabulary;
        const at::Tensor after = logits(*model, ids);
        EXPECT_LT(apart(before.narrow(0, 0, 20), after.narrow(0, 0, 20)), 1e-5) << name;
        EXPECT_GT(apart(before.narrow(0, 20, 1), after.narrow(0, 20, 1)), 1e-3) << name;
    }
}

TEST_F(Forward, RunsTextsOfOneLengthTogether) {
    for (const auto& [name, plain] : all_models()) {
        const auto model = open(plain);
        const std::vector<Ids> texts{random_ids(19, 1), random_ids(19, 2), random_ids(19, 3)};
        const at::Tensor together = models::hidden_states(*model, texts, {}, context);
        ASSERT_EQ(together.size(0), 3);
        for (std::size_t i = 0; i < texts.size(); ++i) {
            const at::Tensor alone = models::hidden_states(*model, {texts[i]}, {}, context);
            EXPECT_LT(apart(together[static_cast<std::int64_t>(i)], alone[0]), 1e-4) << name;
        }
    }
}

TEST_F(Forward, LeavesLaterLayersAlone) {
    const auto model = open(tiny("LlamaForCausalLM"));
    EXPECT_EQ(model->memory().mapped + model->memory().converted, 0u);
    const ForwardOptions first{.observer = nullptr, .last_layer = 0, .precision = Precision::float32};
    const at::Tensor states = models::hidden_states(*model, {random_ids(5)}, first, context);
    EXPECT_EQ(states.sizes().vec(), (std::vector<std::int64_t>{1, 5, TinySizes::hidden}));
    // One layer: two norms, four projections, three of the feed-forward. Of the embedding, rows are copied.
    using S = TinySizes;
    const std::uint64_t used =
        S::hidden * (2 + 2 * S::heads * S::head_dim + 2 * S::key_value_heads * S::head_dim + 3 * S::intermediate);
    // Matrices of linear maps are packed, their outputs filled up to whole panels of at most 32; the rest stays mapped.
    const std::uint64_t norms = 2 * S::hidden;
    EXPECT_EQ(model->memory().mapped, 4 * norms);
    EXPECT_GE(model->memory().mapped + model->memory().converted, 4 * used);
    EXPECT_LE(model->memory().mapped + model->memory().converted, 4 * (used + 8 * 32 * S::intermediate));
}

TEST_F(Forward, KeepsConvertedWeightsWithinItsBudget) {
    const auto model = open(tiny("LlamaForCausalLM"));
    const Ids ids = random_ids(9);
    const at::Tensor expected = logits(*model, ids, nullptr, Precision::bfloat16);
    const std::uint64_t all = model->memory().converted;
    EXPECT_GT(all, 0u);
    EXPECT_EQ(model->memory().mapped, 0u);
    const std::uint64_t largest = std::uint64_t{2} * TinySizes::intermediate * TinySizes::hidden;
    model->set_memory_budget(largest + 2000);
    EXPECT_LE(model->memory().converted, largest + 2000);
    EXPECT_EQ(apart(logits(*model, ids, nullptr, Precision::bfloat16), expected), 0);
    EXPECT_LE(model->memory().converted, largest + 2000);
    model->set_memory_budget(1);
    EXPECT_EQ(model->memory().converted, 0u);
    EXPECT_EQ(apart(logits(*model, ids, nullptr, Precision::bfloat16), expected), 0);
    model->set_memory_budget(0);
    EXPECT_GT(model->memory().budget, std::uint64_t{1} << 28);
}

TEST_F(Forward, ComesCloseInBfloat16) {
    for (const auto& [name, plain] : all_models()) {
        const auto model = open(plain);
        const Ids ids = random_ids(16);
        const at::Tensor exact = logits(*model, ids);
        const double distance = logits(*model, ids, nullptr, Precision::bfloat16).sub(exact).norm().item<double>();
        EXPECT_LT(distance, 0.05 * exact.norm().item<double>()) << name;
        EXPECT_GT(distance, 0) << name;
    }
}

TEST_F(Forward, ServesSeveralThreadsAtOnce) {
    const auto model = open(tiny("GPTNeoXForCausalLM"));
    const Ids ids = random_ids(12);
    const at::Tensor expected = logits(*open(tiny("GPTNeoXForCausalLM")), ids);
    std::vector<at::Tensor> got(4);
    std::vector<std::thread> threads;
    for (at::Tensor& result : got) {
        threads.emplace_back([&] {
            ThreadPool own(1);
            JobContext job(own, {.device = {Device::Kind::cpu, 0}, .stop = {}, .on_progress = {}, .on_snapshot = {}});
            result = models::head_logits(*model, models::hidden_states(*model, {ids}, {}, job)[0], {}, job);
        });
    }
    for (std::thread& thread : threads) thread.join();
    for (const at::Tensor& result : got) EXPECT_LT(apart(result, expected), 1e-5);
}

TEST_F(Forward, NamesTheWeightThatCannotBeUsed) {
    const auto model = open(tiny("LlamaForCausalLM", [](TinyModel& damaged) {
        damaged.weights["model.layers.1.mlp.up_proj.weight"].values[37] = NAN;
    }));
    const auto run = [&](std::int64_t last_layer) {
        return message_of([&] {
            models::hidden_states(*model, {random_ids(3)}, {.observer = nullptr, .last_layer = last_layer}, context);
        });
    };
    EXPECT_EQ(run(0), "no error");
    const std::string named = "expected finite weights, got NaN (layer 1, tensor model.layers.1.mlp.up_proj.weight, "
                              "element 37)";
    EXPECT_NE(run(1).find(named), std::string::npos) << run(1);
    EXPECT_NE(run(-1).find(named), std::string::npos) << "once found, found again";

    // Of the embedding, only the rows of a text are looked at.
    const auto third_token = open(tiny("LlamaForCausalLM", [](TinyModel& damaged) {
        damaged.weights["model.embed_tokens.weight"].values[3 * TinySizes::hidden + 1] = INFINITY;
    }));
    const auto embed = [&](const Ids& ids) {
        return message_of([&] { models::hidden_states(*third_token, {ids}, {}, context); });
    };
    EXPECT_EQ(embed({1, 2, 4, 2}), "no error");
    const std::string place = "expected finite weights, got infinity (tensor model.embed_tokens.weight, element " +
                              std::to_string(3 * TinySizes::hidden + 1) + ")";
    EXPECT_NE(embed({4, 3, 1}).find(place), std::string::npos) << embed({4, 3, 1});

    // A sum that overflows is no weight that is not finite.
    const auto large = open(tiny("LlamaForCausalLM", [](TinyModel& model) {
        for (float& value : model.weights["model.norm.weight"].values) value = 3e38f;
    }));
    EXPECT_EQ(message_of([&] { models::hidden_states(*large, {random_ids(3)}, {}, context); }), "no error");
}

TEST_F(Forward, RefusesTokensTheModelDoesNotHave) {
    const auto model = open(tiny("GPT2LMHeadModel"));
    const auto refusal = [&](const Ids& ids) { return message_of([&] { check_tokens(*model, ids); }); };
    EXPECT_NE(refusal({}).find("at least one token"), std::string::npos);
    EXPECT_NE(refusal({0, 39, 40}).find("token ids from 0 to 39, got 40 (position 2)"), std::string::npos);
    EXPECT_NE(refusal({-1}).find("(position 0)"), std::string::npos);
    EXPECT_NE(refusal(Ids(65, 0)).find("at most 64 tokens, its longest context, got 65"), std::string::npos);
    EXPECT_EQ(refusal(Ids(64, 0)), "no error");
}

TEST_F(Forward, EndsWhenItIsNoLongerWanted) {
    const auto model = open(tiny("LlamaForCausalLM"));
    std::stop_source source;
    source.request_stop();
    JobContext stopped(pool, {.device = {Device::Kind::cpu, 0}, .stop = source.get_token()});
    EXPECT_THROW(models::hidden_states(*model, {random_ids(3)}, {}, stopped), Cancelled);
}

TEST_F(Forward, AWeightThatACancelLeftIsConvertedByTheNextCaller) {
    const auto model = open(tiny("LlamaForCausalLM"));
    const models::Weights& weights = model->weights();
    const models::WeightName name{-1, models::head_name(*model) + ".weight"};
    const std::int64_t vocabulary = model->config().vocabulary, hidden = model->config().hidden;
    std::stop_source source;
    source.request_stop();
    EXPECT_THROW(weights.packed(name, vocabulary, hidden, source.get_token()), Cancelled);
    EXPECT_THROW(weights.get(name, {vocabulary, hidden}, at::kBFloat16, at::kCPU, source.get_token()), Cancelled);
    ASSERT_TRUE(weights.packed(name, vocabulary, hidden));
    const at::Tensor rounded = weights.get(name, {vocabulary, hidden}, at::kBFloat16);
    EXPECT_TRUE(rounded.equal(weights.get(name, {vocabulary, hidden}).to(at::kBFloat16)));
    // What is there is handed out whether it is wanted or not.
    EXPECT_TRUE(weights.packed(name, vocabulary, hidden, source.get_token()));
}

TEST_F(Forward, GivesLogitsAndLossOfAText) {
    for (const auto& [name, plain] : all_models()) {
        LogitsRequest request;
        request.model = open(plain);
        request.ids = random_ids(33);
        request.top = 5;
        const LogitsResult result = compute::logits(request, context);
        const PlainForward loops(plain);
        const PlainForward::Row last = loops.logits(request.ids).back();
        ASSERT_EQ(result.top.size(), 5u);
        EXPECT_NEAR(result.top[0].logit, *std::max_element(last.begin(), last.end()), 1e-4) << name;
        for (std::size_t i = 0; i < 5; ++i) {
            EXPECT_NEAR(result.top[i].logit, last[static_cast<std::size_t>(result.top[i].id)], 1e-4) << name;
            EXPECT_GE(result.top[i == 0 ? 0 : i - 1].logit, result.top[i].logit) << name;
        }
        EXPECT_NEAR(result.log_sum_exp, PlainForward::log_sum_exp(last), 1e-4) << name;
        ASSERT_TRUE(result.loss);
        EXPECT_NEAR(*result.loss, loops.loss(request.ids), 1e-4) << name;
        request.ids = {7};
        EXPECT_FALSE(compute::logits(request, context).loss) << name;
    }
}

TEST_F(Forward, RefusesARequestWithoutMeaning) {
    LogitsRequest request;
    request.model = open(tiny("GPT2LMHeadModel"));
    request.ids = {1, 2};
    for (const double gain : {0.0, -1.0, std::nan("")}) {
        request.gain = gain;
        EXPECT_EQ(error_of([&] { compute::logits(request, context); })->kind, ErrorKind::usage);
    }
    request.gain = 1;
    request.top = -1;
    EXPECT_EQ(error_of([&] { compute::logits(request, context); })->kind, ErrorKind::usage);
}

TEST_F(Forward, RunsAnEncoderForThoseWhoLook) {
    const TinyBert bert;
    bert.write(folder.path());
    const LoadedModel model(open_model_files(folder.path()));
    struct Watcher : AttentionObserver {
        std::int64_t rows = 0;
        bool wants_probabilities(const AttentionPoint&) override { return true; }
        void observe(const AttentionPoint& point, const AttentionTile& tile) override {
            EXPECT_FALSE(point.causal);
            rows += tile.entropy.numel();
        }
    } watcher;
    const std::vector<Ids> texts{{2, 4, 5, 3}, {2, 6, 7, 3}};
    const at::Tensor states = models::hidden_states(model, texts, {.observer = &watcher}, context);
    EXPECT_EQ(states.sizes().vec(), (std::vector<std::int64_t>{2, 4, 8}));
    EXPECT_EQ(watcher.rows, 2 * 2 * 2 * 4);
    const auto expected = bert.embed(texts[0]);
    const at::Tensor mean = states[0].mean(0).contiguous();
    double norm = mean.norm().item<double>();
    for (std::int64_t k = 0; k < 8; ++k)
        EXPECT_NEAR(mean[k].item<double>() / norm, expected[static_cast<std::size_t>(k)], 2e-6);

    const LoadedModel from_gguf(open_model_files(folder.put("bert.gguf", bert.gguf().str())));
    EXPECT_EQ(
        apart(models::hidden_states(from_gguf, texts, {}, context), models::hidden_states(model, texts, {}, context)),
        0);
    for (const std::int64_t layer : {0, 1})
        EXPECT_EQ(
            apart(models::attention_projections(from_gguf, layer).key, models::attention_projections(model, layer).key),
            0);
    EXPECT_EQ(apart(models::token_embedding(from_gguf), models::token_embedding(model)), 0);

    const auto shared = std::make_shared<const LoadedModel>(open_model_files(folder.path()));
    LogitsRequest request;
    request.model = shared;
    request.ids = texts[0];
    EXPECT_NE(message_of([&] { compute::logits(request, context); }).find("got an encoder"), std::string::npos);
}

} // namespace
} // namespace attnscope::test
