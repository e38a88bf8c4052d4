// attnscope reference: the manual, completions and tables, as the build installs them and docs/ has them.
#include "cli/commands.h"
#include "cli/reference.h"

#include <memory>
#include <string>

namespace attnscope::cli {

Command reference_command(CLI::App& app) {
    const auto kind = std::make_shared<std::string>();
    CLI::App* const command =
        app.add_subcommand("reference", "the man page, completions of shells, and tables of options and commands");
    command->add_option("KIND", *kind, "man, bash, zsh, fish, options or commands")->required()->type_name("");
    const auto run = [kind, &app](Context& context) {
        if (*kind == "commands") return context.deliver(commands_table());
        const ProgramReference program = program_reference(app);
        if (*kind == "man") return context.deliver(man_page(program));
        if (*kind == "bash") return context.deliver(bash_completion(program));
        if (*kind == "zsh") return context.deliver(zsh_completion(program));
        if (*kind == "fish") return context.deliver(fish_completion(program));
        if (*kind == "options") return context.deliver(options_table(program));
        throw Error(ErrorKind::usage, "attnscope reference", "man, bash, zsh, fish, options or commands", *kind);
    };
    return {.app = command, .run = run};
}

} // namespace attnscope::cli
