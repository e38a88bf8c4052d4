#include "shell/script.h"

#include <attnscope/tensor_file.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace attnscope::ui {

using nlohmann::json;

namespace {

/// Frames without work before a window counts as settled: results of one frame ask for others in the next.
constexpr int settled_for = 3;

/// Quantiles in milliseconds.
json summary(std::vector<double> seconds) {
    json out{{"count", seconds.size()}};
    if (seconds.empty()) return out;
    json all = json::array();
    for (const double value : seconds) all.push_back(std::round(value * 1e6) / 1e3);
    std::sort(seconds.begin(), seconds.end());
    const auto quantile = [&](double q) {
        const auto at = static_cast<std::size_t>(std::ceil(q * double(seconds.size()))) - 1;
        return std::round(seconds[std::min(at, seconds.size() - 1)] * 1e6) / 1e3;
    };
    out["p50_ms"] = quantile(0.5);
    out["p95_ms"] = quantile(0.95);
    out["max_ms"] = quantile(1);
    out["all_ms"] = all;
    return out;
}

} // namespace

Script Script::parse(const std::string& text, const std::string& where) {
    Script script;
    script.entries_ = parse_script(text, where);
    return script;
}

bool Script::drag(Shell& shell, const ScriptedDrag& drag) {
    AppState& state = shell.state();
    auto& slots = shell.services().retrieval();
    if (frames_ == 0) {
        slots.take_trace_latencies();
        frame_seconds_.clear();
        latencies_.clear();
        dragging_ = state.dragging = state.scripted_drag = true;
    }
    const auto collect = [&] {
        const auto arrived = slots.take_trace_latencies();
        latencies_.insert(latencies_.end(), arrived.begin(), arrived.end());
    };
    collect();
    if (frames_ < drag.frames) {
        const double share = drag.frames == 1 ? 1 : double(frames_) / (drag.frames - 1);
        const bool logarithmic = drag.from > 0 && drag.to > 0;
        const double value =
            logarithmic ? drag.from * std::pow(drag.to / drag.from, share) : drag.from + (drag.to - drag.from) * share;
        ++frames_;
        Arguments arguments = drag.fixed;
        arguments[drag.argument] = value;
        shell.runner().run_or_throw(command(drag.command, std::move(arguments)));
        return false;
    }
    // The last value's result belongs to the drag. A frame must have asked for it before it can be missed.
    if (frames_++ == drag.frames || !slots.settled() || !shell.services().attention().settled()) return false;
    collect(); // what arrived since, before the slots had settled
    dragging_ = state.dragging = state.scripted_drag = false;
    shell.runner().end_gesture();
    if (!drag.record.empty()) write_record(shell, drag);
    return true;
}

void Script::write_record(Shell& shell, const ScriptedDrag& drag) const {
    const auto bank = shell.state().bank();
    json record{{"drag", {{"command", drag.command}, {"from", drag.from}, {"to", drag.to}, {"frames", drag.frames}}},
                {"request_to_result", summary(latencies_)},
                {"frame_cpu", summary(frame_seconds_)}};
    if (bank) record["bank"] = {{"n", bank->n}, {"d", bank->d}};
    record["step"] = shell.state().view.selection.step;
    write_file(drag.record, record.dump(1) + "\n");
}

bool Script::advance(Shell& shell) {
    waiting_ = false;
    while (next_ < entries_.size()) {
        const ScriptEntry& entry = entries_[next_];
        const auto done = [this] {
            ++next_;
            frames_ = settled_frames_ = 0;
        };
        if (const auto* command = std::get_if<Command>(&entry)) {
            const Command run = *command;
            done();
            shell.runner().run_or_throw(run);
            shell.runner().end_gesture();
            return false;
        }
        if (std::holds_alternative<WaitSettled>(entry)) {
            settled_frames_ = shell.settled() ? settled_frames_ + 1 : 0;
            waiting_ = settled_frames_ == 0;
            if (settled_frames_ < settled_for) return false;
            done();
        } else if (const auto* wait = std::get_if<WaitFrames>(&entry)) {
            if (frames_++ < wait->frames) return false;
            done();
        } else if (const auto* picture = std::get_if<Screenshot>(&entry)) {
            screenshot_ = picture->path;
            done();
            return false;
        } else {
            if (!drag(shell, std::get<ScriptedDrag>(entry))) return false;
            done();
        }
    }
    return true;
}

} // namespace attnscope::ui
