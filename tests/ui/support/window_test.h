// A whole window without a display: the shell under ImGui's null backend, driven by the test engine.
#pragma once

#include "shell/shell.h"

#include <gtest/gtest.h>

#include <imgui.h>
#include <imgui_te_context.h>
#include <imgui_te_engine.h>
#include <implot.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace attnscope::ui {

class WindowTest : public ::testing::Test {
protected:
    void SetUp() override;
    void TearDown() override;

    /// Runs `steps` as a user would act, frame by frame; fails the test when the engine reports an error.
    void act(std::function<void(ImGuiTestContext*)> steps);
    /// Draws one frame.
    void frame();
    /// Draws frames until nothing is loading or computing.
    void settle();
    /// Draws frames until `done`; fails after a very long time.
    void frames_until(const std::function<bool()>& done);

    AppState& state() { return shell_->state(); }
    CommandRunner& runner() { return shell_->runner(); }
    void run(const std::string& id, Arguments arguments = {}) { runner().run_or_throw({id, std::move(arguments)}); }
    /// A run of its own undo step.
    void run_alone(const std::string& id, Arguments arguments = {}) {
        run(id, std::move(arguments));
        runner().end_gesture();
    }
    /// Writes a small file into the test's own folder.
    std::filesystem::path write(const std::string& name, const std::string& content);
    /// The letters bank, selected and settled.
    void open_letters();
    /// Ends the window and opens another with the same config folder.
    void reopen();
    /// A notice with these words is on the screen.
    bool said(const std::string& words);

    std::filesystem::path folder_;
    ImVec2 size_{1600, 1000};                                                   ///< of the window
    std::string copied_;                                                        ///< what was put on the clipboard
    std::function<std::vector<std::unique_ptr<Panel>>()> panels_ = make_panels; ///< of the next window that is opened
    std::unique_ptr<JobSystem> jobs_;
    std::unique_ptr<Shell> shell_;

private:
    void open_window();
    void close_window();
    ImGuiTestEngine* engine_ = nullptr;
    ImGuiContext* imgui_ = nullptr;
    ImPlotContext* implot_ = nullptr;
    double seconds_ = 0;
};

} // namespace attnscope::ui
