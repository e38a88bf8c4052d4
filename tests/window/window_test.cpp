// The real window: what it draws, and how it ends.
#include "gui/window.h"
#include "support/tiny_models.h"
#include "window/support/virtual_display.h"

#include <attnscope/error.h>
#include <attnscope/tensor_file.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <png.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <unistd.h>
#include <vector>

namespace attnscope {
namespace {

namespace fs = std::filesystem;

struct Picture {
    int width = 0, height = 0;
    std::vector<unsigned char> rgb;
    std::array<int, 3> at(int x, int y) const {
        const auto i = static_cast<std::size_t>((y * width + x) * 3);
        return {rgb[i], rgb[i + 1], rgb[i + 2]};
    }
    double brightness() const {
        double sum = 0;
        for (const unsigned char value : rgb) sum += value;
        return sum / double(rgb.size()) / 255;
    }
    /// Pixels of a rectangle whose channels are all at least `least`.
    std::size_t bright(double left, double top, double right, double bottom, int least) const {
        std::size_t count = 0;
        for (int y = int(top * height); y < int(bottom * height); ++y)
            for (int x = int(left * width); x < int(right * width); ++x) {
                const auto [red, green, blue] = at(x, y);
                count += red >= least && green >= least && blue >= least;
            }
        return count;
    }
    /// Different colours in a rectangle, given in shares of the picture.
    std::size_t colours(double left, double top, double right, double bottom) const {
        std::set<std::array<int, 3>> seen;
        for (int y = int(top * height); y < int(bottom * height); ++y)
            for (int x = int(left * width); x < int(right * width); ++x) seen.insert(at(x, y));
        return seen.size();
    }
};

Picture read_picture(const fs::path& path) {
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    Picture picture;
    if (!png_image_begin_read_from_file(&image, path.c_str())) return picture;
    image.format = PNG_FORMAT_RGB;
    picture.width = static_cast<int>(image.width);
    picture.height = static_cast<int>(image.height);
    picture.rgb.resize(PNG_IMAGE_SIZE(image));
    png_image_finish_read(&image, nullptr, picture.rgb.data(), 0, nullptr);
    return picture;
}

Picture above_status(Picture picture) {
    picture.height -= 40;
    picture.rgb.resize(static_cast<std::size_t>(picture.width) * static_cast<std::size_t>(picture.height) * 3);
    return picture;
}

double difference(const Picture& a, const Picture& b) {
    if (a.rgb.size() != b.rgb.size()) return 1;
    double sum = 0;
    for (std::size_t i = 0; i < a.rgb.size(); ++i) sum += std::abs(int(a.rgb[i]) - int(b.rgb[i]));
    return sum / double(a.rgb.size()) / 255;
}

class RealWindow : public ::testing::Test {
protected:
    void SetUp() override {
        const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
        folder_ = fs::temp_directory_path() /
                  ("attnscope-window-" + std::string(info->name()) + "-" + std::to_string(getpid()));
        fs::create_directories(folder_);
        // Neither the machine's sample nor a user's preferences may decide what is drawn.
        setenv("ATTNSCOPE_CACHE", (folder_ / "cache").c_str(), 1);
        setenv("XDG_CONFIG_HOME", (folder_ / "config").c_str(), 1);
        options_.screenshot = folder_ / "window.png";
        options_.device = {Device::Kind::cpu, 0};
        options_.width = 1280;
        options_.height = 800;
    }
    void TearDown() override { fs::remove_all(folder_); }

    Picture picture() {
        EXPECT_EQ(run_window(options_), 0);
        return read_picture(options_.screenshot);
    }
    void script(const nlohmann::json& entries) {
        options_.run = folder_ / "script.json";
        write_file(options_.run, entries.dump());
    }

    fs::path folder_;
    WindowOptions options_;
};

TEST_F(RealWindow, APictureOfTheLettersIsTaken) {
    const Picture window = picture();
    ASSERT_EQ(window.width, 1280);
    ASSERT_EQ(window.height, 800);
    EXPECT_GT(window.colours(0, 0, 1, 0.04), 8u) << "menus";
    EXPECT_GT(window.colours(0.16, 0.15, 0.8, 0.9), 30u) << "panels";
    EXPECT_GT(window.colours(0, 0.15, 0.14, 0.5), 8u) << "sources";
    EXPECT_LT(window.brightness(), 0.35) << "dark unless asked otherwise";
}

TEST_F(RealWindow, BothThemesAreDrawn) {
    options_.theme = "dark";
    const Picture dark = picture();
    options_.theme = "light";
    const Picture light = picture();
    EXPECT_GT(light.brightness(), dark.brightness() + 0.4);
}

TEST_F(RealWindow, AnEmptyWindowSaysWhatToDo) {
    options_.no_sample = true;
    const Picture window = picture();
    // Words as bright as the title of a hint stand in the middle of the largest panel, below its tab and its header.
    const auto words = [](const Picture& of) { return of.bright(0.2, 0.3, 0.44, 0.8, 190); };
    EXPECT_GT(words(window), 100u);
    nlohmann::json close = nlohmann::json::array();
    for (const char* panel : {"weights", "letters", "trajectories", "modes", "entropy", "hysteresis", "spectrum",
                              "plane", "origin", "separation"})
        close.push_back(
            {{"command", "view.panel"}, {"args", {{"panel", std::string("retrieval.") + panel}, {"open", false}}}});
    close.push_back({{"wait", "settled"}});
    script(close);
    EXPECT_EQ(words(picture()), 0u) << "they are the panel's own";
}

TEST_F(RealWindow, ZoomEnlargesWhatIsDrawn) {
    const Picture normal = picture();
    script({{{"command", "view.zoom"}, {"args", {{"value", 1.5}}}}, {{"wait", "settled"}}});
    const Picture zoomed = picture();
    EXPECT_GT(difference(normal, zoomed), 0.005);
    ASSERT_EQ(zoomed.width, normal.width);
}

TEST_F(RealWindow, TheSameScriptGivesTheSamePicture) {
    script({{{"command", "retrieval.beta"}, {"args", {{"value", 6}}}}, {{"wait", "settled"}}});
    const Picture first = picture(), second = picture();
    // All but the status bar, which tells how long things took.
    EXPECT_LT(difference(above_status(first), above_status(second)), 1e-4);
}

TEST_F(RealWindow, AScriptTakesPicturesAndRecordsADrag) {
    const auto record = folder_ / "latencies.json", early = folder_ / "early.png";
    script({{{"wait", "settled"}},
            {{"screenshot", early.string()}},
            {{"drag", {{"command", "retrieval.beta"}, {"from", 2}, {"to", 40}, {"frames", 30}}},
             {"record", record.string()}},
            {{"wait", "settled"}}});
    const Picture late = picture();
    EXPECT_GT(difference(read_picture(early), late), 1e-3);
    const auto json = nlohmann::json::parse(read_file(record));
    EXPECT_GE(json["request_to_result"]["count"].get<int>(), 20);
}

TEST_F(RealWindow, AModelIsDrawnWithItsHeadsMapAndText) {
    const auto folder = folder_ / "llama";
    fs::create_directories(folder);
    test::TinyModel("LlamaForCausalLM").write(folder);
    script({{{"command", "file.open"}, {"args", {{"path", folder.string()}}}},
            {{"wait", "settled"}},
            {{"command", "attention.text"}, {"args", {{"text", "3 1 4 1 5 9 2 6 5 3 5 8"}}}},
            {{"wait", "settled"}}});
    const Picture window = picture();
    EXPECT_GT(window.colours(0.16, 0.2, 0.4, 0.9), 30u) << "heads";
    EXPECT_GT(window.colours(0.42, 0.3, 0.8, 0.9), 60u) << "map";
    options_.theme = "light";
    EXPECT_GT(picture().brightness(), window.brightness() + 0.4);
}

TEST_F(RealWindow, WhatCannotBeUsedEndsItWithAnError) {
    script({{{"command", "no.such"}}});
    EXPECT_THROW(run_window(options_), Error);
    options_.run.clear();
    options_.session = folder_ / "missing.json";
    try {
        run_window(options_);
        ADD_FAILURE() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind, ErrorKind::input);
    }
    EXPECT_FALSE(fs::exists(options_.screenshot));
}

TEST_F(RealWindow, AScreenshotThatCannotBeWrittenIsAnError) {
    options_.screenshot = "/nonexistent/window.png";
    try {
        run_window(options_);
        ADD_FAILURE() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind, ErrorKind::resource);
    }
}

TEST_F(RealWindow, WithoutADisplayItSaysSo) {
    const std::string display = std::getenv("DISPLAY");
    setenv("DISPLAY", ":987", 1);
    unsetenv("WAYLAND_DISPLAY");
    try {
        run_window(options_);
        ADD_FAILURE() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind, ErrorKind::resource);
        EXPECT_TRUE(std::string(error.what()).starts_with("display: ")) << error.what();
    }
    setenv("DISPLAY", display.c_str(), 1);
}

} // namespace
} // namespace attnscope

int main(int argc, char** argv) {
    ::testing::InitGoogleTest(&argc, argv);
    if (GTEST_FLAG_GET(list_tests)) return RUN_ALL_TESTS();
    attnscope::test::VirtualDisplay display;
    if (!display.available()) {
        std::puts("no display and no Xvfb: the tests of the real window were not run");
        return 0;
    }
    return RUN_ALL_TESTS();
}
