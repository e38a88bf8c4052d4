#include "text/gguf_tokenizer.h"

#include "support/error_of.h"
#include "support/temporary_folder.h"
#include "support/tiny_tokenizer.h"

#include <attnscope/model.h>

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <functional>

namespace attnscope {
namespace {

using test::message_of;

std::vector<std::int64_t> ids_of(const std::vector<Token>& tokens) {
    std::vector<std::int64_t> ids;
    for (const Token& token : tokens)
        ids.push_back(token.id);
    return ids;
}

std::string texts_of(const std::vector<Token>& tokens) {
    std::string joined;
    for (const Token& token : tokens)
        joined += (joined.empty() ? "" : "|") + token.text;
    return joined;
}

class GgufTokenizer : public ::testing::Test {
protected:
    std::unique_ptr<Tokenizer> open(const test::TinyGguf& file) {
        return open_tokenizer(folder_.put("model.gguf", file.str()));
    }
    std::string cut(const std::string& pre, std::string_view text) {
        test::TinyGguf file;
        return texts_of(open(test::add_tiny_tokenizer(file, pre))->encode(text));
    }
    void expect_refusal(const char* said, const std::function<void(test::TinyGguf&)>& change) {
        test::TinyGguf file;
        change(test::add_tiny_tokenizer(file));
        const std::string message = message_of([&] { open(file); });
        EXPECT_NE(message.find(said), std::string::npos) << message;
    }
    test::TemporaryFolder folder_;
};

TEST_F(GgufTokenizer, SplitsAsItsNameSays) {
    EXPECT_EQ(cut("gpt-2", "hello 12\n\nhello"), "hello| |12|\n|\n|hello");
    EXPECT_EQ(cut("smollm", "hello 12"), "hello| |1|2");
    EXPECT_EQ(cut("qwen2", "12"), "1|2");
    EXPECT_EQ(cut("llama-bpe", "12"), "12");
    EXPECT_EQ(cut("", "12"), "12"); // no name: gpt-2's
}

TEST_F(GgufTokenizer, ControlTokensWrittenInATextBecomeTheirIds) {
    EXPECT_EQ(cut("smollm", "hello<|end|> world"), "hello|<|end|>| world");
}

TEST_F(GgufTokenizer, ATextBeginsWithASpecialTokenOnlyWhereTheFileSaysSo) {
    test::TinyGguf file;
    test::add_tiny_tokenizer(file);
    EXPECT_EQ(open(file)->encode("hello").size(), 1u);
    file.flag("tokenizer.ggml.add_bos_token", true);
    EXPECT_EQ(texts_of(open(file)->encode("hello")), "<|end|>|hello");
    file.flag("tokenizer.ggml.add_eos_token", true);
    EXPECT_EQ(texts_of(open(file)->encode("hello")), "<|end|>|hello|<|end|>");
}

TEST_F(GgufTokenizer, TheTokenizerOfAModelIsTheOneInItsFile) {
    test::TinyGguf file = test::tiny_gguf_model();
    const auto plain = folder_.put("plain.gguf", file.str());
    EXPECT_NE(message_of([&] { open_tokenizer(open_model_files(plain)); }).find("a tokenizer with the model, got none"),
              std::string::npos);
    EXPECT_NE(message_of([&] { open_tokenizer(plain); }).find("tokenizer.ggml.model"), std::string::npos);
}

TEST_F(GgufTokenizer, NamesWhatItCannotUse) {
    expect_refusal("got nonsense (tokenizer.ggml.pre)", [](auto& f) { f.text("tokenizer.ggml.pre", "nonsense"); });
    expect_refusal("expected gpt2 or llama, got rwkv", [](auto& f) { f.text("tokenizer.ggml.model", "rwkv"); });
    expect_refusal("(tokenizer.ggml.tokens)", [](auto& f) { f.drop("tokenizer.ggml.tokens"); });
    expect_refusal("(tokenizer.ggml.merges)", [](auto& f) { f.drop("tokenizer.ggml.merges"); });
    expect_refusal("(tokenizer.ggml.merges[0])", [](auto& f) { f.texts("tokenizer.ggml.merges", {"hello"}); });
    expect_refusal("one a token, got 1", [](auto& f) { f.integers("tokenizer.ggml.token_type", {1}); });
    expect_refusal("(tokenizer.ggml.bos_token_id)", [](auto& f) { f.integer("tokenizer.ggml.bos_token_id", 1000); });
    expect_refusal("the id of the token to add",
                   [](auto& f) { f.drop("tokenizer.ggml.bos_token_id").flag("tokenizer.ggml.add_bos_token", true); });
    expect_refusal("the scores of a SentencePiece tokenizer", [](auto& f) { f.text("tokenizer.ggml.model", "llama"); });
}

/// Tokens and scores of a SentencePiece model; the bytes come last.
GgufTokenizerData sentence_piece() {
    GgufTokenizerData data;
    data.model = "llama";
    const auto add = [&](std::string token, float score, int type) {
        data.tokens.push_back(std::move(token));
        data.scores.push_back(score);
        data.types.push_back(type);
    };
    add("<unk>", 0, 2);
    add("<s>", 0, 3);
    add("</s>", 0, 3);
    float score = 0;
    for (const char* const token : {"\u2581t", "he", "\u2581the", "er", "\u2581", "t", "h", "e", "r", "<", "s", ">"})
        add(token, --score, 1);
    for (int byte = 0; byte < 256; ++byte) {
        char name[8];
        std::snprintf(name, sizeof name, "<0x%02X>", byte);
        add(name, 0, 6);
    }
    data.unknown = 0;
    data.bos = 1;
    data.eos = 2;
    return data;
}

TEST(SentencePiece, MergesTheHighestScoreFirst) {
    const auto tokenizer = tokenizer_from_gguf(sentence_piece(), "f");
    EXPECT_EQ(texts_of(tokenizer->encode("there the")), " the|r|e| the");
    EXPECT_EQ(texts_of(tokenizer->encode("er")), " |er");
}

TEST(SentencePiece, SetsASpaceBeforeATextAndTakesItAwayAgain) {
    GgufTokenizerData data = sentence_piece();
    const auto tokenizer = tokenizer_from_gguf(data, "f");
    for (const char* const text : {"the", " the", "  ", "", "there\nthe \u00e9\u3042", "the</s>there", "</s> the"}) {
        const std::vector<Token> tokens = tokenizer->encode(text);
        EXPECT_EQ(tokenizer->decode(ids_of(tokens)), text);
        std::size_t done = 0;
        for (const Token& token : tokens) {
            EXPECT_EQ(token.begin, done) << text;
            done = token.end;
        }
        EXPECT_EQ(done, std::string_view(text).size());
    }
    data.add_space_prefix = false;
    EXPECT_EQ(texts_of(tokenizer_from_gguf(data, "f")->encode("the")), "t|he");
}

TEST(SentencePiece, ControlTokensAreNeverMerged) {
    GgufTokenizerData data = sentence_piece();
    data.tokens.push_back("<s");
    data.scores.push_back(-1);
    data.types.push_back(1);
    const auto tokenizer = tokenizer_from_gguf(data, "f");
    EXPECT_EQ(texts_of(tokenizer->encode("<s>")), "<s>"); // cut out before anything is merged
    EXPECT_EQ(tokenizer->encode("<s >").back().text, ">");
}

TEST(SentencePiece, RefusesScoresThatAreNone) {
    GgufTokenizerData data = sentence_piece();
    data.scores[4] = NAN;
    EXPECT_NE(message_of([&] { tokenizer_from_gguf(data, "f"); }).find("NaN for token 4"), std::string::npos);
    data.scores.pop_back();
    EXPECT_NE(message_of([&] { tokenizer_from_gguf(data, "f"); }).find("one a token"), std::string::npos);
}

} // namespace
} // namespace attnscope
