#include <attnscope/text_encoder.h>

#include "base/build_id.h"
#include "support/error_of.h"
#include "support/temporary_folder.h"

#include <attnscope/bank.h>
#include <attnscope/tensor_file.h>

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

namespace attnscope {
namespace {

/// Gives the text made of k letters the unit vector at angle k, last text first, and stops where told to.
class CountingEncoder final : public TextEncoder {
public:
    std::size_t dimension() const override { return 2; }
    std::string name() const override { return "counting"; }
    std::string summary() const override { return "counts letters"; }
    std::string sha256(const BytesDone&) const override { return hash; }
    const Tokenizer& tokenizer() const override { throw Error(ErrorKind::internal, "tokenizer", "none", "a call"); }
    std::vector<float> encode(std::span<const std::string> texts, JobContext&,
                              const std::function<void(std::size_t, std::span<const float>)>& finished) const override {
        std::vector<float> rows(texts.size() * 2);
        for (std::size_t i = texts.size(); i-- > 0;) {
            if (calls == cancel_after) throw Cancelled{};
            if (calls == fail_after) throw Error(ErrorKind::input, "weights", "finite ones", "others");
            ++calls;
            const auto angle = static_cast<float>(texts[i].size());
            rows[2 * i] = std::cos(angle);
            rows[2 * i + 1] = std::sin(angle);
            finished(i, std::span(rows).subspan(2 * i, 2));
        }
        return rows;
    }

    std::string hash = std::string(64, 'e');
    mutable int calls = 0;
    int cancel_after = -1, fail_after = -1;
};

class EmbedToFile : public testing::Test {
protected:
    void embed() { embed_to_file(encoder, lines, texts, out, context); }
    bool cancelled() {
        try {
            embed();
        } catch (const Cancelled&) {
            return true;
        }
        return false;
    }

    const test::TemporaryFolder folder;
    const std::filesystem::path out = folder.path() / "bank.safetensors";
    const std::filesystem::path partial = folder.path() / "bank.safetensors.partial";
    const std::vector<std::string> texts{"a", "bb", "ccc", "dddd"};
    const std::vector<std::string> lines{"A\ta", "B\tbb", "C\tccc", "D\nd\tdddd"};
    CountingEncoder encoder;
    ThreadPool pool{1};
    JobContext context{pool};
};

TEST_F(EmbedToFile, WritesABankWithItsTextsAndEncoder) {
    embed();
    const auto bank = open_bank(out);
    ASSERT_EQ(bank->n, 4u);
    EXPECT_EQ(bank->d, 2u);
    EXPECT_FLOAT_EQ(bank->row(2)[0], std::cos(3.0f));
    EXPECT_EQ(bank->encoder, "counting");
    ASSERT_EQ(bank->texts.size(), 4u);
    EXPECT_EQ(bank->texts.label(1), "B");
    EXPECT_EQ(bank->texts.line(3), "D d\tdddd");
    EXPECT_FALSE(std::filesystem::exists(partial));
}

TEST_F(EmbedToFile, ACancelKeepsWhatIsFinishedForTheNextRun) {
    encoder.cancel_after = 3;
    EXPECT_TRUE(cancelled());
    EXPECT_FALSE(std::filesystem::exists(out));
    EXPECT_TRUE(std::filesystem::exists(partial));
    encoder.cancel_after = -1;
    embed();
    EXPECT_EQ(encoder.calls, 4);
    EXPECT_FLOAT_EQ(open_bank(out)->row(0)[1], std::sin(1.0f));
    EXPECT_FALSE(std::filesystem::exists(partial));
}

TEST_F(EmbedToFile, ATornRecordIsEmbeddedAgain) {
    encoder.cancel_after = 3;
    EXPECT_TRUE(cancelled());
    std::filesystem::resize_file(partial, std::filesystem::file_size(partial) - 5);
    encoder.cancel_after = -1;
    embed();
    EXPECT_EQ(encoder.calls, 5);
    EXPECT_FLOAT_EQ(open_bank(out)->row(1)[0], std::cos(2.0f));
}

TEST_F(EmbedToFile, ARowThatLostABitIsEmbeddedAgain) {
    encoder.cancel_after = 3;
    EXPECT_TRUE(cancelled());
    // The lowest bit of the last number of the last record, which leaves its norm 1; the checksum follows it.
    std::string bytes = read_file(partial);
    constexpr std::size_t checksum = 16;
    char& lowest = bytes[bytes.size() - checksum - sizeof(float)];
    lowest = static_cast<char>(lowest ^ 1);
    write_file(partial, bytes);
    encoder.cancel_after = -1;
    embed();
    EXPECT_EQ(encoder.calls, 5);
    EXPECT_FLOAT_EQ(open_bank(out)->row(1)[1], std::sin(2.0f));
}

TEST_F(EmbedToFile, RowsOfOtherArithmeticAreNotTakenUp) {
    encoder.cancel_after = 3;
    EXPECT_TRUE(cancelled());
    std::string bytes = read_file(partial);
    const std::size_t id = bytes.find(build_id());
    ASSERT_NE(id, std::string::npos);
    bytes[id] = bytes[id] == '0' ? '1' : '0';
    write_file(partial, bytes);
    encoder.cancel_after = -1;
    embed();
    EXPECT_EQ(encoder.calls, 7);
}

TEST_F(EmbedToFile, RowsOfAnotherEncoderAreNotTakenUp) {
    encoder.cancel_after = 3;
    EXPECT_TRUE(cancelled());
    encoder.cancel_after = -1;
    encoder.hash = std::string(64, 'f');
    embed();
    EXPECT_EQ(encoder.calls, 7);
}

TEST_F(EmbedToFile, AFailureLeavesNoFile) {
    encoder.fail_after = 2;
    EXPECT_EQ(test::error_of([&] { embed(); })->kind, ErrorKind::input);
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST_F(EmbedToFile, AFolderThatIsNotThereIsSaidBeforeAnyWork) {
    const auto error = test::error_of(
        [&] { embed_to_file(encoder, lines, texts, folder.path() / "none" / "bank.safetensors", context); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind, ErrorKind::resource);
    EXPECT_EQ(encoder.calls, 0);
}

} // namespace
} // namespace attnscope
