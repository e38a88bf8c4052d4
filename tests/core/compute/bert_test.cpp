#include "files/model_config.h"
#include "models/bert.h"
#include "models/text_encoder.h"

#include "support/error_of.h"
#include "support/golden.h"
#include "support/temporary_folder.h"
#include "support/tiny_bert.h"

#include <attnscope/bank.h>

#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>
#include <string>
#include <vector>

namespace attnscope {
namespace {

using models::AttentionObserver;
using models::AttentionPoint;
using models::AttentionTile;
using test::message_of;

class BertEncoder : public testing::Test {
protected:
    std::shared_ptr<const TextEncoder> open() { return compute::open_text_encoder(folder.path()); }
    std::shared_ptr<const TextEncoder> write_and_open() {
        bert.write(folder.path());
        return open();
    }
    std::string refusal() {
        bert.write(folder.path());
        return message_of([&] { open(); });
    }
    std::vector<std::int64_t> ids(const TextEncoder& encoder, const std::string& text) {
        std::vector<std::int64_t> result;
        for (const Token& token : encoder.tokenizer().encode(text)) result.push_back(token.id);
        return result;
    }

    const test::TemporaryFolder folder;
    test::TinyBert bert;
    ThreadPool pool{2};
    JobContext context{pool};
};

template <class A, class B>
double largest_difference(const A& a, const B& b) {
    EXPECT_EQ(a.size(), b.size());
    double largest = 0;
    for (std::size_t i = 0; i < std::min<std::size_t>(a.size(), b.size()); ++i) {
        largest = std::max(largest, std::abs(double{a[i]} - double{b[i]}));
    }
    return largest;
}

TEST_F(BertEncoder, AgreesWithItsPlainForwardPass) {
    const auto encoder = write_and_open();
    for (const std::string text : {"a", "ab, ba c", "d e a b c zzz", ""}) {
        const std::vector<std::string> one{text};
        EXPECT_LT(largest_difference(encoder->encode(one, context), bert.embed(ids(*encoder, text))), 2e-6) << text;
    }
    EXPECT_EQ(encoder->summary(), "bert · 2 layers · 2 heads · hidden 8");
    EXPECT_EQ(encoder->dimension(), 8u);
}

TEST_F(BertEncoder, GivesATextTheSameEmbeddingInAnyCompany) {
    const auto encoder = write_and_open();
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < 300; ++i) {
        std::string text;
        for (std::size_t k = 0; k < i % 12; ++k)
            text += std::string(1, static_cast<char>('a' + (i * 7 + k * k) % 5)) + " ";
        texts.push_back(text);
    }
    std::set<std::size_t> seen;
    std::vector<float> reported(texts.size() * 8);
    const auto together = encoder->encode(texts, context, [&](std::size_t i, std::span<const float> row) {
        EXPECT_TRUE(seen.insert(i).second);
        std::copy(row.begin(), row.end(), reported.begin() + static_cast<std::ptrdiff_t>(i * 8));
    });
    EXPECT_EQ(seen.size(), texts.size());
    EXPECT_EQ(reported, together);
    for (std::size_t i = 0; i < texts.size(); i += 7) {
        const std::vector<std::string> one{texts[i]};
        EXPECT_LT(largest_difference(encoder->encode(one, context), std::span(together).subspan(i * 8, 8)), 1e-6) << i;
    }
    std::reverse(texts.begin(), texts.end());
    const auto reversed = encoder->encode(texts, context);
    EXPECT_LT(largest_difference(std::span(reversed).subspan(0, 8), std::span(together).subspan(299 * 8, 8)), 1e-6);
}

TEST_F(BertEncoder, CutsLongTextsAndKeepsWhatStandsAroundThem) {
    const auto encoder = write_and_open();
    const std::vector<std::string> texts{"a b c d e a b c d e a b c d e a b c", "a b c d e a b c d e a b c d"};
    const auto rows = encoder->encode(texts, context);
    EXPECT_EQ(ids(*encoder, texts[1]).size(), 16u);
    EXPECT_LT(largest_difference(std::span(rows).subspan(0, 8), std::span(rows).subspan(8, 8)), 1e-6);

    write_file(folder.path() / "sentence_bert_config.json", R"({"max_seq_length": 4})");
    const std::vector<std::string> shorter{"a b c d", "a b"};
    const auto cut = open()->encode(shorter, context);
    EXPECT_LT(largest_difference(std::span(cut).subspan(0, 8), std::span(cut).subspan(8, 8)), 1e-6);
}

TEST_F(BertEncoder, FindsTensorsUnderAPrefixAndOlderNames) {
    const auto plain = write_and_open();
    const std::vector<std::string> texts{"a b"};
    const auto expected = plain->encode(texts, context);
    for (const char* const part : {"weight", "bias"}) {
        auto weight = bert.weights.extract(std::string("embeddings.LayerNorm.") + part);
        weight.key() = std::string("embeddings.LayerNorm.") + (part[0] == 'w' ? "gamma" : "beta");
        bert.weights.insert(std::move(weight));
    }
    bert.write(folder.path(), "bert.");
    EXPECT_EQ(open()->encode(texts, context), expected);
}

TEST_F(BertEncoder, GivesTheSameFromGguf) {
    const auto from_folder = write_and_open();
    test::TinyGguf file = bert.gguf();
    const auto open_file = [&] { return compute::open_text_encoder(folder.put("tiny.gguf", file.str())); };
    const auto encoder = open_file();
    EXPECT_EQ(encoder->name(), "tiny.gguf");
    EXPECT_EQ(encoder->summary(), from_folder->summary());
    EXPECT_EQ(encoder->sha256(), sha256_file(folder / "tiny.gguf"));
    const std::vector<std::string> texts{"a", "ab, ba C", "d e a b c zzz", "", "a b c d e a b c d e a b c d e a b c"};
    const auto expected = from_folder->encode(texts, context);
    EXPECT_EQ(encoder->encode(texts, context), expected);
    for (const std::uint32_t mean : {0u, 1u}) {
        file.integer("bert.pooling_type", mean);
        EXPECT_EQ(open_file()->encode(texts, context), expected);
    }
    file.drop("bert.pooling_type");
    EXPECT_EQ(open_file()->encode(texts, context), expected);

    const auto says = [&](auto change, const char* wanted) {
        file = bert.gguf();
        change(file);
        const std::string said = message_of([&] { open_file(); });
        EXPECT_NE(said.find(wanted), std::string::npos) << said;
    };
    says([](auto& f) { f.integer("bert.pooling_type", 2); },
         "tiny.gguf: expected 1, mean pooling, got 2 (the first token) (bert.pooling_type)");
    says([](auto& f) { f.integer("bert.pooling_type", 9); }, "got 9 (bert.pooling_type)");
    says([](auto& f) { f.text("bert.pooling_type", "mean"); }, "got 'mean' (bert.pooling_type)");
    says([](auto& f) { f.text("tokenizer.ggml.model", "gpt2"); }, "expected bert, got gpt2 (tokenizer.ggml.model)");
    says([](auto& f) { f.drop("tokenizer.ggml.model"); }, "got none (tokenizer.ggml.model)");
    says([](auto& f) { f.drop("blk.1.attn_k.bias"); }, "expected tensor blk.1.attn_k.bias, got none");
    says([](auto& f) { f.drop("token_embd_norm.weight"); }, "expected tensor token_embd_norm.weight, got none");
    says([](auto& f) { f.integer("bert.context_length", 15); }, "expected 15 × 8, got 16 × 8 (position_embd.weight)");
    says([](auto& f) { f.integer("tokenizer.ggml.token_type_count", 3); },
         "expected 3 × 8, got 2 × 8 (token_types.weight)");
    says([](auto& f) { f.drop("tokenizer.ggml.token_type_count").drop("token_types.weight"); },
         "expected tensor token_types.weight, got none");
    says(
        [](auto& f) {
            f.drop("tokenizer.ggml.token_type_count").drop("token_types.weight");
            f.tensor("token_types.weight", {0, 8}, {});
        },
        "expected 1 × 8, got 0 × 8 (token_types.weight)");
    says([](auto& f) { f = test::tiny_gguf_model(); },
         "expected an encoder of architecture bert, got llama (general.architecture)");
    says([](auto& f) { f.integer("bert.context_length", 2); }, "fewer than 2 tokens around a text, got 2");
}

TEST_F(BertEncoder, CancelsWithoutAResult) {
    const auto encoder = write_and_open();
    std::stop_source source;
    source.request_stop();
    JobContext stopped(pool, {.stop = source.get_token()});
    const std::vector<std::string> texts{"a"};
    EXPECT_THROW(encoder->encode(texts, stopped), Cancelled);
}

TEST_F(BertEncoder, EmbedsNoTextsAsNothing) {
    EXPECT_TRUE(write_and_open()->encode({}, context).empty());
}

TEST_F(BertEncoder, NamesWhatItCannotUse) {
    bert.config["model_type"] = "roberta";
    EXPECT_NE(refusal().find("architecture bert, got roberta (model_type)"), std::string::npos) << refusal();
    bert.config["model_type"] = "bert";
    bert.config["num_attention_heads"] = 3;
    EXPECT_NE(refusal().find("num_attention_heads"), std::string::npos) << refusal();
    bert.config["num_attention_heads"] = 2;
    bert.config["hidden_act"] = "relu";
    EXPECT_NE(refusal().find("expected gelu, got relu"), std::string::npos) << refusal();
    bert.config.erase("hidden_act");
    bert.config["hidden_size"] = -8;
    EXPECT_NE(refusal().find("hidden_size"), std::string::npos) << refusal();
    bert.config["hidden_size"] = 8;
    bert.config["vocab_size"] = 11;
    EXPECT_NE(refusal().find("at least the tokenizer's 12, got 11"), std::string::npos) << refusal();
    bert.config["vocab_size"] = 13;
    EXPECT_NE(refusal().find("expected 13 × 8, got 12 × 8"), std::string::npos) << refusal();
    bert.config["vocab_size"] = 12;
    auto missing = bert.weights.extract("encoder.layer.1.attention.self.key.bias");
    EXPECT_NE(refusal().find("tensor encoder.layer.1.attention.self.key.bias, got none"), std::string::npos)
        << refusal();
    bert.weights.insert(std::move(missing));
    EXPECT_EQ(refusal(), "no error");

    write_file(folder.path() / "sentence_bert_config.json", R"({"max_seq_length": 17})");
    EXPECT_NE(refusal().find("max_seq_length"), std::string::npos) << refusal();
    std::filesystem::remove(folder.path() / "sentence_bert_config.json");
    std::filesystem::create_directory(folder.path() / "1_Pooling");
    write_file(folder.path() / "1_Pooling" / "config.json", R"({"pooling_mode_cls_token": true})");
    EXPECT_NE(refusal().find("mean pooling"), std::string::npos) << refusal();
    std::filesystem::remove(folder.path() / "model.safetensors");
    std::filesystem::remove_all(folder.path() / "1_Pooling");
    EXPECT_NE(message_of([&] { open(); }).find("model.safetensors or pytorch_model.bin, got neither"),
              std::string::npos);
    EXPECT_NE(message_of([] { compute::open_text_encoder("/nowhere"); }).find("nothing there"), std::string::npos);
}

TEST_F(BertEncoder, RefusesWeightsThatGiveNoFiniteEmbedding) {
    bert.weights.at("encoder.layer.0.output.dense.bias").values[3] = NAN;
    const auto encoder = write_and_open();
    const std::vector<std::string> texts{"a"};
    EXPECT_EQ(test::error_of([&] { encoder->encode(texts, context); })->kind, ErrorKind::input);
}

class AttentionPointTest : public BertEncoder {
protected:
    void SetUp() override {
        bert.write(folder.path());
        file = open_tensor_file(folder.path() / "model.safetensors");
        model = std::make_unique<models::Bert>(read_model_config(folder.path() / "config.json"), *file);
    }
    std::vector<double> embed(AttentionObserver* observer) {
        const at::Tensor mean = model->forward({{2, 4, 5, 3}, {4}}, context, observer).mean(0);
        const at::Tensor unit = mean.div(mean.norm()).contiguous();
        return {unit.const_data_ptr<float>(), unit.const_data_ptr<float>() + unit.numel()};
    }
    std::unique_ptr<TensorFile> file;
    std::unique_ptr<models::Bert> model;
};

TEST_F(AttentionPointTest, AnObserverSeesEveryLayerAndGroup) {
    struct Watcher : AttentionObserver {
        std::vector<std::vector<std::int64_t>> shapes;
        bool wants_probabilities(const AttentionPoint&) override { return true; }
        void observe(const AttentionPoint& point, const AttentionTile& tile) override {
            const at::Tensor& probabilities = tile.probabilities;
            shapes.push_back({point.layer, probabilities.size(0), probabilities.size(1), probabilities.size(2)});
            EXPECT_LT(std::abs(probabilities.sum(-1).sub(1).abs().max().item<float>()), 1e-5);
        }
    } watcher;
    model->forward({{2, 4, 3, 2, 5, 3, 2, 3}, {3, 3, 2}}, context, &watcher);
    EXPECT_EQ(watcher.shapes,
              (std::vector<std::vector<std::int64_t>>{{0, 2, 2, 3}, {0, 1, 2, 2}, {1, 2, 2, 3}, {1, 1, 2, 2}}));
}

TEST_F(AttentionPointTest, AnObserverScalesTheScores) {
    struct Gain : AttentionObserver {
        double score_factor(const AttentionPoint&) override { return 4; }
    } gain;
    EXPECT_LT(largest_difference(embed(&gain), bert.embed({2, 4, 5, 3}, 4)), 2e-6);
    EXPECT_GT(largest_difference(embed(nullptr), bert.embed({2, 4, 5, 3}, 4)), 1e-3);
}

TEST_F(AttentionPointTest, AnObserverReplacesTheContext) {
    struct Uniform : AttentionObserver {
        at::Tensor replacement(const AttentionPoint& point) override {
            return point.values.mean(2, true).expand_as(point.queries);
        }
    } uniform;
    EXPECT_LT(largest_difference(embed(&uniform), bert.embed({2, 4, 5, 3}, 0)), 2e-6);
}

TEST(MiniLm, GivesTheEmbeddingsOfTheReference) {
    const auto golden = test::golden_folder();
    const auto folder = find_samples().encoder;
    if (golden.empty()) GTEST_SKIP() << test::without_golden;
    if (folder.empty()) GTEST_SKIP() << "no sample encoder";
    ThreadPool pool(2);
    JobContext context(pool);
    const auto encoder = compute::open_text_encoder(folder);
    const auto rows = encoder->encode(read_lines(golden / "texts" / "lines.txt"), context);
    const Queries expected = open_queries(golden / "models" / "minilm" / "embeddings.npy", encoder->dimension());
    EXPECT_LT(largest_difference(rows, expected.values), 2e-5);
}

} // namespace
} // namespace attnscope
