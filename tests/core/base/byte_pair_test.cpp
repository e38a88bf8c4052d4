#include "support/error_of.h"
#include "support/golden.h"
#include "support/tiny_tokenizer.h"
#include "text/tokenizer.h"

#include <attnscope/bank.h>
#include <attnscope/tensor_file.h>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <iterator>
#include <sstream>

namespace attnscope {
namespace {

using nlohmann::json;
using test::message_of;

std::unique_ptr<Tokenizer> make(const json& from = test::tiny_tokenizer_json()) {
    return tokenizer_from_json(from.dump(), "test.json");
}

/// Texts of the tokens, with bars between.
std::string cut(std::string_view text, const json& from = test::tiny_tokenizer_json()) {
    std::string joined;
    for (const Token& token : make(from)->encode(text)) joined += (joined.empty() ? "" : "|") + token.text;
    return joined;
}

std::vector<std::int64_t> ids_of(const std::vector<Token>& tokens) {
    std::vector<std::int64_t> ids;
    for (const Token& token : tokens) ids.push_back(token.id);
    return ids;
}

const std::vector<std::string> odd_texts{"",
                                         " ",
                                         "hello world",
                                         "  hello \n\n\tworld  ",
                                         "caf\u00e9 \u65e5\u672c\u3042\u3044 \U0001f642\u200d\U0001f680",
                                         "e\u0301\u0327\u0323 \u1100\u1161\u11a8",
                                         std::string("\0\x01\x7f\x1f", 4),
                                         "\u00a0\u3000\u2028\u180e\u0085x",
                                         "don't DON'T '\u017f 12 \u00bd\u2168\u0663",
                                         std::string(5000, ' ') + "x",
                                         std::string(3000, 'l'),
                                         "\ufffd\ufeff\u0345<|end|><|end|",
                                         "\U000e0001\U0010ffff"};

TEST(BytePairs, MergesTheLowestRankFirst) {
    EXPECT_EQ(cut("hello world"), "hello| world");
    EXPECT_EQ(cut("hellol"), "hello|l");
    EXPECT_EQ(cut("lll"), "ll|l"); // leftmost first
    EXPECT_EQ(cut("helold"), "he|l|o|ld");
}

TEST(BytePairs, TakesBothSpellingsOfMerges) {
    json pairs = test::tiny_tokenizer_json();
    for (json& merge : pairs["model"]["merges"]) {
        const std::string text = merge;
        merge = {text.substr(0, text.find(' ')), text.substr(text.find(' ') + 1)};
    }
    EXPECT_EQ(cut("hello world", pairs), "hello| world");
}

TEST(BytePairs, GivesEveryTextBack) {
    const auto tokenizer = make();
    for (const std::string& text : odd_texts) EXPECT_EQ(tokenizer->decode(ids_of(tokenizer->encode(text))), text);
}

TEST(BytePairs, OffsetsTileTheText) {
    for (const bool spells_early : {false, true}) {
        json from = test::tiny_tokenizer_json();
        if (spells_early) {
            from["pre_tokenizer"] = {{"type", "Sequence"},
                                     {"pretokenizers", {from["pre_tokenizer"], {{"type", "Digits"}}}}};
        }
        const auto tokenizer = make(from);
        for (const std::string& text : odd_texts) {
            std::size_t done = 0;
            for (const Token& token : tokenizer->encode(text)) {
                EXPECT_EQ(token.begin, done);
                EXPECT_EQ(token.text, tokenizer->token_text(token.id));
                done = token.end;
            }
            EXPECT_EQ(done, text.size());
        }
    }
}

TEST(BytePairs, BytesOfACharacterCutInTwoShowAsReplacements) {
    const std::vector<Token> tokens = make()->encode("\u3042"); // E3 81 82, of which the first two are one token
    ASSERT_EQ(tokens.size(), 2u);
    EXPECT_EQ(tokens[0].text, "\ufffd");
    EXPECT_EQ(tokens[0].end, 2u);
    EXPECT_EQ(make()->decode(ids_of(tokens)), "\u3042");
}

TEST(BytePairs, BytesThatAreNoUtf8AreTakenForReplacements) {
    const std::string text = "he\xff\xc3llo";
    const auto tokenizer = make();
    const std::vector<Token> tokens = tokenizer->encode(text);
    EXPECT_EQ(tokenizer->decode(ids_of(tokens)), "he\ufffd\ufffdllo");
    EXPECT_EQ(tokens.front().end, 2u);
    EXPECT_EQ(tokens.back().end, text.size());
}

TEST(BytePairs, SpecialTokensWrittenInATextBecomeTheirIds) {
    EXPECT_EQ(cut("hello<|end|> world"), "hello|<|end|>| world");
    EXPECT_EQ(make()->token_text(-1), "");
    EXPECT_EQ(make()->token_text(1 << 20), "");
}

TEST(BytePairs, APieceInTheVocabularyIsOneTokenWhereMergesAreIgnored) {
    json from = test::tiny_tokenizer_json();
    from["model"]["vocab"]["Ġzz"] = 300;
    EXPECT_EQ(cut("x zz", from), "x| |z|z");
    from["model"]["ignore_merges"] = true;
    EXPECT_EQ(cut("x zz", from), "x| zz");
}

TEST(BytePairs, FollowsThePreTokenizer) {
    const auto with = [](json splitter) {
        json from = test::tiny_tokenizer_json();
        from["pre_tokenizer"] = {{"type", "Sequence"}, {"pretokenizers", {std::move(splitter), from["pre_tokenizer"]}}};
        return from;
    };
    EXPECT_EQ(cut("12"), "12");
    EXPECT_EQ(cut("12", with({{"type", "Digits"}, {"individual_digits", true}})), "1|2");
    EXPECT_EQ(cut("12", with({{"type", "Digits"}})), "12");
    const auto split = [&](const char* behavior, bool inverted = false) {
        return cut("he,he,,he", with({{"type", "Split"},
                                      {"pattern", {{"Regex", ",(?=h)|x|e,"}}},
                                      {"behavior", behavior},
                                      {"invert", inverted}}));
    };
    EXPECT_EQ(split("Isolated"), "h|e|,|h|e|,|,|he");
    EXPECT_EQ(split("Removed"), "h|h|he");
    EXPECT_EQ(split("Removed", true), "e|,|e|,|,");
    EXPECT_EQ(split("MergedWithPrevious"), "he|,|he|,|,|he");
    EXPECT_EQ(split("MergedWithNext"), "h|e|,|h|e|,|,|he");
    EXPECT_EQ(split("Contiguous"), "h|e|,|h|e|,|,|he");
    json prefix = test::tiny_tokenizer_json();
    prefix["pre_tokenizer"]["add_prefix_space"] = true;
    EXPECT_EQ(cut("world", prefix), " world");
    EXPECT_EQ(cut(" world", prefix), " world");
}

TEST(BytePairs, FollowsTheNormalizerAndKeepsOffsets) {
    json from = test::tiny_tokenizer_json();
    from["normalizer"] = {{"type", "Sequence"}, {"normalizers", {{{"type", "NFC"}}, {{"type", "Lowercase"}}}}};
    const std::string text = "HELLO e\u0323\u0301";
    const auto tokenizer = make(from);
    const std::vector<Token> tokens = tokenizer->encode(text);
    EXPECT_EQ(tokenizer->decode(ids_of(tokens)), "hello \u1eb9\u0301");
    EXPECT_EQ(tokens.front().end, 5u);
    EXPECT_EQ(tokens.back().end, text.size());
    from["normalizer"] = {{"type", "Replace"}, {"pattern", {{"Regex", "\\s+"}}}, {"content", " "}};
    EXPECT_EQ(cut("hello\n\n world", from), "hello| world");
    from["normalizer"] = {{"type", "Strip"}};
    EXPECT_EQ(cut("  hello\n", from), "hello");
}

TEST(BytePairs, SetsTheTokensOfATemplateAroundAText) {
    json from = test::tiny_tokenizer_json();
    const json special = {{"SpecialToken", {{"id", "<|end|>"}}}};
    from["post_processor"] = {
        {"type", "Sequence"},
        {"processors",
         {{{"type", "ByteLevel"}},
          {{"type", "TemplateProcessing"},
           {"single", {special, {{"Sequence", {{"id", "A"}}}}}},
           {"special_tokens", {{"<|end|>", {{"id", "<|end|>"}, {"ids", {268}}, {"tokens", {"<|end|>"}}}}}}}}}};
    const std::vector<Token> tokens = make(from)->encode("hello");
    ASSERT_EQ(tokens.size(), 2u);
    EXPECT_EQ(tokens[0].id, 268);
    EXPECT_EQ(tokens[0].begin, tokens[0].end);
}

json sentence_piece() {
    json vocabulary{{"<unk>", 0}, {"\u2581", 1}, {"a", 2}, {"b", 3}, {"\u2581a", 4}, {"ab", 5}, {"\u2581ab", 6}};
    for (int byte = 0; byte < 256; ++byte) {
        char name[8];
        std::snprintf(name, sizeof name, "<0x%02X>", byte);
        vocabulary[name] = 7 + byte;
    }
    return {{"normalizer",
             {{"type", "Sequence"},
              {"normalizers",
               {{{"type", "Prepend"}, {"prepend", "\u2581"}},
                {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", "\u2581"}}}}}},
            {"model",
             {{"type", "BPE"},
              {"unk_token", "<unk>"},
              {"fuse_unk", true},
              {"byte_fallback", true},
              {"vocab", vocabulary},
              {"merges", {"a b", "\u2581 ab", "\u2581 a"}}}}};
}

TEST(BytePairs, FallsBackToBytesAndMarksSpaces) {
    const auto tokenizer = make(sentence_piece());
    const std::vector<Token> tokens = tokenizer->encode("ab a\u00e9");
    EXPECT_EQ(ids_of(tokens), (std::vector<std::int64_t>{6, 4, 7 + 0xc3, 7 + 0xa9}));
    EXPECT_EQ(tokens[0].text, " ab");
    EXPECT_EQ(tokens[1].begin, 2u);
    EXPECT_EQ(tokens[3].end, 6u);
    for (const std::string& text : odd_texts) {
        EXPECT_EQ(tokenizer->decode(ids_of(tokenizer->encode(text))), text);
    }
}

TEST(BytePairs, UnknownCharactersAreDroppedUnlessThereIsATokenForThem) {
    json from = sentence_piece();
    from["model"]["byte_fallback"] = false;
    EXPECT_EQ(ids_of(make(from)->encode("axya")), (std::vector<std::int64_t>{4, 0, 2}));
    from["model"]["fuse_unk"] = false;
    EXPECT_EQ(ids_of(make(from)->encode("axya")), (std::vector<std::int64_t>{4, 0, 0, 2}));
    from["model"].erase("unk_token");
    EXPECT_EQ(ids_of(make(from)->encode("axb")), (std::vector<std::int64_t>{6}));
}

TEST(BytePairs, MetaspaceSetsItsMarkWhereTheSchemeSays) {
    json from = sentence_piece();
    from["normalizer"] = nullptr;
    from["added_tokens"] = {{{"id", 500}, {"content", "<s>"}}};
    from["pre_tokenizer"] = {{"type", "Metaspace"}, {"prepend_scheme", "first"}, {"split", false}};
    EXPECT_EQ(ids_of(make(from)->encode("ab<s>ab")), (std::vector<std::int64_t>{6, 500, 5}));
    from["pre_tokenizer"]["prepend_scheme"] = "always";
    EXPECT_EQ(ids_of(make(from)->encode("ab<s>ab")), (std::vector<std::int64_t>{6, 500, 6}));
    from["pre_tokenizer"]["prepend_scheme"] = "never";
    EXPECT_EQ(ids_of(make(from)->encode("ab")), (std::vector<std::int64_t>{5}));
}

TEST(BytePairs, LongWordsTakeNoLongerThanTheyMust) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(make()->encode(std::string(1 << 20, 'l')).size(), std::size_t{1} << 19);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20)); // hours if quadratic
}

TEST(BytePairs, NamesWhatItCannotUse) {
    const auto refusal = [](const char* pointer, json value) {
        json from = test::tiny_tokenizer_json();
        from[json::json_pointer(pointer)] = std::move(value);
        return message_of([&] { make(from); });
    };
    const auto expect = [&](const char* pointer, json value, const char* said) {
        const std::string message = refusal(pointer, std::move(value));
        EXPECT_NE(message.find(said), std::string::npos) << message;
    };
    expect("/model/merges/3", "nowhere here", "got nowhere here (model.merges[3])");
    expect("/model/merges/3", 7, "got 7 (model.merges[3])");
    expect("/model/merges", "x", "a list");
    expect("/model/dropout", .1, "no dropout");
    expect("/model/unk_token", "<unk>", "a token of the vocabulary, got <unk>");
    expect("/normalizer", {{"type", "Nmt"}}, "got Nmt (normalizer.type)");
    expect("/pre_tokenizer/type", "UnicodeScripts", "got UnicodeScripts (pre_tokenizer.type)");
    expect("/post_processor/type", "Odd", "got Odd (post_processor.type)");
    const auto pattern = [](const char* regex) {
        return json{{"type", "Split"}, {"pattern", {{"Regex", regex}}}, {"behavior", "Isolated"}};
    };
    expect("/pre_tokenizer", pattern("(a"), "a regular expression, got (a");
    expect("/pre_tokenizer", pattern("[a-z&&[^e]]"), "without an intersection of classes");
    expect("/pre_tokenizer", pattern("\\p{N}{1,3}+"), "without a repeated interval");
    expect("/pre_tokenizer", {{"type", "Split"}, {"pattern", {{"String", ""}}}, {"behavior", "Isolated"}},
           "a text to look for");
}

TEST(BytePairs, GivesUpOnAPatternThatNeverEnds) {
    json from = test::tiny_tokenizer_json();
    from["pre_tokenizer"] = {{"type", "Split"}, {"pattern", {{"Regex", "(a+)+$"}}}, {"behavior", "Isolated"}};
    const std::string message = message_of([&] { make(from)->encode(std::string(200, 'a') + '!'); });
    EXPECT_NE(message.find("(a+)+$"), std::string::npos) << message;
}

TEST(BytePairs, GivesTheIdsOfTheReference) {
    const auto golden = test::golden_folder();
    if (golden.empty()) GTEST_SKIP() << test::without_golden;
    const json inputs = json::parse(read_file(golden / "texts" / "tokenizer_inputs.json"));
    const std::string prose = read_file(golden / "texts" / "prose.txt");
    const auto compare = [&](const std::filesystem::path& path, const std::string& name) {
        const auto tokenizer = open_tokenizer(path);
        const auto folder = golden / "models" / name;
        const json expected = json::parse(read_file(folder / "tokenizer.json"));
        ASSERT_EQ(inputs.size(), expected.size());
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            const std::string text = inputs[i];
            const std::vector<std::int64_t> ids = ids_of(tokenizer->encode(text));
            EXPECT_EQ(ids, expected[i].get<std::vector<std::int64_t>>()) << name << ", input " << i;
            EXPECT_EQ(tokenizer->decode(ids), text) << name << ", input " << i;
        }
        // The reference keeps the first ids of the text.
        std::istringstream written(read_file(folder / "ids.txt"));
        const std::vector<std::int64_t> first{std::istream_iterator<std::int64_t>(written), {}};
        std::vector<std::int64_t> ids = ids_of(tokenizer->encode(prose));
        ASSERT_GE(ids.size(), first.size()) << name;
        ids.resize(first.size());
        EXPECT_EQ(ids, first) << name;
    };
    for (const char* const name : {"gpt2-tiny", "neox-tiny", "qwen3-tiny"})
        compare(golden.parent_path() / "models" / name, name);
    if (const auto sample = find_samples().model; !sample.empty())
        compare(sample, "smollm2-135m-q4_1");
    else
        std::printf("no sample model: nothing compared\n");
}

} // namespace
} // namespace attnscope
