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
    for (const Token& token : tokens) ids.push_back(token.id);
    return ids;
}

std::string texts_of(const std::vector<Token>& tokens) {
    std::string joined;
    for (const Token& token : tokens) joined += (joined.empty() ? "" : "|") + token.text;
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
    expect_refusal("expected gpt2, llama or bert, got rwkv", [](auto& f) { f.text("tokenizer.ggml.model", "rwkv"); });
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

/// WordPiece as a file has it, and the same vocabulary as a vocab.txt.
struct WordPieces {
    std::vector<std::string> vocabulary{"[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "un",
                                        "##aff", "##able",    "a",     "##a",   "cafe",  "!",      "[",
                                        "]",     "#",         "##",    "##[",   "日"};
    GgufTokenizerData data;

    explicit WordPieces(std::vector<std::string> more = {}) {
        vocabulary.insert(vocabulary.end(), more.begin(), more.end());
        data.model = "bert";
        for (const std::string& token : vocabulary) {
            const bool special = token.size() > 2 && token.front() == '[' && token != "[unused0]";
            data.types.push_back(special ? 3 : 1);
            data.tokens.push_back(special ? token : token.starts_with("##") ? token.substr(2) : "\u2581" + token);
        }
        data.padding = 0;
        data.unknown = 2;
        data.cls = 3;
        data.separator = 4;
        data.mask = 5;
    }
    std::unique_ptr<Tokenizer> open() const { return tokenizer_from_gguf(data, "f"); }
    std::string refusal() const {
        return message_of([&] { open(); });
    }
};

TEST(GgufWordPiece, ALongTextCanBeLeftWhileItIsEncoded) {
    const auto tokenizer = WordPieces().open();
    std::string text;
    for (int i = 0; i < 20'000; ++i) text += "unaffable a ";
    int calls = 0;
    const auto tokens = tokenizer->encode(text, [&calls] { ++calls; });
    EXPECT_GT(calls, 5);
    EXPECT_EQ(ids_of(tokens), ids_of(tokenizer->encode(text)));
    EXPECT_THROW(tokenizer->encode_alone(text, [] { throw Cancelled{}; }), Cancelled);
}

TEST(GgufWordPiece, GivesWhatTheSameVocabularyGivesElsewhere) {
    WordPieces words;
    const test::TemporaryFolder folder;
    std::string lines;
    for (const std::string& token : words.vocabulary) lines += token + "\n";
    const auto expected = open_tokenizer(folder.put("vocab.txt", lines));
    const auto agree = [&](const Tokenizer& tokenizer) {
        ASSERT_EQ(tokenizer.vocabulary_size(), words.vocabulary.size());
        for (std::size_t id = 0; id < words.vocabulary.size(); ++id)
            EXPECT_EQ(tokenizer.token_text(static_cast<std::int64_t>(id)), words.vocabulary[id]);
        for (const char* const text : {"", "unaffable", "Unaffable CAFÉ!", "a aa [MASK] [SEP]a",
                                       "zzz a#a ## 日a [unused0]", "[[]", "a\t\u2581a"}) {
            const std::vector<Token> got = tokenizer.encode(text), wanted = expected->encode(text);
            ASSERT_EQ(ids_of(got), ids_of(wanted)) << text;
            for (std::size_t i = 0; i < got.size(); ++i) {
                EXPECT_EQ(got[i].text, wanted[i].text) << text;
                EXPECT_EQ(got[i].begin, wanted[i].begin) << text;
                EXPECT_EQ(got[i].end, wanted[i].end) << text;
            }
            EXPECT_EQ(tokenizer.decode(ids_of(got)), expected->decode(ids_of(wanted))) << text;
        }
    };
    agree(*words.open());
    // Whatever is said of beginnings and ends, and where they have no ids but those of other models.
    words.data.add_bos = words.data.add_eos = false;
    agree(*words.open());
    words.data.bos = words.data.cls;
    words.data.eos = words.data.separator;
    words.data.cls = words.data.separator = -1;
    agree(*words.open());
    // No ids but those of usual spellings, no types, and brackets left alone as older converters do.
    words.data.bos = words.data.eos = words.data.unknown = -1;
    words.data.types.clear();
    words.data.tokens[1] = "[unused0]";
    agree(*words.open());
}

TEST(GgufWordPiece, KeepsTheCaseAndTheAccentsOfItsVocabulary) {
    const auto texts = [](const std::vector<std::string>& more, const char* text) {
        return texts_of(WordPieces(more).open()->encode(text));
    };
    EXPECT_EQ(texts({}, "Café A"), "[CLS]|cafe|a|[SEP]");
    EXPECT_EQ(texts({"Café"}, "Café A"), "[CLS]|Café|[UNK]|[SEP]");
    EXPECT_EQ(texts({"café"}, "Café A"), "[CLS]|café|a|[SEP]");
    EXPECT_EQ(texts({"[Q]"}, "Café"), "[CLS]|cafe|[SEP]") << "what stands in brackets is no word";
}

TEST(GgufWordPiece, NamesWhatItCannotUse) {
    WordPieces words;
    words.data.cls = 19;
    EXPECT_NE(words.refusal().find("expected an id below 19, got 19 (tokenizer.ggml.cls_token_id)"), std::string::npos)
        << words.refusal();
    words.data.cls = -1;
    words.data.tokens[3] = "[BEGIN]";
    EXPECT_NE(words.refusal().find("expected the id of [CLS], got none (tokenizer.ggml.cls_token_id)"),
              std::string::npos)
        << words.refusal();
    words.data.tokens = words.vocabulary;
    EXPECT_NE(words.refusal().find("expected U+2581 before tokens that begin a word, got none (tokenizer.ggml.tokens)"),
              std::string::npos)
        << words.refusal();
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
