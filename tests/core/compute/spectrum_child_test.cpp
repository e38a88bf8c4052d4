// The decomposition of a large covariance, which a process of its own does.
#include "core/compute/support.h"
#include "module/compute/child_process.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <stdexcept>
#include <thread>

#include <sys/wait.h>

namespace attnscope::test {
namespace {

namespace fs = std::filesystem;

std::size_t threads_now() {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator("/proc/self/task"), fs::directory_iterator()));
}

bool has_child() {
    for (const auto& thread : fs::directory_iterator("/proc/self/task")) {
        std::ifstream file(thread.path() / "children");
        if (std::string child; file >> child) return true;
    }
    return false;
}

TEST(LargeSpectrum, HasTheEigenpairsOfTheCovariance) {
    constexpr std::size_t n = 60, d = 500; // beyond what is decomposed in place
    Workplace work(random_bank(n, d));
    const retrieval::Spectrum spectrum = compute::spectrum({.bank = work.bank, .directions = 3}, work.context);
    ASSERT_EQ(spectrum.eigenvalues.size(), d);
    ASSERT_EQ(spectrum.directions.size(), 3 * d);
    EXPECT_TRUE(std::is_sorted(spectrum.eigenvalues.rbegin(), spectrum.eigenvalues.rend()));
    for (std::size_t k = 0; k < 3; ++k) {
        const double* const v = spectrum.directions.data() + k * d;
        // C v = λ v, with C = M̃ᵀM̃ / n.
        std::vector<double> image(d);
        for (std::size_t i = 0; i < n; ++i) {
            double product = 0;
            for (std::size_t j = 0; j < d; ++j)
                product += (static_cast<double>(work.bank->row(i)[j]) - spectrum.mean[j]) * v[j];
            for (std::size_t j = 0; j < d; ++j)
                image[j] += product * (static_cast<double>(work.bank->row(i)[j]) - spectrum.mean[j]) / n;
        }
        for (std::size_t j = 0; j < d; ++j)
            EXPECT_NEAR(image[j], spectrum.eigenvalues[k] * v[j],
                        1e-7 * spectrum.lambda_max); // memories are centred in float32
    }
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "no child is left";
    EXPECT_EQ(errno, ECHILD);
}

TEST(LargeSpectrum, ACancelLeavesNoThreadAndNoProcessBehind) {
    constexpr std::size_t n = 4, d = 4000; // LAPACK takes many seconds
    std::vector<float> rows(n * d);
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<float>(random_normal(5, 0, i));
    const auto bank = make_bank("wide", n, d, rows);
    ThreadPool pool(1);
    std::stop_source stop;
    JobContext::Options options;
    options.stop = stop.get_token();
    JobContext context(pool, std::move(options));
    // LibTorch starts threads of its own with the first products, and keeps them.
    compute::spectrum({.bank = random_bank(60, 500), .directions = 1}, context);
    const std::size_t before = threads_now();
    std::atomic<bool> over{false};
    bool seen = false;
    std::thread canceller([&] {
        while (!over && !(seen = has_child())) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        stop.request_stop();
    });
    bool cancelled = false;
    try {
        compute::spectrum({.bank = bank, .directions = 1}, context);
    } catch (const Cancelled&) {
        cancelled = true;
    }
    over = true;
    canceller.join();
    if (!seen) GTEST_SKIP() << "the system does not list children, or none was started";
    EXPECT_TRUE(cancelled);
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "no child is left";
    EXPECT_EQ(errno, ECHILD);
    EXPECT_EQ(threads_now(), before);
}

TEST(RunInChild, SaysWhetherTheWorkWasDone) {
    ThreadPool pool(1);
    JobContext context(pool);
    const compute::SharedNumbers shared(3);
    const bool done = compute::run_in_child([&] { shared.values()[1] = 7; }, context);
    EXPECT_EQ(shared.values()[1], done ? 7 : 0);
    EXPECT_FALSE(compute::run_in_child([] { throw std::runtime_error("no"); }, context));
}

} // namespace
} // namespace attnscope::test
