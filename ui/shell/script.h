// Command scripts: a list of commands and waits that does without a person what a person could do in the window.
//
//   [{"command": "retrieval.beta", "args": {"value": 20}},
//    {"wait": "settled"}, {"wait_frames": 3}, {"screenshot": "a.png"},
//    {"drag": {"command": "retrieval.beta", "argument": "value", "from": 5, "to": 50, "frames": 200},
//     "record": "latencies.json"}]
//
// A drag gives the command one value a frame, spaced evenly (evenly in the logarithm where both ends are above 0), as a
// held mouse button would. `record` writes how long each result took from being asked for, and what each frame cost.
#pragma once

#include "shell/shell.h"
#include "state/script_entries.h"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace attnscope::ui {

class Script {
public:
    /// Throws Error{input} naming `where` and the entry.
    static Script parse(const std::string& text, const std::string& where);

    /// Before a frame is drawn: does what is due. Throws Error for a command that fails or a file that cannot be
    /// written. Returns true once everything is done.
    bool advance(Shell& shell);
    /// After a frame: what building it cost the processor.
    void frame_drawn(double seconds) {
        if (dragging_) frame_seconds_.push_back(seconds);
    }
    /// A picture wanted of the frame that is drawn next; empty = none. Cleared by the call.
    std::filesystem::path take_screenshot_wish() { return std::exchange(screenshot_, {}); }
    /// It waits for something that an event will announce, rather than for frames.
    bool waits_for_events() const { return waiting_; }

private:
    bool drag(Shell& shell, const ScriptedDrag& drag);
    void write_record(Shell& shell, const ScriptedDrag& drag) const;

    std::vector<ScriptEntry> entries_;
    std::size_t next_ = 0;
    int frames_ = 0; ///< spent in the current entry
    int settled_frames_ = 0;
    bool dragging_ = false, waiting_ = false;
    std::vector<double> frame_seconds_, latencies_;
    std::filesystem::path screenshot_;
};

} // namespace attnscope::ui
