// Progress on standard error: a line that is rewritten, plain lines, or JSON lines.
#pragma once

#include "cli/common_options.h"

#include <chrono>
#include <mutex>
#include <string>

namespace attnscope::cli {

class ProgressPrinter {
public:
    ProgressPrinter(ProgressStyle style, bool quiet);
    ~ProgressPrinter() { clear(); }

    void show(const Progress& progress);
    /// Removes a rewritten line, so that other text can follow.
    void clear();

private:
    enum class Kind { none, rewritten, plain, json };
    void show_rewritten(const Progress& progress);
    void show_plain(const Progress& progress);
    static void show_json(const Progress& progress);

    using Clock = std::chrono::steady_clock;
    std::mutex mutex_;
    Kind kind_ = Kind::none;
    bool patient_ = false; // plain because nobody watches: short runs then say nothing
    bool line_shown_ = false;
    std::string stage_;
    Clock::time_point start_ = Clock::now(), last_;
};

/// 0:07, 12:30, 1:02:03.
std::string duration_text(double seconds);

} // namespace attnscope::cli
