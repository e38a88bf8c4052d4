// The subcommands: each adds its options to the command line and gives back what it does.
#pragma once

#include "cli/context.h"

#include <functional>
#include <vector>

namespace attnscope::cli {

/// A subcommand and its work. What it throws ends the program: Error with its exit status, Cancelled with 130.
struct Command {
    CLI::App* app = nullptr;
    std::function<void(Context&)> run;
    std::vector<const char*> writes = {}; ///< options besides --out that name a file to write
    bool large = false;                   ///< may take gigabytes, and its time is long beside that of a second start
    bool decides_out = false;             ///< whether --out is a file or a folder is the command's to say, and to check
};

Command inspect_command(CLI::App& app);
Command tokenize_command(CLI::App& app);
Command embed_command(CLI::App& app);
Command bank_command(CLI::App& app);
Command retrieval_command(CLI::App& app);
Command logits_command(CLI::App& app);
Command attention_command(CLI::App& app);
Command cv_command(CLI::App& app);
Command align_command(CLI::App& app);
Command residual_command(CLI::App& app);
Command jacobian_command(CLI::App& app);
Command figure_command(CLI::App& app);
Command replay_command(CLI::App& app);
Command reference_command(CLI::App& app); ///< `app` lives as long as the command

} // namespace attnscope::cli
