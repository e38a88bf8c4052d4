#include "cli/command_line.h"

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
    const int status = attnscope::cli::run(argc, argv);
    // Everything is written and every worker has ended. Taking LibTorch down as well would take longer than many a
    // command.
    std::fflush(nullptr);
    std::_Exit(status);
}
