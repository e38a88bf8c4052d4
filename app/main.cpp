#include "cli/command_line.h"

int main(int argc, char** argv) { return attnscope::cli::run(argc, argv); }
