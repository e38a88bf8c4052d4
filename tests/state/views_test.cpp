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
        static_cast<void>(services().retrieval().trace()); // as a panel in sight asks in every frame
        frame();
    }
    runner().end_gesture();
    frames_until([&] {
        const auto trace = services().retrieval().trace();
        return trace.result && !trace.stale;
    });
    EXPECT_EQ(services().retrieval().view().beta, 30);
    runner().undo();
    settle();
    EXPECT_NE(services().retrieval().view().beta, 30);
}

TEST_F(Views, AModelIsShownInEveryWorkspaceThatReadsOne) {
    open_tiny_model();
    run_alone("view.workspace", {{"workspace", std::string("attention")}});
    run_alone("attention.text", {{"text", some_ids(60)}}); // the model's context is 64
    frames_until([&] { return services().attention().capture().result != nullptr; });
    run_alone("view.workspace", {{"workspace", std::string("residual")}});
    run_alone("attention.text", {{"text", some_ids(200)}});
    run_alone("residual.seq_len", {{"value", std::int64_t{16}}});
    run_alone("residual.ranks", {{"ranks", std::vector<double>{0, 1, 3, 8}}});
    frames_until([&] {
        const auto swept = services().residual().sweep();
        return swept.result && swept.result->finished();
    });
    run_alone("view.workspace", {{"workspace", std::string("alignment")}});
    settle();
    run_alone("view.workspace", {{"workspace", std::string("jacobian")}});
    settle();
    for (const Notice& notice : state().notices) EXPECT_FALSE(notice.is_error) << notice.text;
}

TEST_F(Views, WorkspacesLeftWhileTheyComputeLeaveNothingRunning) {
    open_tiny_model();
    run_alone("attention.text", {{"text", some_ids(200)}});
    run_alone("residual.seq_len", {{"value", std::int64_t{16}}});
    for (const char* workspace : {"residual", "attention", "jacobian", "alignment", "residual", "retrieval"}) {
        run_alone("view.workspace", {{"workspace", std::string(workspace)}});
        for (int i = 0; i < 3; ++i) {
            static_cast<void>(services().residual().sweep());
            static_cast<void>(services().attention().capture());
            frame();
        }
    }
    settle();
    EXPECT_TRUE(services().idle());
}

} // namespace
} // namespace attnscope::ui
