#include "cli/progress_printer.h"

#include "base/json_text.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <sys/ioctl.h>
#include <unistd.h>

namespace attnscope::cli {
namespace {

constexpr auto plain_interval = std::chrono::seconds(2);
constexpr auto plain_patience = std::chrono::seconds(1);

bool is_terminal() {
    const char* const kind = std::getenv("TERM");
    return isatty(STDERR_FILENO) && (kind == nullptr || std::string_view(kind) != "dumb");
}

std::size_t terminal_width() {
    winsize size{};
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/// The first `width` characters of UTF-8 text.
std::string cut(const std::string& text, std::size_t width) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool starts = (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
        if (starts && count++ == width) return text.substr(0, i);
    }
    return text;
}

std::string describe(const Progress& progress) {
    std::string text = progress.stage;
    if (progress.fraction >= 0) {
        char percent[16];
        std::snprintf(percent, sizeof percent, "  %.0f %%", std::floor(100 * progress.fraction));
        text += percent;
    }
    if (progress.seconds_left >= 0) text += "  " + duration_text(progress.seconds_left) + " left";
    return text;
}

} // namespace

std::string duration_text(double seconds) {
    const auto whole = static_cast<long long>(std::ceil(std::min(seconds, 1e9)));
    char text[48];
    if (whole >= 3600) {
        std::snprintf(text, sizeof text, "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60, whole % 60);
    } else {
        std::snprintf(text, sizeof text, "%lld:%02lld", whole / 60, whole % 60);
    }
    return text;
}

ProgressPrinter::ProgressPrinter(ProgressStyle style, bool quiet) {
    if (quiet) return;
    switch (style) {
    case ProgressStyle::automatic:
        kind_ = is_terminal() ? Kind::rewritten : Kind::plain;
        patient_ = true;
        break;
    case ProgressStyle::plain: kind_ = Kind::plain; break;
    case ProgressStyle::json: kind_ = Kind::json; break;
    case ProgressStyle::none: break;
    }
}

void ProgressPrinter::show(const Progress& progress) {
    const std::lock_guard lock(mutex_);
    switch (kind_) {
    case Kind::none: break;
    case Kind::rewritten: show_rewritten(progress); break;
    case Kind::plain: show_plain(progress); break;
    case Kind::json: show_json(progress); break;
    }
}

void ProgressPrinter::clear() {
    const std::lock_guard lock(mutex_);
    if (!line_shown_) return;
    line_shown_ = false;
    std::fputs("\r\x1b[K", stderr);
}

void ProgressPrinter::show_rewritten(const Progress& progress) {
    std::fprintf(stderr, "\r\x1b[K%s", cut(describe(progress), terminal_width() - 1).c_str());
    std::fflush(stderr);
    line_shown_ = true;
}

void ProgressPrinter::show_plain(const Progress& progress) {
    const auto now = Clock::now();
    if (patient_ && now - start_ < plain_patience) return;
    if (progress.stage == stage_ && now - last_ < plain_interval) return;
    stage_ = progress.stage;
    last_ = now;
    std::fprintf(stderr, "%s\n", describe(progress).c_str());
}

void ProgressPrinter::show_json(const Progress& progress) {
    const auto known = [](double value) { return value >= 0 ? Json(value) : Json(nullptr); };
    const Json line = {{"stage", progress.stage},
                       {"fraction", known(progress.fraction)},
                       {"seconds_left", known(progress.seconds_left)}};
    std::fprintf(stderr, "%s\n", one_line(line).c_str());
}

} // namespace attnscope::cli
