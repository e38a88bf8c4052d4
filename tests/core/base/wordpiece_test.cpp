#include "text/tokenizer.h"

#include "support/error_of.h"
#include "support/golden.h"
#include "support/temporary_folder.h"

#include <attnscope/bank.h>
#include <attnscope/tensor_file.h>
#include <attnscope/text_encoder.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace attnscope {
namespace {

using nlohmann::json;
using test::message_of;

const std::vector<std::string> pieces{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "un", "##aff", "##able", "a",
                                      "##a",   "cafe",  "i",     ",",     "!",      "日", "本",    "##i",    "straße",
                                      "b",     "##b",   "##ing", "σας",   "-",      "…",  "ا",     "가"};

json document() {
    json vocabulary = json::object();
    for (std::size_t i = 0; i < pieces.size(); ++i) vocabulary[pieces[i]] = i;
    json added = json::array();
    for (const int id : {0, 1, 2, 3, 4}) {
        added.push_back({{"id", id},
                         {"content", pieces[static_cast<std::size_t>(id)]},
                         {"special", true},
                         {"single_word", false},
                         {"lstrip", false},
                         {"rstrip", false},
                         {"normalized", false}});
    }
    return {{"truncation", {{"max_length", 3}}},
            {"padding", {{"strategy", {{"Fixed", 128}}}}},
            {"added_tokens", added},
            {"normalizer",
             {{"type", "BertNormalizer"},
              {"clean_text", true},
              {"handle_chinese_chars", true},
              {"strip_accents", nullptr},
              {"lowercase", true}}},
            {"pre_tokenizer", {{"type", "BertPreTokenizer"}}},
            {"post_processor", {{"type", "BertProcessing"}, {"cls", {"[CLS]", 2}}, {"sep", {"[SEP]", 3}}}},
            {"model",
             {{"type", "WordPiece"},
              {"unk_token", "[UNK]"},
              {"continuing_subword_prefix", "##"},
              {"max_input_chars_per_word", 12},
              {"vocab", vocabulary}}}};
}

std::unique_ptr<Tokenizer> make(const json& from = document()) {
    return tokenizer_from_json(from.dump(), "test.json");
}

/// Texts of the tokens between [CLS] and [SEP].
std::string words(std::string_view text, const json& from = document()) {
    const std::vector<Token> tokens = make(from)->encode(text);
    std::string joined;
    for (std::size_t i = 1; i + 1 < tokens.size(); ++i) joined += (i > 1 ? " " : "") + tokens[i].text;
    return joined;
}

TEST(WordPiece, CutsWordsIntoTheLongestPieces) {
    EXPECT_EQ(words("unaffable"), "un ##aff ##able");
    EXPECT_EQ(words("aa ab"), "a ##a a ##b");
}

TEST(WordPiece, SetsTheSpecialTokensAroundATextAndIgnoresTruncationAndPadding) {
    const std::vector<Token> tokens = make()->encode("unaffable, a!");
    ASSERT_EQ(tokens.size(), 8u);
    EXPECT_EQ(tokens.front().id, 2);
    EXPECT_EQ(tokens.back().text, "[SEP]");
    EXPECT_EQ(tokens.back().begin, tokens.back().end);
}

TEST(WordPiece, AnEmptyTextHasTheSpecialTokensOnly) {
    EXPECT_EQ(make()->encode(" \t\n").size(), 2u);
}

TEST(WordPiece, AWordThatCannotBeCutIsUnknownAsAWhole) {
    EXPECT_EQ(words("unz a"), "[UNK] a");
    EXPECT_EQ(words("🙂"), "[UNK]");
}

TEST(WordPiece, AWordLongerThanTheLimitIsUnknown) {
    EXPECT_EQ(words(std::string(12, 'a')).substr(0, 5), "a ##a");
    EXPECT_EQ(words(std::string(13, 'a')), "[UNK]");
}

TEST(WordPiece, LowersCaseAndStripsAccents) {
    EXPECT_EQ(words("CAFÉ cafe\u0301"), "cafe cafe");
    EXPECT_EQ(words("İ"), "i");
    EXPECT_EQ(words("STRAßE"), "straße");
    json cased = document();
    cased["normalizer"]["lowercase"] = false;
    EXPECT_EQ(words("Cafe café cafe", cased), "[UNK] [UNK] cafe");
}

TEST(WordPiece, KeepsTheDotOfALoweredDottedIWhenAccentsStay) {
    json accented = document();
    accented["normalizer"]["strip_accents"] = false;
    accented["model"]["vocab"]["i\u0307"] = 40;
    EXPECT_EQ(words("İ", accented), "i\u0307");
}

TEST(WordPiece, SpacesIdeographsAndPunctuation) {
    EXPECT_EQ(words("a日本a"), "a 日 本 a");
    EXPECT_EQ(words("a,a…a-!"), "a , a … a - !");
}

TEST(WordPiece, DropsControlCharactersAndTakesEverySpaceForABlank) {
    EXPECT_EQ(words("a\u200ba\u00a0b\u3000a\u2028a\tb"), "a ##a b a a b");
    EXPECT_EQ(words(std::string_view("a\0b", 3)), "a ##b");
}

TEST(WordPiece, DecomposesSyllablesAndPutsMarksInOrder) {
    // Hangul decomposes into letters that are no marks, so the syllable is not in the vocabulary any more.
    EXPECT_EQ(words("가"), "[UNK]");
    EXPECT_EQ(words("a\u0327\u0301b"), words("a\u0301\u0327b"));
}

TEST(WordPiece, SpecialTokensWrittenInATextBecomeTheirIds) {
    EXPECT_EQ(words("a[MASK]b [SEP]"), "a [MASK] b [SEP]");
    EXPECT_EQ(words("[mask]"), "[UNK] [UNK] [UNK]");
}

TEST(WordPiece, AddedTokensKeepTheirRules) {
    json rules = document();
    rules["added_tokens"].push_back({{"id", 50}, {"content", "Foo"}, {"single_word", true}});
    rules["added_tokens"].push_back({{"id", 51}, {"content", "<x>"}, {"lstrip", true}, {"rstrip", true}});
    rules["added_tokens"].push_back({{"id", 52}, {"content", "CAFÉ A"}, {"normalized", true}});
    EXPECT_EQ(words("Foo aFoo", rules), "Foo [UNK]");
    const std::vector<Token> stripped = make(rules)->encode("a  <x> b");
    ASSERT_EQ(stripped.size(), 5u);
    EXPECT_EQ(stripped[2].begin, 1u);
    EXPECT_EQ(stripped[2].end, 7u);
    EXPECT_EQ(words("b cafe a b", rules), "b CAFÉ A b");
    EXPECT_EQ(make(rules)->vocabulary_size(), 53u);
}

TEST(WordPiece, OffsetsPointAtTheBytesOfTheOriginalText) {
    const std::string text = "  Ünaffable, 日CAFÉ";
    const std::vector<Token> tokens = make()->encode(text);
    std::vector<std::string> ranges;
    for (const Token& token : tokens) ranges.push_back(text.substr(token.begin, token.end - token.begin));
    EXPECT_EQ(ranges, (std::vector<std::string>{"", "Ün", "aff", "able", ",", "日", "CAFÉ", ""}));
    EXPECT_EQ(tokens.back().begin, text.size());
}

TEST(WordPiece, TakesBytesThatAreNoUtf8ForNothing) {
    EXPECT_EQ(words("a\xff\xc3 b\xe2\x82"), "a b");
}

TEST(WordPiece, SetsDefaultsAroundATextWhereTheFileSaysNothing) {
    json silent = document();
    silent["post_processor"] = nullptr;
    EXPECT_EQ(make(silent)->encode("a").size(), 3u);
}

TEST(WordPiece, ReadsTemplates) {
    json from = document();
    from["post_processor"] = {
        {"type", "TemplateProcessing"},
        {"single", {{{"SpecialToken", {{"id", "[MASK]"}, {"type_id", 0}}}}, {{"Sequence", {{"id", "A"}}}}}},
        {"special_tokens", {{"[MASK]", {{"id", "[MASK]"}, {"ids", {4}}, {"tokens", {"[MASK]"}}}}}}};
    const std::vector<Token> tokens = make(from)->encode("a");
    ASSERT_EQ(tokens.size(), 2u);
    EXPECT_EQ(tokens[0].id, 4);
}

TEST(WordPiece, ReadsAPlainVocabulary) {
    const test::TemporaryFolder folder;
    std::string lines;
    for (const std::string& piece : pieces) lines += piece + "\r\n";
    write_file(folder.path() / "vocab.txt", lines);
    EXPECT_EQ(open_tokenizer(folder.path())->encode("CAFÉ [SEP]").size(), 4u);
    EXPECT_EQ(open_tokenizer(folder.path() / "vocab.txt")->vocabulary_size(), pieces.size());

    write_file(folder.path() / "tokenizer_config.json", R"({"do_lower_case": false})");
    EXPECT_EQ(open_tokenizer(folder.path())->encode("CAFÉ").at(1).text, "[UNK]");
}

TEST(WordPiece, JoinsPiecesIntoWords) {
    const auto tokenizer = make(document());
    std::vector<std::int64_t> ids;
    for (const Token& token : tokenizer->encode("unaffing café!")) {
        EXPECT_EQ(tokenizer->token_text(token.id), token.text);
        ids.push_back(token.id);
    }
    EXPECT_EQ(tokenizer->decode(ids), "[CLS] unaffing cafe ! [SEP]");
    EXPECT_EQ(tokenizer->token_text(-1), "");
}

TEST(TokenizerFile, NamesWhatItCannotUse) {
    const auto refusal = [](const json& from) { return message_of([&] { make(from); }); };
    json from = document();
    from["model"]["type"] = "Unigram";
    EXPECT_NE(refusal(from).find("kind BPE, WordPiece, got Unigram"), std::string::npos) << refusal(from);
    from = document();
    from["model"]["vocab"].erase("[UNK]");
    EXPECT_NE(refusal(from).find("unknown token"), std::string::npos) << refusal(from);
    from = document();
    from["model"]["vocab"]["a"] = -1;
    EXPECT_NE(refusal(from).find("got -1 for a"), std::string::npos) << refusal(from);
    from = document();
    from["pre_tokenizer"]["type"] = "UnicodeScripts";
    EXPECT_NE(refusal(from).find("pre_tokenizer.type"), std::string::npos) << refusal(from);
    from = document();
    from["normalizer"]["type"] = "Precompiled";
    EXPECT_NE(refusal(from).find("Sequence, got Precompiled (normalizer.type)"), std::string::npos) << refusal(from);
    from = document();
    from["model"]["max_input_chars_per_word"] = 1e9;
    EXPECT_NE(refusal(from).find("max_input_chars_per_word"), std::string::npos) << refusal(from);
    from["model"].erase("vocab");
    EXPECT_NE(refusal(from).find("model.vocab"), std::string::npos) << refusal(from);
}

TEST(TokenizerFile, RefusesWhatIsNoJson) {
    const auto refusal = [](const std::string& text) { return message_of([&] { tokenizer_from_json(text, "t"); }); };
    EXPECT_EQ(refusal("{\"model\": "), "t: expected JSON, got something else (byte 11)");
    EXPECT_NE(refusal(std::string(100'000, '[')).find("nested"), std::string::npos);
    EXPECT_NE(refusal("[]").find("a JSON object"), std::string::npos);
    EXPECT_EQ(test::error_of([] { open_tokenizer("/nowhere/tokenizer.json"); })->kind, ErrorKind::input);
}

TEST(TokenizerFile, GivesTheIdsOfTheReferenceOnMiniLm) {
    const auto golden = test::golden_folder();
    const auto encoder = find_samples().encoder;
    if (golden.empty()) GTEST_SKIP() << test::without_golden;
    if (encoder.empty()) GTEST_SKIP() << "no sample encoder";
    const json inputs = json::parse(read_file(golden / "texts" / "tokenizer_inputs.json"));
    const json expected = json::parse(read_file(golden / "models" / "minilm" / "tokenizer.json"));
    ASSERT_EQ(inputs.size(), expected.size());
    for (const char* const file : {"tokenizer.json", "vocab.txt"}) {
        const auto tokenizer = open_tokenizer(encoder / file);
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            std::vector<std::int64_t> ids;
            for (const Token& token : tokenizer->encode(inputs[i].get<std::string>())) ids.push_back(token.id);
            EXPECT_EQ(ids, expected[i].get<std::vector<std::int64_t>>()) << file << ", input " << i;
        }
    }
}

} // namespace
} // namespace attnscope
