#include "ui/support/window_test.h"

#include <attnscope/tensor_file.h>

#include <imgui_impl_null.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <thread>

namespace attnscope::ui {

namespace fs = std::filesystem;

void WindowTest::SetUp() {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::temp_directory_path() / ("attnscope-" + std::string(info->test_suite_name()) + "-" + info->name() +
                                           "-" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    // No sample: what is on the machine must not decide what a test sees.
    ::setenv("ATTNSCOPE_CACHE", (folder_ / "cache").c_str(), 1);
    open_window();
}

void WindowTest::TearDown() {
    close_window();
    fs::remove_all(folder_);
}

void WindowTest::open_window() {
    imgui_ = ImGui::CreateContext();
    implot_ = ImPlot::CreateContext();
    ImGui_ImplNull_Init();
    engine_ = ImGuiTestEngine_CreateContext();
    ImGuiTestEngineIO& io = ImGuiTestEngine_GetIO(engine_);
    io.ConfigVerboseLevel = ImGuiTestVerboseLevel_Warning;
    io.ConfigVerboseLevelOnError = ImGuiTestVerboseLevel_Info;
    io.ConfigRunSpeed = ImGuiTestRunSpeed_Fast;
    io.ConfigLogToTTY = true;
    io.ConfigSavedSettings = false;
    io.ConfigNoThrottle = true;
    ImGuiTestEngine_Start(engine_, imgui_);
    jobs_ = std::make_unique<JobSystem>(JobSystem::Options{2, [] {}});
    jobs_->set_device({Device::Kind::cpu, 0});
    shell_ = std::make_unique<Shell>(*jobs_, Shell::Options{folder_ / "config", panels_});
    shell_->services().set_clipboard([this](const std::string& text) { copied_ = text; });
}

void WindowTest::close_window() {
    ImGuiTestEngine_Stop(engine_);
    shell_.reset();
    jobs_.reset();
    ImGui_ImplNull_Shutdown();
    ImPlot::DestroyContext(implot_);
    ImGui::DestroyContext(imgui_);
    ImGuiTestEngine_DestroyContext(engine_);
}

void WindowTest::reopen() {
    close_window();
    open_window();
}

void WindowTest::frame() {
    // The clock of the window runs by frames, not by the machine.
    seconds_ += 1.0 / 60;
    shell_->prepare_frame(seconds_);
    ImGui_ImplNull_NewFrame();
    ImGui::GetIO().DisplaySize = size_;
    ImGui::NewFrame();
    shell_->draw_frame();
    ImGui::Render();
    ImGui_ImplNullRender_RenderDrawData(ImGui::GetDrawData());
    ImGuiTestEngine_PostSwap(engine_);
}

void WindowTest::frames_until(const std::function<bool()>& done) {
    const auto begin = std::chrono::steady_clock::now();
    while (!done()) {
        frame();
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        if (std::chrono::steady_clock::now() - begin > std::chrono::minutes(4)) FAIL() << "nothing happens any more";
    }
}

void WindowTest::settle() {
    int settled = 0;
    frames_until([&] {
        settled = shell_->settled() ? settled + 1 : 0;
        return settled > 4;
    });
}

void WindowTest::act(std::function<void(ImGuiTestContext*)> steps) {
    ImGuiTest* test = IM_REGISTER_TEST(engine_, "window", "act");
    test->UserData = &steps;
    test->TestFunc = [](ImGuiTestContext* context) {
        (*static_cast<std::function<void(ImGuiTestContext*)>*>(context->Test->UserData))(context);
    };
    ImGuiTestEngine_QueueTest(engine_, test);
    frames_until([this] { return ImGuiTestEngine_IsTestQueueEmpty(engine_); });
    EXPECT_EQ(test->Output.Status, ImGuiTestStatus_Success);
    ImGuiTestEngine_UnregisterTest(engine_, test);
}

fs::path WindowTest::write(const std::string& name, const std::string& content) {
    const fs::path path = folder_ / name;
    write_file(path, content);
    return path;
}

bool WindowTest::said(const std::string& words) {
    return std::ranges::any_of(state().notices,
                               [&](const Notice& notice) { return notice.text.find(words) != std::string::npos; });
}

void WindowTest::open_letters() {
    run_alone("file.sample");
    settle();
    ASSERT_NE(state().bank(), nullptr);
}

} // namespace attnscope::ui

int main(int argc, char** argv) {
    ::testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
