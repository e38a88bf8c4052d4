// The options that say which model and which tokens; shared by the commands that run one.
#pragma once

#include "cli/common_options.h"

#include <attnscope/model_recipe.h>

#include <filesystem>
#include <string>

namespace attnscope::cli {

/// What was given on the command line.
struct ModelOptions {
    std::filesystem::path model, ids, text;
    std::string prompt;
    bool prompt_given = false;
    bool chat = false;
};

/// --model --ids --text --prompt
void add_model_options(CLI::App& app, ModelOptions& options, bool model_required = true);
/// --chat: texts are messages to the model.
CLI::Option* add_chat(CLI::App& app, bool& chat);
/// The one source of tokens that was given. Throws Error{usage}: none, or several; ids as a message.
TokenSource token_source(const ModelOptions& options, const char* command);

/// --layers a:b, both inclusive and counted from 0; a alone, or either end left out. `last` −1 is the last there is.
CLI::Option* add_layers(CLI::App& app, int& first, int& last);

} // namespace attnscope::cli
