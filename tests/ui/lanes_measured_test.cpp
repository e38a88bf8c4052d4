// How long the first picture of a dropped bank takes, and a drag of β, while nothing else runs and while a training
// does. Prints what it measured; run by hand with ATTNSCOPE_MEASURE_BANK naming a bank. What must hold whatever the
// machine is in lanes_test.cpp.
#include "ui/support/window_test.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <thread>

namespace attnscope::ui {
namespace {

using MeasuredClock = std::chrono::steady_clock;

double seconds_since(MeasuredClock::time_point begin) {
    return std::chrono::duration<double>(MeasuredClock::now() - begin).count();
}

double quantile(std::vector<double> values, double share) {
    if (values.empty()) return NAN;
    std::ranges::sort(values);
    return values[std::min(values.size() - 1, static_cast<std::size_t>(share * static_cast<double>(values.size())))];
}

class LanesMeasured : public WindowTest {
protected:
    void SetUp() override {
        WindowTest::SetUp();
        const char* const bank = std::getenv("ATTNSCOPE_MEASURE_BANK");
        if (!bank) GTEST_SKIP() << "ATTNSCOPE_MEASURE_BANK names no bank";
        bank_ = bank;
    }

    /// Frames at sixty a second, as a screen takes them.
    void paced_frame() {
        const auto begin = MeasuredClock::now();
        frame();
        std::this_thread::sleep_until(begin + std::chrono::microseconds(16667));
    }

    double first_picture() {
        const auto begin = MeasuredClock::now();
        run_alone("file.open", {{"path", bank_}});
        for (;;) {
            paced_frame();
            const auto trace = shell_->services().retrieval().trace();
            if (trace.result && !trace.stale) break;
            if (seconds_since(begin) > 120) {
                ADD_FAILURE() << "no picture";
                break;
            }
        }
        return seconds_since(begin);
    }
    void close_bank() {
        while (!state().sources.empty() && state().bank())
            run_alone("source.unload", {{"source", std::int64_t{state().view.selection.bank}}});
        for (int i = 0; i < 5; ++i) paced_frame();
    }

    void drag(const char* when) {
        auto& slots = shell_->services().retrieval();
        slots.take_trace_latencies();
        std::vector<double> latencies;
        state().dragging = state().scripted_drag = true;
        constexpr int frames = 300;
        for (int i = 0; i < frames; ++i) {
            run("retrieval.beta", {{"value", 5 * std::pow(10.0, double(i) / (frames - 1))}});
            paced_frame();
            const auto arrived = slots.take_trace_latencies();
            latencies.insert(latencies.end(), arrived.begin(), arrived.end());
        }
        state().dragging = state().scripted_drag = false;
        runner().end_gesture();
        std::printf("%-36s  drag of beta: %zu of %d results, p50 %.1f ms, p95 %.1f ms, max %.1f ms\n", when,
                    latencies.size(), frames, 1e3 * quantile(latencies, 0.5), 1e3 * quantile(latencies, 0.95),
                    1e3 * quantile(latencies, 1));
        std::fflush(stdout);
    }

    void pictures_and_drag(const char* when) {
        std::vector<double> seconds;
        for (int i = 0; i < 5; ++i) {
            seconds.push_back(first_picture());
            if (i < 4) close_bank();
        }
        std::printf("%-36s  first picture of 5: p50 %.2f s, max %.2f s\n", when, quantile(seconds, 0.5),
                    quantile(seconds, 1));
        for (int i = 0; i < 60; ++i) paced_frame(); // the table of the first step, and the other panels
        drag(when);
        close_bank();
    }

    std::string bank_;
};

TEST_F(LanesMeasured, FirstPictureAndDrag) {
    pictures_and_drag("nothing else runs");
    pictures_and_drag("nothing else runs, again");
    run_alone("view.workspace", {{"workspace", std::string("cv")}});
    run_alone("cv.start");
    for (int i = 0; i < 120; ++i) paced_frame();
    ASSERT_TRUE(shell_->services().cv().run().running());
    pictures_and_drag("the CV experiment trains");
    EXPECT_TRUE(shell_->services().cv().run().running()) << "it ended before the measurement did";
    run_alone("view.workspace", {{"workspace", std::string("cv")}});
    run_alone("cv.pause");

    std::string text;
    for (std::uint64_t i = 0; i < 200'000; ++i) text.push_back(static_cast<char>('a' + random_bits(1, 1, i) % 26));
    run_alone("view.workspace", {{"workspace", std::string("jacobian")}});
    run_alone("file.open", {{"path", write("text.txt", text).string()}});
    auto& training = shell_->services().training();
    frames_until([&] { return training.request().text != nullptr; });
    run_alone("training.start");
    for (int i = 0; i < 120; ++i) paced_frame();
    ASSERT_TRUE(training.run().running());
    pictures_and_drag("the character model trains");
    EXPECT_TRUE(training.run().running()) << "it ended before the measurement did";
    training.run().stop();
}

} // namespace
} // namespace attnscope::ui
