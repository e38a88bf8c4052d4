// The program with a window, when the system asks it to end.
#include "support/run_program.h"
#include "support/temporary_folder.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdlib>

namespace attnscope::test {
namespace {

namespace fs = std::filesystem;

class WindowSignals : public testing::Test {
protected:
    WindowSignals() {
        setenv("ATTNSCOPE_CACHE", (folder / "cache").c_str(), 1);
        setenv("XDG_CONFIG_HOME", (folder / "config").c_str(), 1);
    }
    std::vector<std::string> with(const std::vector<std::string>& more) const {
        std::vector<std::string> all{"--no-sample", "--device", "cpu", "--size", "640x480"};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }
    /// Whether it happens within a minute.
    template <class Condition>
    static bool comes(const Condition& condition) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
        while (!condition()) {
            if (std::chrono::steady_clock::now() > end) return false;
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        return true;
    }
    /// Threads are started once signals are waited for.
    static bool has_workers(const Program& program) {
        std::error_code failure;
        std::size_t threads = 0;
        for (fs::directory_iterator it("/proc/" + std::to_string(program.id()) + "/task", failure), end;
             !failure && it != end; it.increment(failure))
            ++threads;
        return threads > 4;
    }
    const TemporaryFolder folder;
};

TEST_F(WindowSignals, EndAnIdleWindowAfterItsSettingsArePutAway) {
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
        fs::remove_all(folder / "config");
        Program program(with({"--theme", "light"}));
        ASSERT_TRUE(comes([&] { return has_workers(program); }));
        program.signal(number);
        const Outcome run = program.wait();
        EXPECT_EQ(run.status, 130) << number << " " << run.error;
        const std::string kept = read_all(folder / "config" / "attnscope" / "preferences.json");
        EXPECT_NE(kept.find("\"theme\": \"light\""), std::string::npos) << number << " " << kept;
    }
}

TEST_F(WindowSignals, EndAScriptThatComputes) {
    const std::string picture = (folder / "early.png").string();
    const nlohmann::json script{{{"wait", "settled"}},
                                {{"screenshot", picture}},
                                {{"drag", {{"command", "retrieval.beta"}, {"from", 2}, {"to", 40}, {"frames", 100000}}},
                                 {"record", (folder / "record.json").string()}}};
    folder.put("script.json", script.dump());
    for (const bool with_screenshot : {false, true}) {
        fs::remove(picture);
        const std::string last = (folder / "last.png").string();
        // Of the letters, which need no file.
        std::vector<std::string> arguments{"--run",  (folder / "script.json").string(), "--device", "cpu", "--size",
                                           "640x480"};
        if (with_screenshot) arguments.insert(arguments.end(), {"--screenshot", last});
        Program program(arguments);
        ASSERT_TRUE(comes([&] { return fs::exists(picture); })) << program.error();
        program.signal(SIGTERM);
        const Outcome run = program.wait();
        EXPECT_EQ(run.status, 130) << run.error;
        EXPECT_FALSE(fs::exists(last));
        EXPECT_FALSE(fs::exists(folder / "record.json"));
    }
}

TEST_F(WindowSignals, AScreenshotIsNotWrittenOverAnInput) {
    folder.put("script.json", "[]");
    const std::string script = (folder / "script.json").string();
    const Outcome run = run_program(with({"--run", script, "--screenshot", script}));
    EXPECT_EQ(run.status, 2) << run.error;
    EXPECT_EQ(read_all(script), "[]");
    const Outcome missing = run_program(with({"--screenshot", (folder / "none/x.png").string()}));
    EXPECT_EQ(missing.status, 4) << missing.error;
    EXPECT_EQ(missing.error_lines(), 1);
}

} // namespace
} // namespace attnscope::test
