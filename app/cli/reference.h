// What the program says of itself, for other programs and for the manual: every command with its options, as a man
// page, as completions of shells and as tables.
#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace attnscope::cli {

struct OptionReference {
    std::vector<std::string> names;   ///< --centred, --centered; of an argument without a name: FILE
    std::string type, help;           ///< what stands for its value, empty for a flag; and what it does
    std::vector<std::string> choices; ///< words that the value can be; empty: anything
    bool positional = false, file = false, folder = false;
    bool is_flag() const { return type.empty() && !positional; }
};
struct CommandReference {
    std::string name, help; ///< the window's own options have no name
    std::vector<OptionReference> options;
};
struct ProgramReference {
    CommandReference window;
    std::vector<OptionReference> common; ///< that every command takes
    std::vector<CommandReference> commands;
};
ProgramReference program_reference(const CLI::App& app);

std::string man_page(const ProgramReference& program);
std::string bash_completion(const ProgramReference& program);
std::string zsh_completion(const ProgramReference& program);
std::string fish_completion(const ProgramReference& program);
std::string options_table(const ProgramReference& program); ///< Markdown
std::string commands_table();                               ///< of the window, Markdown

} // namespace attnscope::cli
