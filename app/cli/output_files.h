// What a command writes and reads, as its command line says: asked before it computes.
#pragma once

#include "cli/commands.h"

#include <filesystem>
#include <string>
#include <vector>

namespace attnscope::cli {

/// A file that will be written, with the option that names it.
struct OutputFile {
    std::string option;
    std::filesystem::path path;
    bool always = true; ///< else only by some runs: it may not be an input, but nobody asked whether it can be written
};

/// The files of --out and of the command's other options that write, those written beside them included.
std::vector<OutputFile> output_files(const Command& command, const CommonOptions& options);
/// The values of all other options that are files or folders to read.
std::vector<std::filesystem::path> given_inputs(const Command& command);

} // namespace attnscope::cli
