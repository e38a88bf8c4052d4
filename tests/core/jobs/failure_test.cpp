// What escapes work becomes an Error of the right kind, and a cancel becomes none.
#include <attnscope/failure.h>

#include <gtest/gtest.h>

#include <new>
#include <stdexcept>

namespace attnscope {
namespace {

TEST(Failure, IsAnErrorOfItsKindWhateverWasThrown) {
    const auto error = failure_of("work", [] { throw Error(ErrorKind::input, "a.npy", "rows", "none"); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind, ErrorKind::input);
    EXPECT_STREQ(error->what(), "a.npy: expected rows, got none");
    const auto memory = failure_of("work", [] { throw std::bad_alloc(); });
    ASSERT_TRUE(memory);
    EXPECT_EQ(memory->kind, ErrorKind::resource);
    EXPECT_EQ(memory->subject, "work");
    const auto library = failure_of("work", [] { throw std::out_of_range("vector"); });
    ASSERT_TRUE(library);
    EXPECT_EQ(library->kind, ErrorKind::internal);
    EXPECT_NE(std::string(library->what()).find("vector"), std::string::npos);
    const auto other = failure_of("work", [] { throw 7; });
    ASSERT_TRUE(other);
    EXPECT_EQ(other->kind, ErrorKind::internal);
}

TEST(Failure, IsNoneForACancelAndForWorkThatEnds) {
    EXPECT_FALSE(failure_of("work", [] { throw Cancelled{}; }));
    EXPECT_FALSE(failure_of("work", [] {}));
}

}  // namespace
}  // namespace attnscope
