// Scripts and sessions of version 0.1 stay readable in the window.
#include "state/script_entries.h"
#include "ui/support/window_test.h"

#include <attnscope/tensor_file.h>

namespace attnscope::ui {
namespace {

namespace fs = std::filesystem;

class WrittenFiles : public WindowTest {
protected:
    void SetUp() override {
        WindowTest::SetUp();
        fs::copy(fs::path(ATTNSCOPE_TEST_DATA) / "written_by_0.1", folder_,
                 fs::copy_options::recursive | fs::copy_options::overwrite_existing);
        fs::current_path(folder_);
    }
    void TearDown() override {
        fs::current_path(fs::temp_directory_path());
        WindowTest::TearDown();
    }
    /// What the script sets, whatever sets it.
    void expect_the_view_of_the_script() {
        const View& view = state().view;
        EXPECT_EQ(view.workspace, Workspace::residual);
        EXPECT_EQ(view.selection.layer, 1);
        EXPECT_EQ(view.selection.head, 1);
        EXPECT_EQ(view.selection.beta, 3.5);
        EXPECT_EQ(view.selection.step, 2);
        EXPECT_EQ(view.retrieval.lambda, .25);
        EXPECT_EQ(view.residual.parameters.layers, (std::vector<int>{1, 2}));
        EXPECT_EQ(view.residual.parameters.ranks, (std::vector<int>{1, 2}));
        EXPECT_EQ(view.residual.parameters.top_k, 2);
        EXPECT_EQ(view.training.steps, 20);
        EXPECT_TRUE(state().pinned);
        EXPECT_NE(state().model(), nullptr);
        EXPECT_NE(state().bank(), nullptr);
        for (const Source& source : state().sources) EXPECT_FALSE(source.error) << source.error->what();
        for (const Notice& notice : state().notices) EXPECT_FALSE(notice.is_error) << notice.text;
    }
};

TEST_F(WrittenFiles, AScriptIsRun) {
    for (const ScriptEntry& entry : parse_script(read_file("tour.json"), "tour.json")) {
        if (const auto* const command = std::get_if<Command>(&entry)) {
            runner().run_or_throw(*command);
            runner().end_gesture();
        } else {
            settle();
        }
    }
    expect_the_view_of_the_script();
}

TEST_F(WrittenFiles, ASessionIsOpened) {
    run_alone("session.open", {{"path", std::string("session.json")}});
    settle();
    expect_the_view_of_the_script();
    ASSERT_TRUE(runner().can_undo());
    for (int i = 0; i < 5; ++i) runner().undo();
    EXPECT_NE(state().view.residual.parameters.layers, (std::vector<int>{1, 2}));
}

} // namespace
} // namespace attnscope::ui
