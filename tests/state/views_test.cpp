// What the window shows of every workspace, asked for and changed while workers load and compute.
#include "state/support/state_test.h"

#include "support/held_lanes.h"
#include "support/tiny_models.h"

#include <functional>
#include <string>
#include <vector>

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
    struct Left {
        const char* workspace;
        std::size_t tokens; // of its text; the model's context is 64
        std::function<void()> ask;
    };
    const std::vector<Left> all{
        {"attention", 60,
         [&] {
             static_cast<void>(services().attention().capture());
             static_cast<void>(services().attention().overview());
         }},
        {"cv", 60, [&] { static_cast<void>(services().cv().matrices()); }},
        {"jacobian", 60,
         [&] {
             static_cast<void>(services().jacobian().result());
             static_cast<void>(services().jacobian().maps());
         }},
        {"alignment", 60,
         [&] {
             static_cast<void>(services().alignment().tables());
             static_cast<void>(services().alignment().signs());
         }},
        {"residual", 200, [&] { static_cast<void>(services().residual().sweep()); }},
    };
    open_tiny_model();
    run_alone("residual.seq_len", {{"value", std::int64_t{16}}});
    run_alone("residual.ranks", {{"ranks", std::vector<double>{0, 1, 3, 8}}});
    test::HeldLanes lanes;
    for (const Left& left : all) {
        const auto enter = [&](const char* workspace) {
            run_alone("view.workspace", {{"workspace", std::string(workspace)}});
        };
        enter(left.workspace);
        run_alone("attention.text", {{"text", some_ids(left.tokens)}});
        settle();
        lanes.hold_all(*jobs_);
        left.ask();
        EXPECT_FALSE(test::HeldLanes::others(*jobs_).empty()) << left.workspace;
        enter("retrieval");
        frame();
        EXPECT_EQ(test::HeldLanes::others(*jobs_), std::vector<std::string>()) << left.workspace;
        lanes.release();
        settle();
    }
}

TEST_F(Views, ATextIsNotReadForAWorkspaceThatWasLeft) {
    open_tiny_model();
    test::HeldLanes lanes;
    std::size_t tokens = 40; // another text every time
    for (const char* workspace : {"attention", "jacobian", "residual"}) {
        run_alone("view.workspace", {{"workspace", std::string(workspace)}});
        settle();
        lanes.hold_all(*jobs_);
        run_alone("attention.text", {{"text", some_ids(++tokens)}});
        frame();
        EXPECT_FALSE(test::HeldLanes::others(*jobs_).empty()) << workspace;
        run_alone("view.workspace", {{"workspace", std::string("retrieval")}});
        frame();
        EXPECT_EQ(test::HeldLanes::others(*jobs_), std::vector<std::string>()) << workspace;
        lanes.release();
        settle();
    }
}

} // namespace
} // namespace attnscope::ui
