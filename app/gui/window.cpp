#include "gui/window.h"

#include "cli/interrupt.h"
#include "files/file_writer.h"
#include "files/write_check.h"
#include "gui/glfw_window.h"
#include "gui/screenshot.h"
#include "shell/script.h"
#include "shell/shell.h"
#include "state/session.h"

#include <attnscope/slot.h>
#include <attnscope/tensor_file.h>

#include <imgui.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <optional>

namespace attnscope {

namespace {

/// Frames drawn after an event: ImGui opens and places things over two of them.
constexpr int frames_after_event = 3;
constexpr int cancelled_status = 130;
/// How long a window that a signal asks to end may take to put its settings away and to stop its jobs.
constexpr std::chrono::milliseconds time_to_end{1000};
/// Frames without work before a screenshot: results of one frame ask for others in the next.
constexpr int settled_for = 4;
/// How long the rate of frames stays in the status bar after the last one.
constexpr double idle_after = 0.6;

double processor_seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return double(now.tv_sec) + double(now.tv_nsec) * 1e-9;
}

/// Frames a second over the last half second of drawing.
class FrameRate {
public:
    void count(double now) {
        if (now - last_ > 0.3) begin_ = now, frames_ = 0;
        last_ = now;
        ++frames_;
        if (now - begin_ > 0.5) {
            rate_ = static_cast<float>(frames_ / (now - begin_));
            begin_ = now;
            frames_ = 0;
        }
    }
    float rate(double now) const { return now - last_ > idle_after ? 0 : rate_; }
    void rest() { rate_ = 0; }

private:
    double begin_ = 0, last_ = 0;
    int frames_ = 0;
    float rate_ = 0;
};

/// The picture, before anything is opened.
void check_paths(const WindowOptions& options) {
    if (options.screenshot.empty()) return;
    check_can_write(options.screenshot);
    std::vector<std::filesystem::path> inputs = options.files;
    for (const auto& path : {options.session, options.run})
        if (!path.empty()) inputs.push_back(path);
    refuse_overwriting("--screenshot", options.screenshot, inputs);
}

class Program {
public:
    explicit Program(const WindowOptions& options);
    int run();

private:
    void open_sources();
    void draw();
    bool take_picture();
    double wait_seconds() const;

    const WindowOptions& options_;
    cli::Interrupt interrupt_{{time_to_end, [] { glfwPostEmptyEvent(); }}}; // before any thread
    std::optional<ui::Script> script_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    GlfwWindow window_;
    JobSystem jobs_; // ends before the window system that it wakes
    ui::Shell shell_;
    FrameRate rate_;
    bool rate_shown_ = false, script_done_ = true;
    int event_frames_ = frames_after_event, settled_frames_ = 0;

    double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }
};

std::optional<ui::Script> read_script(const std::filesystem::path& path) {
    if (path.empty()) return std::nullopt;
    return ui::Script::parse(read_file(path, std::size_t{64} << 20), path.filename().string());
}

Program::Program(const WindowOptions& options)
    : options_(options), script_(read_script(options.run)), window_(options.width, options.height),
      jobs_({options.threads, [] { glfwPostEmptyEvent(); }}),
      // A picture taken without a person shows the same window on every machine.
      shell_(jobs_,
             {options.screenshot.empty() && options.run.empty() ? ui::config_folder() : std::filesystem::path{}}) {
    jobs_.set_device(options.device);
    script_done_ = !script_;
    if (options.theme == "light") shell_.state().preferences.theme = ui::Theme::light;
    if (options.theme == "dark") shell_.state().preferences.theme = ui::Theme::dark;
}

void Program::open_sources() {
    auto& state = shell_.state();
    auto& services = shell_.services();
    if (!options_.session.empty()) services.open_session(state, options_.session);
    if (options_.session.empty() && options_.files.empty()) {
        if (!options_.no_sample) services.open_sample(state);
        return;
    }
    if (!options_.no_sample && options_.session.empty()) services.open_companions(state);
    for (const auto& file : options_.files) services.open(state, file);
}

void Program::draw() {
    shell_.prepare_frame(seconds());
    window_.set_full_screen(shell_.state().preferences.full_screen);
    const double before = processor_seconds();
    // In a picture taken without a person nobody points at anything, wherever the cursor happens to be.
    window_.begin_frame(!options_.screenshot.empty());
    shell_.draw_frame();
    ImGui::Render();
    if (script_) script_->frame_drawn(processor_seconds() - before);
    const ImVec4& background = shell_.theme().background;
    window_.render(background.x, background.y, background.z);
}

bool Program::take_picture() {
    if (options_.screenshot.empty() || !script_done_) return false;
    settled_frames_ = shell_.settled() ? settled_frames_ + 1 : 0;
    if (settled_frames_ < settled_for) return false;
    int width = 0, height = 0;
    window_.framebuffer_size(width, height);
    write_screenshot(options_.screenshot, width, height);
    return true;
}

double Program::wait_seconds() const {
    if (event_frames_ > 0) return 0;
    if (!script_done_ && !script_->waits_for_events()) return 0;
    double wait = shell_.next_frame_in();
    // Waiting for a picture, or for the script to go on: look again soon, whether or not an event comes.
    if (!script_done_ || !options_.screenshot.empty()) wait = wait < 0 ? 0.02 : std::min(wait, 0.02);
    if (rate_shown_) wait = wait < 0 ? idle_after : std::min(wait, idle_after);
    return wait;
}

int Program::run() {
    // The first frame is drawn before anything is opened: it must not wait for a disk.
    draw();
    window_.present();
    open_sources();
    while (!shell_.finished()) {
        if (interrupt_.token().stop_requested()) {
            // What takes longer than the patience of the interrupt is ended there; the settings are on the disk by
            // then.
            shell_.keep_settings();
            return cancelled_status;
        }
        const double wait = wait_seconds();
        const bool event = window_.wait(wait);
        event_frames_ = event && wait != 0 ? frames_after_event : std::max(0, event_frames_ - 1);
        for (const auto& path : window_.take_dropped())
            shell_.runner().run(ui::command("file.open", {{"path", path.string()}}));
        if (window_.close_asked()) shell_.runner().run(ui::command("file.quit"));
        if (!script_done_) script_done_ = script_->advance(shell_);
        const double now = seconds();
        rate_.count(now);
        if (!event && wait > 0.3) rate_.rest();
        shell_.set_frames_per_second(rate_.rate(now));
        rate_shown_ = rate_.rate(now) > 0;
        draw();
        if (script_) {
            const auto picture = script_->take_screenshot_wish();
            int width = 0, height = 0;
            window_.framebuffer_size(width, height);
            if (!picture.empty()) write_screenshot(picture, width, height);
        }
        if (take_picture()) return 0;
        window_.present();
    }
    return 0;
}

} // namespace

int run_window(const WindowOptions& options) {
    check_paths(options);
    const int status = Program(options).run();
    if (status == cancelled_status) cli::end_cancelled();
    return status;
}

} // namespace attnscope
