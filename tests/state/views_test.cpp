// What the window shows of every workspace, asked for and changed while workers load and compute.
#include "state/support/state_test.h"

#include "support/tiny_models.h"

namespace attnscope::ui {
namespace {

using Views = StateTest;

TEST_F(Views, ABankFollowsADragWhileItComputes) {
    run_alone("file.sample");
    settle();
    ASSERT_NE(state().bank(), nullptr);
    for (int i = 1; i <= 60; ++i) {
        run("retrieval.beta", {{"value", 0.5 * i}});
        frame();
    }
    runner().end_gesture();
    settle();
    const auto trace = services().retrieval().trace();
    ASSERT_TRUE(trace.result);
    EXPECT_FALSE(trace.stale);
    EXPECT_EQ(services().retrieval().view().beta, 30);
    runner().undo();
    settle();
    EXPECT_NE(services().retrieval().view().beta, 30);
}

TEST_F(Views, AModelIsShownInEveryWorkspaceThatReadsOne) {
    open_tiny_model();
    run_alone("attention.text", {{"text", some_ids(200)}});
    settle();
    EXPECT_TRUE(services().attention().capture().result);
    run_alone("view.workspace", {{"workspace", std::string("residual")}});
    run_alone("residual.seq_len", {{"value", std::int64_t{16}}});
    run_alone("residual.ranks", {{"ranks", std::vector<double>{0, 1, 3, 8}}});
    settle();
    ASSERT_TRUE(services().residual().shown_result());
    EXPECT_TRUE(services().residual().shown_result()->finished());
    run_alone("view.workspace", {{"workspace", std::string("alignment")}});
    settle();
    run_alone("view.workspace", {{"workspace", std::string("jacobian")}});
    settle();
    for (const Notice& notice : state().notices)
        EXPECT_FALSE(notice.is_error) << notice.text;
}

TEST_F(Views, WorkspacesLeftWhileTheyComputeLeaveNothingRunning) {
    open_tiny_model();
    run_alone("attention.text", {{"text", some_ids(200)}});
    run_alone("residual.seq_len", {{"value", std::int64_t{16}}});
    for (const char* workspace : {"residual", "attention", "jacobian", "alignment", "residual", "retrieval"}) {
        run_alone("view.workspace", {{"workspace", std::string(workspace)}});
        for (int i = 0; i < 3; ++i)
            frame();
    }
    settle();
    EXPECT_TRUE(services().idle());
}

} // namespace
} // namespace attnscope::ui
