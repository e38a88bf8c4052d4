#include <attnscope/error.h>

#include <gtest/gtest.h>

#include <string>

namespace attnscope {
namespace {

std::string line(const Error& error) {
    return error.what();
}

TEST(Error, NamesSubjectExpectationFindingAndPlace) {
    EXPECT_EQ(line({ErrorKind::input, "bank.npy", "2 dimensions", "3", "tensor keys"}),
              "bank.npy: expected 2 dimensions, got 3 (tensor keys)");
}

TEST(Error, LeavesOutEmptyParts) {
    EXPECT_EQ(line({ErrorKind::input, "bank.npy", "", ""}), "bank.npy");
    EXPECT_EQ(line({ErrorKind::input, "bank.npy", "", "no such file"}), "bank.npy: got no such file");
    EXPECT_EQ(line({ErrorKind::input, "bank.npy", "a file", ""}), "bank.npy: expected a file");
    EXPECT_EQ(line({ErrorKind::input, "bank.npy", "", "", "row 3"}), "bank.npy (row 3)");
}

TEST(Error, StaysOnOneLineWhateverTheNamesContain) {
    const Error error(ErrorKind::input, "a\nb\r\tc", "\x1b[31mred", "\xff\xc3", "\xe2\x80\xa8 \xc2\x85");
    EXPECT_EQ(line(error), "a\\nb\\r\\tc: expected \\x1B[31mred, got \\xFF\\xC3 (\\xE2\\x80\\xA8 \\xC2\\x85)");
    EXPECT_EQ(error.subject, "a\nb\r\tc");
}

TEST(Error, KeepsWellFormedText) {
    EXPECT_EQ(line({ErrorKind::input, "Gewölbe β 日本 🙂", "", ""}), "Gewölbe β 日本 🙂");
}

TEST(Error, ExitStatusFollowsTheKind) {
    EXPECT_EQ(exit_status(ErrorKind::usage), 2);
    EXPECT_EQ(exit_status(ErrorKind::input), 3);
    EXPECT_EQ(exit_status(ErrorKind::resource), 4);
    EXPECT_EQ(exit_status(ErrorKind::internal), 70);
}

TEST(Error, FailedAssertionNamesExpressionAndPlaceWithoutAPath) {
    try {
        ATTNSCOPE_ASSERT(1 + 1 == 3);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind, ErrorKind::internal);
        EXPECT_EQ(error.expected, "1 + 1 == 3");
        EXPECT_EQ(error.where.rfind("error_test.cpp:", 0), 0u);
    }
}

} // namespace
} // namespace attnscope
