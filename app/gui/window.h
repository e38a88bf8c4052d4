// The window: GLFW, OpenGL 3, the frame loop, the script runner.
#pragma once

#include <attnscope/job.h>

#include <filesystem>
#include <string>
#include <vector>

namespace attnscope {

struct WindowOptions {
    std::vector<std::filesystem::path> files; ///< opened as sources
    std::filesystem::path session;            ///< restored before the files
    std::filesystem::path run;                ///< command script (JSON), executed in the window
    std::filesystem::path screenshot;         ///< PNG written when nothing computes any more; then the window ends
    int width = 1600, height = 1000;
    std::string theme; ///< dark, light; empty = as last time
    int threads = 0;
    Device device;
    bool no_sample = false; ///< open empty instead of with the sample
};

/// Opens the window and returns when it is closed: the exit status. On SIGINT, SIGTERM or SIGHUP the settings are put
/// away, jobs are cancelled, and the process ends with status 130. Throws Error{resource} without a display,
/// Error{input} for a script or session that cannot be used.
int run_window(const WindowOptions& options);

} // namespace attnscope
