// What escapes work becomes an Error of the right kind, and a cancel becomes none.
#include <attnscope/failure.h>

#include <gtest/gtest.h>

#include <new>
#include <stdexcept>
#include <system_error>

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
    const auto torch = failure_of("work", [] {
        throw std::runtime_error("DefaultCPUAllocator: can't allocate memory: you tried to allocate 5 bytes");
    });
    ASSERT_TRUE(torch);
    EXPECT_EQ(torch->kind, ErrorKind::resource);
    const auto thread = failure_of(
        "work", [] { throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again)); });
    ASSERT_TRUE(thread);
    EXPECT_EQ(thread->kind, ErrorKind::resource);
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

} // namespace
} // namespace attnscope
