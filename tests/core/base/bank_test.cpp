#include <attnscope/bank.h>

#include "support/archives.h"
#include "support/error_of.h"
#include "support/golden.h"
#include "support/temporary_folder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fcntl.h>
#include <fstream>
#include <limits>
#include <numeric>
#include <unistd.h>

namespace attnscope {
namespace {

using test::message_of;

std::vector<float> keys_of(const Bank& bank) {
    return {bank.keys.begin(), bank.keys.end()};
}

class Banks : public testing::Test {
protected:
    test::TemporaryFolder folder;
    ThreadPool pool{2};
    JobContext context{pool};
    const std::string six = test::raw<float>({1, 2, 3, 4, 5, 6});
    const std::vector<float> rows{1, 2, 3, 4, 5, 6};

    std::filesystem::path put_npy(const std::string& name = "bank.npy") const {
        return folder.put(name, test::npy(test::npy_text("<f4", "(2, 3)"), six));
    }
    /// The (2, 3) matrix as a PyTorch file.
    std::filesystem::path put_torch(const std::string& key) const {
        const std::string pickle = test::Pickle().op("}").text(key).tensor("0", 6, 0, {2, 3}, {3, 1}).op("s").str();
        return folder.put("bank.pt", test::pytorch(pickle, {six}));
    }
};

TEST_F(Banks, UseTheFileInPlace) {
    const auto bank = open_bank(put_npy());
    EXPECT_EQ(bank->name, "bank.npy");
    EXPECT_EQ(bank->n, 2u);
    EXPECT_EQ(bank->d, 3u);
    EXPECT_EQ(keys_of(*bank), rows);
    EXPECT_TRUE(bank->mapped);
    EXPECT_EQ(bank->stored_dtype, "float32");
    EXPECT_EQ(bank->assumption, "array (2, 3) taken as rows: a memory a row");
    EXPECT_EQ(bank->row(1)[0], 4);
    EXPECT_EQ(bank->sha256(), sha256_file(bank->path));
    EXPECT_TRUE(bank->texts.empty());
}

TEST_F(Banks, HashInPiecesThatCanBeEnded) {
    const std::size_t n = 5000, d = 500; // 10 MB
    const auto bank = make_bank("bank", n, d, std::vector<float>(n * d, 0.5F));
    const std::size_t few_megabytes = std::size_t{8} << 20;
    std::size_t done = 0;
    EXPECT_THROW(static_cast<void>(bank->sha256([](std::uint64_t) { throw Cancelled{}; })), Cancelled);
    const std::string hash = bank->sha256([&](std::uint64_t bytes) {
        EXPECT_LE(bytes - done, few_megabytes);
        done = bytes;
    });
    EXPECT_EQ(done, n * d * sizeof(float));
    const std::span<const std::byte> bytes = std::as_bytes(bank->keys);
    EXPECT_EQ(hash, sha256({reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
    // Kept: nothing is hashed a second time.
    EXPECT_EQ(bank->sha256([](std::uint64_t) { throw Cancelled{}; }), hash);
}

TEST_F(Banks, TakePyTorchEmbeddingsAsColumns) {
    const auto bank = open_bank(put_torch("embeddings"));
    EXPECT_EQ(bank->n, 3u);
    EXPECT_EQ(bank->d, 2u);
    EXPECT_EQ(keys_of(*bank), (std::vector<float>{1, 4, 2, 5, 3, 6}));
    EXPECT_EQ(bank->assumption, "embeddings (2, 3) taken as columns: a memory a column");
    EXPECT_EQ(open_bank(put_torch("weights"))->n, 2u) << "another name is in rows";
    const auto rows_bank = open_bank(put_torch("embeddings"), Layout::rows);
    EXPECT_EQ(keys_of(*rows_bank), rows);
    EXPECT_EQ(rows_bank->assumption, "");
    EXPECT_EQ(open_bank(put_npy(), Layout::columns)->n, 3u);
}

TEST_F(Banks, AreMappedWhenTheColumnsLieContiguous) {
    // A (2, 3) view whose columns are runs of two numbers: as a bank in columns its rows lie in the file as they are.
    const std::string pickle =
        test::Pickle().op("}").text("embeddings").tensor("0", 6, 0, {2, 3}, {1, 2}).op("s").str();
    const auto bank = open_bank(folder.put("bank.pt", test::pytorch(pickle, {six})));
    EXPECT_EQ(bank->n, 3u);
    EXPECT_EQ(keys_of(*bank), rows);
    const auto fortran =
        open_bank(folder.put("f.npy", test::npy(test::npy_text("<f4", "(2, 3)", true), six)), Layout::columns);
    EXPECT_TRUE(fortran->mapped);
    EXPECT_EQ(keys_of(*fortran), rows);
}

TEST_F(Banks, SayWhichTensorsThereAre) {
    const std::string one = test::npy(test::npy_text("<f4", "(1, 1)"), std::string(4, '\0'));
    const std::string flat = test::npy(test::npy_text("<f4", "(1,)"), std::string(4, '\0'));
    const auto open = [&](std::initializer_list<test::Member> members, const std::string& key = {}) {
        return message_of([&] { open_bank(folder.put("b.npz", test::zip(members)), Layout::automatic, key); });
    };
    const std::string path = (folder / "b.npz").string();
    EXPECT_EQ(open({{"x.npy", one}, {"y.npy", flat}}), "no error") << "the only matrix";
    EXPECT_EQ(open({{"x.npy", one}, {"embeddings.npy", one}}), "no error") << "the usual name";
    EXPECT_EQ(open({{"x.npy", one}, {"y.npy", one}}, "y"), "no error");
    EXPECT_EQ(open({{"x.npy", one}, {"y.npy", one}}),
              path + ": expected one 2-D tensor, or a key that names one, got x (1, 1), y (1, 1)");
    EXPECT_EQ(open({{"y.npy", flat}}), path + ": expected a 2-D tensor, got y (1)");
    EXPECT_EQ(open({{"x.npy", one}}, "z"), path + ": expected a tensor 'z', got x (1, 1)");
    EXPECT_EQ(open({{"x.npy", one}, {"y.npy", flat}}, "y"), path + ": expected a 2-D tensor, got shape (1) (tensor y)");
    EXPECT_EQ(open({{"x.npy", test::npy(test::npy_text("<f4", "(0, 3)"), "")}}),
              path + ": expected at least one memory of at least one number, got 0 of 3 (tensor x)");
}

TEST_F(Banks, FindTheirTexts) {
    const auto path = put_npy();
    folder.put("bank.txt", "dog\tan animal\ncat\n");
    auto bank = open_bank(path);
    ASSERT_EQ(bank->texts.size(), 2u);
    EXPECT_EQ(bank->texts.label(0), "dog");
    folder.put("bank.txt", "only one\n");
    bank = open_bank(path);
    EXPECT_TRUE(bank->texts.empty());
    EXPECT_EQ(bank->assumption,
              "array (2, 3) taken as rows: a memory a row; bank.txt left aside: 1 lines for 2 memories");
    folder.put("bank.txt", "\xff\n\n");
    EXPECT_TRUE(open_bank(path)->texts.empty());

    const std::string matrix = test::npy(test::npy_text("<f4", "(2, 3)"), six);
    const auto with_texts = [&](const std::string& lines) {
        const std::string shape = "(" + std::to_string(lines.size()) + ",)";
        return folder.put("t.npz", test::zip({{"embeddings.npy", matrix},
                                              {"texts.npy", test::npy(test::npy_text("|u1", shape), lines)}}));
    };
    EXPECT_EQ(open_bank(with_texts("a\nb"))->texts.text(1), "b");
    EXPECT_EQ(open_bank(with_texts("a\nb\n"))->texts.text(1), "b");
    EXPECT_EQ(open_bank(with_texts("a\n"))->texts.size(), 2u) << "the last text may be empty";
    EXPECT_EQ(message_of([&] { open_bank(with_texts("a\nb\nc")); }),
              (folder / "t.npz").string() + ": expected 2 texts, one a memory, got 3 (tensor texts)");
}

TEST_F(Banks, ReadTextsOutOfPyTorchLists) {
    const auto pickle = test::Pickle()
                            .op("}(")
                            .text("embeddings")
                            .tensor("0", 6, 0, {3, 2}, {2, 1})
                            .text("texts")
                            .op("](")
                            .text("first")
                            .text("second\nline")
                            .op("eu")
                            .str();
    const auto bank = open_bank(folder.put("bank.pt", test::pytorch(pickle, {six})));
    ASSERT_EQ(bank->texts.size(), 2u);
    EXPECT_EQ(bank->texts.text(1), "second line");
}

TEST_F(Banks, ComeBackFromTheirFile) {
    const auto letters = letters_bank(8);
    save_bank(folder / "letters.safetensors", *letters);
    const auto read = open_bank(folder / "letters.safetensors");
    EXPECT_EQ(keys_of(*read), keys_of(*letters));
    EXPECT_TRUE(read->mapped);
    EXPECT_EQ(read->picture_width, 8);
    EXPECT_EQ(read->picture_height, 8);
    EXPECT_EQ(read->texts.text(25), "Z");

    auto named = std::make_shared<Bank>(*letters);
    named->encoder = "all-MiniLM-L6-v2";
    named->texts = {};
    save_bank(folder / "named.safetensors", *named);
    EXPECT_EQ(open_bank(folder / "named.safetensors")->encoder, "all-MiniLM-L6-v2");
    EXPECT_TRUE(open_bank(folder / "named.safetensors")->texts.empty());
}

TEST_F(Banks, NameTheFirstValueThatIsNotFinite) {
    const std::size_t n = 5000, d = 7;
    for (const std::size_t bad : {std::size_t{0}, std::size_t{6}, std::size_t{16'383}, n * d - 1}) {
        std::vector<float> keys(n * d, 1.0f);
        keys[n * d - 1] = std::numeric_limits<float>::infinity();
        keys[bad] = std::numeric_limits<float>::quiet_NaN();
        const auto bank = make_bank("made", n, d, std::move(keys));
        EXPECT_EQ(message_of([&] { check_finite(*bank, context); }), "made: expected finite numbers, got NaN (row " +
                                                                         std::to_string(bad / d) + ", column " +
                                                                         std::to_string(bad % d) + ")");
    }
    std::vector<float> extremes{std::numeric_limits<float>::max(), -std::numeric_limits<float>::max(), 1e-45f, -0.0f};
    EXPECT_NO_THROW(check_finite(*make_bank("made", 1, 4, extremes), context));
    extremes[3] = -std::numeric_limits<float>::infinity();
    EXPECT_EQ(message_of([&] { check_finite(*make_bank("made", 2, 2, extremes), context); }),
              "made: expected finite numbers, got -infinity (row 1, column 1)");
}

TEST_F(Banks, FindTheSameFirstRowAtAnyNumberOfThreads) {
    std::vector<float> keys(3'000'000, 0.5f);
    keys[2'999'999] = keys[1'500'001] = keys[1'500'000] = NAN;
    const auto bank = make_bank("made", 1'500'000, 2, std::move(keys));
    for (const int threads : {1, 2, 5}) {
        ThreadPool some(threads);
        JobContext with_some(some);
        EXPECT_EQ(message_of([&] { check_finite(*bank, with_some); }),
                  "made: expected finite numbers, got NaN (row 750000, column 0)");
    }
}

TEST_F(Banks, NoticeThatTheirFileShrank) {
    const std::size_t n = 64 * 1024;
    const std::string data(n * 4, '\0');
    const auto path = folder.put("b.npy", test::npy(test::npy_text("<f4", "(" + std::to_string(n) + ", 1)"), data));
    const auto bank = open_bank(path);
    EXPECT_NO_THROW(check_finite(*bank, context));
    EXPECT_NO_THROW(bank->check_intact());
    std::filesystem::resize_file(path, 5000);
    EXPECT_NE(message_of([&] { check_finite(*bank, context); }).find("it had when opened, got 5000 bytes"),
              std::string::npos);
    EXPECT_NE(message_of([&] { bank->check_intact(); }), "no error");
    EXPECT_NE(message_of([&] { static_cast<void>(bank->sha256()); }), "no error");
    EXPECT_NO_THROW(letters_bank()->check_intact());
}

/// Of this process, as the kernel counts it.
std::size_t resident_bytes() {
    std::size_t total = 0, resident = 0;
    std::ifstream("/proc/self/statm") >> total >> resident;
    return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

TEST_F(Banks, OpenAGigabyteWithoutReadingIt) {
    const std::int64_t n = 699'051, d = 384;
    const std::string header = R"({"embeddings":{"dtype":"F32","shape":[699051,384],"data_offsets":[0,1073742336]}} )";
    std::string start = test::safetensors(header, "");
    start.append((4 - start.size() % 4) % 4, ' ');
    const std::uint64_t size = start.size() - 8;
    start.replace(0, 8, test::raw(size));
    const auto path = folder.put("large.safetensors", start);
    std::filesystem::resize_file(path, start.size() + static_cast<std::size_t>(n * d) * 4); // a hole: no disk is used
    const std::size_t before = resident_bytes();
    const auto bank = open_bank(path);
    EXPECT_TRUE(bank->mapped);
    EXPECT_EQ(bank->n, static_cast<std::size_t>(n));
    EXPECT_LT(resident_bytes(), before + (std::size_t{64} << 20)); // neither copied nor read through
}

TEST_F(Banks, ReadQueriesOfTheRightLength) {
    const auto queries = open_queries(put_npy("q.npy"), 3);
    EXPECT_EQ(queries.n, 2u);
    EXPECT_EQ(queries.row(1)[2], 6);
    const auto single = open_queries(folder.put("q.npy", test::npy(test::npy_text("<f4", "(6,)"), six)), 6);
    EXPECT_EQ(single.n, 1u);
    const std::string path = (folder / "q.npy").string();
    EXPECT_EQ(message_of([&] { open_queries(put_npy("q.npy"), 4); }),
              path + ": expected queries of 4 numbers, got 2 of 3 (tensor array)");
    const std::string bad = test::raw<float>({1, 2, 3, 4, INFINITY, 6});
    EXPECT_EQ(
        message_of([&] { open_queries(folder.put("q.npy", test::npy(test::npy_text("<f4", "(2, 3)"), bad)), 3); }),
        path + ": expected finite numbers, got infinity (row 1, column 1)");
}

TEST_F(Banks, LayoutsHaveNames) {
    EXPECT_EQ(parse_choice<Layout>("layout", "auto"), Layout::automatic);
    EXPECT_EQ(parse_choice<Layout>("layout", "rows"), Layout::rows);
    EXPECT_EQ(parse_choice<Layout>("layout", "columns"), Layout::columns);
    EXPECT_EQ(message_of([] { parse_choice<Layout>("layout", "diagonal"); }),
              "layout: expected one of rows, columns, auto, got diagonal");
}

TEST_F(Banks, HashTheirValuesWhenThereIsNoFile) {
    const auto bank = make_bank("made", 1, 3, {1, 2, 3});
    EXPECT_EQ(bank->sha256(), sha256(test::raw<float>({1, 2, 3})));
}

TEST(Letters, AreTwentySixPicturesOfUnitNorm) {
    const auto bank = letters_bank(16);
    EXPECT_EQ(bank->n, 26u);
    EXPECT_EQ(bank->d, 256u);
    EXPECT_EQ(bank->picture_width * bank->picture_height, 256);
    for (std::size_t i = 0; i < bank->n; ++i) {
        EXPECT_EQ(bank->texts.text(i), std::string(1, static_cast<char>('A' + i)));
        const auto row = bank->row(i);
        EXPECT_NEAR(std::inner_product(row.begin(), row.end(), row.begin(), 0.0), 1.0, 1e-6);
        const auto ink = std::count_if(row.begin(), row.end(), [](float pixel) { return pixel > 0; });
        EXPECT_GT(ink, 20) << i;
        EXPECT_LT(ink, 110) << i;
    }
}

TEST(Letters, AreToldApart) {
    for (const int side : {8, 16, 28}) {
        const auto bank = letters_bank(side);
        for (std::size_t i = 0; i < bank->n; ++i)
            for (std::size_t j = 0; j < i; ++j)
                EXPECT_LT(std::inner_product(bank->row(i).begin(), bank->row(i).end(), bank->row(j).begin(), 0.0), .97)
                    << bank->texts.text(i) << bank->texts.text(j) << " on a side of " << side;
    }
}

TEST(Letters, StandUprightAndSymmetric) {
    const auto bank = letters_bank(16);
    for (const char letter : std::string("AHIMOTUVWXY")) {
        const auto row = bank->row(static_cast<std::size_t>(letter - 'A'));
        for (std::size_t y = 0; y < 16; ++y)
            for (std::size_t x = 0; x < 8; ++x)
                ASSERT_NEAR(row[16 * y + x], row[16 * y + 15 - x], .02) << letter << " at " << x << ", " << y;
    }
    // A is open at the bottom, L and E are heavy there.
    const auto ink_below = [&](char letter) {
        const auto row = bank->row(static_cast<std::size_t>(letter - 'A'));
        return std::count_if(row.begin() + 192, row.end(), [](float pixel) { return pixel > 0; });
    };
    EXPECT_GT(ink_below('L'), ink_below('A'));
    EXPECT_GT(ink_below('E'), ink_below('F'));
    EXPECT_EQ(message_of([] { letters_bank(2); }), "letters: expected a side of 4 to 256 pixels, got 2");
}

TEST(WordNet, GivesEverySynset) {
    const auto error = test::error_of([] { read_wordnet({}, 1); });
    if (error) GTEST_SKIP() << error->what();
    const auto all = read_wordnet();
    ASSERT_EQ(all.size(), 117'659u);
    EXPECT_EQ(all[0].label, "entity");
    EXPECT_EQ(all[2].label, "abstraction, abstract entity");
    EXPECT_EQ(all[0].gloss,
              "that which is perceived or known or inferred to have its own distinct existence (living or "
              "nonliving)");
    for (const WordNetEntry& entry : all) {
        ASSERT_FALSE(entry.label.empty());
        ASSERT_FALSE(entry.gloss.empty());
        ASSERT_EQ(entry.label.find_first_of("_\t\n"), std::string::npos) << entry.label;
        ASSERT_EQ(entry.gloss.find_first_of("\t\n"), std::string::npos) << entry.label;
    }
    const auto some = read_wordnet({}, 1000);
    ASSERT_EQ(some.size(), 1000u);
    for (std::size_t i = 0; i < some.size(); ++i) ASSERT_EQ(some[i].gloss, all[i * all.size() / 1000].gloss);
    EXPECT_EQ(read_wordnet({}, 1'000'000).size(), all.size());
}

TEST(WordNet, ReadsItsFormatAndNamesBadLines) {
    const test::TemporaryFolder folder;
    const std::string licence = "  1 a line of the licence\n";
    folder.put("data.noun", licence + "00001740 03 n 02 dog 0 domestic_dog 1 000 | an animal; \"the dog barked\"  \n");
    folder.put("data.verb", licence);
    folder.put("data.adj", "00002 00 s 01 galore(ip) 0 000 | in abundance\n");
    folder.put("data.adv", "");
    const auto entries = read_wordnet(folder.path());
    ASSERT_EQ(entries.size(), 2u);
    EXPECT_EQ(entries[0].label, "dog, domestic dog");
    EXPECT_EQ(entries[0].gloss, "an animal; \"the dog barked\"");
    EXPECT_EQ(entries[1].label, "galore");
    const std::string path = (folder / "data.adv").string();
    folder.put("data.adv", "00001 02 r 01 soon 0 000\n");
    EXPECT_EQ(message_of([&] { read_wordnet(folder.path()); }),
              path + ": expected a synset with a gloss behind a bar, got '00001 02 r 01 soon 0 000' (line 1)");
    folder.put("data.adv", "00001 02 r zz soon 0 000 | gloss\n");
    EXPECT_EQ(message_of([&] { read_wordnet(folder.path()); }),
              path + ": expected a count of words, got '00001 02 r zz soon 0 000 | gloss' (line 1)");
    folder.put("data.adv", "00001 02 r ff soon 0 | gloss\n");
    EXPECT_NE(message_of([&] { read_wordnet(folder.path()); }).find("as many words"), std::string::npos);
    std::filesystem::remove(path);
    EXPECT_EQ(message_of([&] { read_wordnet(folder.path()); }),
              path + ": expected a readable file, got No such file or directory");
}

TEST(Samples, LieInTheCacheFolder) {
    const test::TemporaryFolder folder;
    const char* before = std::getenv("ATTNSCOPE_CACHE");
    const std::string kept = before == nullptr ? "" : before;
    setenv("ATTNSCOPE_CACHE", folder.path().c_str(), 1);
    EXPECT_EQ(cache_folder(), folder.path());
    EXPECT_TRUE(find_samples().bank.empty());
    EXPECT_TRUE(find_samples().encoder.empty());
    std::filesystem::create_directories(folder / "sample");
    folder.put("sample/wordnet-minilm-20000.safetensors", "x");
    EXPECT_EQ(find_samples().bank, folder / "sample" / "wordnet-minilm-20000.safetensors");
    before == nullptr ? unsetenv("ATTNSCOPE_CACHE") : setenv("ATTNSCOPE_CACHE", kept.c_str(), 1);
}

TEST(GoldenBanks, AreTheSameInBothFormats) {
    const auto golden = test::golden_folder();
    if (golden.empty()) GTEST_SKIP() << test::without_golden;
    const auto npy = open_bank(golden / "retrieval" / "clustered.bank.npy");
    const auto torch = open_bank(golden / "retrieval" / "clustered.bank.pt");
    EXPECT_EQ(npy->n, torch->n);
    EXPECT_EQ(keys_of(*npy), keys_of(*torch));
    EXPECT_NE(npy->sha256(), torch->sha256());
    EXPECT_EQ(open_queries(golden / "retrieval" / "clustered.queries.npy", npy->d).n, 3u);
}

} // namespace
} // namespace attnscope
