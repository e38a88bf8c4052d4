// The whole command line: the window, or one of the subcommands.
#pragma once

namespace attnscope::cli {

/// Exit status of the program.
int run(int argc, char** argv);

} // namespace attnscope::cli
