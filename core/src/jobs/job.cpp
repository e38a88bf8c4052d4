#include <attnscope/job.h>

#include <algorithm>
#include <charconv>
#include <mutex>
#include <utility>

namespace attnscope {

Device Device::parse(std::string_view text) {
    if (text == "auto") return {};
    if (text == "cpu") return {Kind::cpu, 0};
    if (text == "cuda") return {Kind::cuda, 0};
    if (text.starts_with("cuda:")) {
        const std::string_view digits = text.substr(5);
        int index = 0;
        const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
        if (failure == std::errc{} && end == digits.data() + digits.size() && index >= 0) return {Kind::cuda, index};
    }
    throw Error(ErrorKind::usage, "device", "auto, cpu, cuda or cuda:N", std::string(text));
}

std::string Device::name() const {
    switch (kind) {
    case Kind::automatic: return "auto";
    case Kind::cpu: return "cpu";
    case Kind::cuda: break;
    }
    return "cuda:" + std::to_string(index);
}

/// When the stage began and when it was last reported.
struct JobContext::Clock {
    using Time = std::chrono::steady_clock::time_point;
    std::mutex mutex;
    bool started = false;
    std::string stage;
    Time stage_start, last_report;
    double first_done = 0; // what was finished when the stage was first heard of, e.g. by an earlier run
};

JobContext::JobContext(ThreadPool& pool, Options options)
    : pool_(pool), options_(std::move(options)), clock_(std::make_shared<Clock>()) {}

void JobContext::progress(double done, double total, std::string_view stage) {
    checkpoint();
    if (!options_.on_progress) return;
    using namespace std::chrono_literals;
    constexpr auto interval = 33ms;
    constexpr double trusted_after = 0.3; // seconds of a stage before its speed says anything

    const std::lock_guard lock(clock_->mutex);
    const auto now = std::chrono::steady_clock::now();
    if (!clock_->started || clock_->stage != stage) {
        clock_->started = true;
        clock_->stage = stage;
        clock_->stage_start = now;
        clock_->first_done = done;
    } else if (now - clock_->last_report < interval) {
        return;
    }
    clock_->last_report = now;

    Progress report;
    report.stage = clock_->stage;
    if (total > 0) report.fraction = std::clamp(done / total, 0.0, 1.0);
    const double elapsed = std::chrono::duration<double>(now - clock_->stage_start).count();
    const double advanced = done - clock_->first_done;
    if (report.fraction >= 0 && advanced > 0 && elapsed >= trusted_after) {
        report.seconds_left = elapsed / advanced * std::max(0.0, total - done);
    }
    options_.on_progress(report);
}

void JobContext::parallel_for(std::size_t tasks, const std::function<void(std::size_t task, int thread)>& body) {
    pool_.run(tasks, [&](std::size_t task, int thread) {
        checkpoint();
        body(task, thread);
    });
}

JobContext JobContext::part(std::function<void(const Progress&)> on_progress) const {
    Options options;
    options.device = options_.device;
    options.seed = options_.seed;
    options.stop = options_.stop;
    options.yield = options_.yield;
    options.on_progress = std::move(on_progress);
    return JobContext(pool_, std::move(options));
}

} // namespace attnscope
