#include "cli/reference.h"

#include "cli/panel_source.h"
#include "state/commands.h"

#include <attnscope/figure.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>

namespace attnscope::cli {
namespace {

constexpr const char* common_group = "Common";

bool is_word(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
}

/// The words of auto|cpu|cuda|cuda:N; N alone has none.
std::vector<std::string> words_of(const std::string& type) {
    std::vector<std::string> words;
    std::istringstream parts(type);
    for (std::string part; std::getline(parts, part, '|');)
        if (is_word(part)) words.push_back(part);
    return words;
}

/// Of options whose values are a list that something else keeps.
std::vector<std::string> kept_choices(const std::string& name) {
    std::vector<std::string> choices;
    if (name == "--panel") {
        choices = all_panels();
        choices.emplace_back("all");
    }
    if (name == "--style")
        for (const Style& style : built_in_styles()) choices.push_back(style.name);
    if (name == "--types") choices = {"svg", "pdf", "png", "csv", "json", "npz"};
    return choices;
}

OptionReference reference_of(const CLI::Option& option) {
    OptionReference out;
    for (const std::string& name : option.get_lnames()) out.names.push_back("--" + name);
    out.positional = option.get_positional();
    if (out.names.empty()) out.names.push_back(option.get_name(true));
    const bool flag = option.get_items_expected_max() == 0;
    out.type = flag ? "" : option.get_type_name();
    out.help = option.get_description();
    out.choices = kept_choices(out.names.front());
    if (out.choices.empty()) out.choices = words_of(out.type);
    static constexpr std::array window_files{"--session", "--run", "--screenshot"};
    out.file = out.positional || out.type == "F" || out.type == "F[:KEY]" ||
               std::ranges::find(window_files, out.names.front()) != window_files.end();
    out.folder = out.type == "DIR";
    return out;
}

CommandReference reference_of(const CLI::App& app) {
    CommandReference out{app.get_name(), app.get_description(), {}};
    for (const CLI::Option* const option : app.get_options())
        if (option->get_group() != common_group && !option->check_lname("help") && !option->check_lname("version"))
            out.options.push_back(reference_of(*option));
    return out;
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
        text.replace(at, what.size(), with);
    return text;
}

std::string joined(const std::vector<std::string>& parts, const char* between) {
    std::string text;
    for (const std::string& part : parts) text += (text.empty() ? "" : between) + part;
    return text;
}

// ------------------------------------------------------------------ man page
/// Text of a man page: a dash is no hyphen, a backslash no escape, a dot at the start of a line no request.
std::string roff(const std::string& text) {
    const std::string safe = replaced(replaced(text, "\\", "\\\\"), "-", "\\-");
    return safe.starts_with('.') || safe.starts_with('\'') ? "\\&" + safe : safe;
}

std::string man_option(const OptionReference& option) {
    std::string text = ".TP\n\\fB" + roff(joined(option.names, ", ")) + "\\fR";
    if (!option.type.empty() && !option.positional) text += " \\fI" + roff(option.type) + "\\fR";
    text += "\n" + roff(option.help) + ".\n";
    if (!option.choices.empty() && words_of(option.type).empty())
        text += "One of " + roff(joined(option.choices, ", ")) + ".\n";
    return text;
}

constexpr const char* man_description =
    R"(Without a command it opens a window in which a bank of memories or a model is loaded and \(*b, the step and the mode are turned while every picture follows.
Each analysis is also a command that needs no display and writes its result as JSON to standard output.
)";
constexpr const char* man_end = R"(.SH EXIT STATUS
.TP
.B 0
Done.
.TP
.B 2
Wrong usage.
.TP
.B 3
An input could not be used.
.TP
.B 4
The device, the memory or the disk did not suffice.
.TP
.B 70
An error of the program itself.
.TP
.B 130
Cancelled.
.PP
An error is one line on standard error and leaves no partial output file.
.SH ENVIRONMENT
.TP
.B ATTNSCOPE_CACHE
Folder of the sample models and the sample bank; otherwise
.I $XDG_CACHE_HOME/attnscope
or
.IR ~/.cache/attnscope .
.SH EXAMPLES
.nf
attnscope bank wordnet \-\-encoder all\-MiniLM\-L6\-v2 \-\-limit 20000 \-\-out glosses.safetensors
attnscope retrieval \-\-bank glosses.safetensors \-\-rows 0,5,9 \-\-beta 5,20,50 \-\-out traces.json
attnscope replay traces.json
.fi
)";

// ------------------------------------------------------------------ shells
/// Every option of every command once, where all that know it agree on its values.
std::vector<OptionReference> distinct_options(const ProgramReference& program) {
    std::vector<OptionReference> distinct;
    const auto add = [&](const std::vector<OptionReference>& options) {
        for (const OptionReference& option : options) {
            if (option.positional) continue;
            const auto known = std::ranges::find(distinct, option.names, &OptionReference::names);
            if (known == distinct.end())
                distinct.push_back(option);
            else if (known->choices.empty())
                *known = option;
        }
    };
    add(program.window.options);
    add(program.common);
    for (const CommandReference& command : program.commands) add(command.options);
    return distinct;
}

std::string all_names(const std::vector<OptionReference>& options) {
    std::vector<std::string> names;
    for (const OptionReference& option : options)
        if (!option.positional) names.insert(names.end(), option.names.begin(), option.names.end());
    return joined(names, " ");
}

std::string command_names(const ProgramReference& program) {
    std::vector<std::string> names;
    for (const CommandReference& command : program.commands) names.push_back(command.name);
    return joined(names, " ");
}

std::string zsh_text(const std::string& text) {
    std::string safe;
    for (const char c : text) {
        if (c == '\'') {
            safe += "'\\''";
            continue;
        }
        if (c == '[' || c == ']' || c == ':' || c == '\\') safe += '\\';
        safe += c;
    }
    return safe;
}

std::string zsh_option(const OptionReference& option, const std::string& name) {
    std::string text = "'" + name + "[" + zsh_text(option.help) + "]";
    if (option.is_flag()) return text + "'";
    if (!option.choices.empty()) return text + ":value:(" + joined(option.choices, " ") + ")'";
    return text + (option.folder ? ":folder:_files -/" : option.file ? ":file:_files" : ":value:") + "'";
}

std::string zsh_options(const std::vector<OptionReference>& options, const std::string& indent) {
    std::string text;
    bool files = false;
    for (const OptionReference& option : options) {
        files |= option.positional;
        if (option.positional) continue;
        for (const std::string& name : option.names) text += " \\\n" + indent + zsh_option(option, name);
    }
    if (files) text += " \\\n" + indent + "'*:file:_files'";
    return text;
}

std::string fish_options(const std::vector<OptionReference>& options, const std::string& condition) {
    std::string text;
    for (const OptionReference& option : options) {
        if (option.positional) continue;
        for (const std::string& name : option.names) {
            text += "complete -c attnscope" + condition + " -l " + name.substr(2);
            if (!option.is_flag()) text += option.file || option.folder ? " -r" : " -x";
            if (!option.choices.empty()) text += " -a '" + joined(option.choices, " ") + "'";
            text += " -d '" + replaced(option.help, "'", "\\'") + "'\n";
        }
    }
    return text;
}

// ------------------------------------------------------------------ tables
std::string cell(const std::string& text) {
    return replaced(text, "|", "\\|");
}

std::string table_of(const std::vector<OptionReference>& options) {
    std::string text = "| option | does |\n|---|---|\n";
    for (const OptionReference& option : options) {
        std::string names;
        for (const std::string& name : option.names) names += (names.empty() ? "" : ", ") + ("`" + name);
        if (!option.type.empty() && !option.positional) names += " " + option.type;
        text += "| " + cell(names) + "` | " + cell(option.help);
        if (!option.choices.empty() && words_of(option.type).empty()) text += ": " + cell(joined(option.choices, ", "));
        text += " |\n";
    }
    return text;
}

std::string argument_text(const ui::Parameter& parameter) {
    static constexpr std::array types{"true or false", "integer", "number", "text", "list of numbers"};
    std::string text = "`" + parameter.name + "` ";
    text +=
        parameter.choices.empty() ? types[static_cast<std::size_t>(parameter.type)] : joined(parameter.choices, ", ");
    if (!parameter.help.empty()) text += ": " + parameter.help;
    return text;
}

} // namespace

ProgramReference program_reference(const CLI::App& app) {
    ProgramReference program;
    program.window = reference_of(app);
    program.window.name.clear();
    for (const CLI::Option* const option : app.get_options())
        if (option->get_group() == common_group || option->check_lname("help"))
            program.common.push_back(reference_of(*option));
    for (const CLI::App* const command : app.get_subcommands([](const CLI::App*) { return true; }))
        program.commands.push_back(reference_of(*command));
    return program;
}

std::string man_page(const ProgramReference& program) {
    std::string text = ".TH ATTNSCOPE 1 \"\" \"attnscope " ATTNSCOPE_VERSION "\" \"User Commands\"\n"
                       ".SH NAME\nattnscope \\- see what softmax attention and dense retrieval do\n"
                       ".SH SYNOPSIS\n.B attnscope\n.RI [ OPTIONS \"] [\" FILE ...]\n.br\n"
                       ".B attnscope\n.I COMMAND\n.RI [ OPTIONS ]\n.SH DESCRIPTION\n";
    text += man_description;
    text += ".SH OPTIONS OF THE WINDOW\n";
    for (const OptionReference& option : program.window.options) text += man_option(option);
    text += ".SH OPTIONS OF EVERY COMMAND\n";
    for (const OptionReference& option : program.common) text += man_option(option);
    text += ".SH COMMANDS\n";
    for (const CommandReference& command : program.commands) {
        text += ".SS " + command.name + "\n" + roff(command.help) + ".\n";
        for (const OptionReference& option : command.options) text += man_option(option);
    }
    return text + man_end;
}

std::string bash_completion(const ProgramReference& program) {
    std::string text = "# bash completion for attnscope; made by `attnscope reference bash`\n\n"
                       "_attnscope() {\n"
                       "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
                       "    local commands='" +
                       command_names(program) + "'\n    local common='" + all_names(program.common) +
                       "'\n    local command='' word options\n"
                       "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
                       "        case \" $commands \" in *\" $word \"*) command=$word; break ;; esac\n"
                       "    done\n\n    case $previous in\n";
    std::string files, folders, values;
    for (const OptionReference& option : distinct_options(program)) {
        const std::string names = joined(option.names, " | ");
        if (!option.choices.empty())
            text += "    " + names + ") COMPREPLY=($(compgen -W '" + joined(option.choices, " ") +
                    "' -- \"$current\")); return ;;\n";
        else if (!option.is_flag()) {
            std::string& kind = option.folder ? folders : option.file ? files : values;
            kind += (kind.empty() ? "" : " | ") + names;
        }
    }
    text += "    " + folders + ") COMPREPLY=($(compgen -d -- \"$current\")); return ;;\n";
    text += "    " + files + ") COMPREPLY=($(compgen -f -- \"$current\")); return ;;\n";
    text += "    " + values + ") return ;;\n    esac\n\n    case $command in\n";
    text += "    '') options=\"--version " + all_names(program.window.options) + " $common\" ;;\n";
    for (const CommandReference& command : program.commands)
        text += "    " + command.name + ") options=\"" + all_names(command.options) + " $common\" ;;\n";
    text += "    esac\n"
            "    if [[ $current == -* ]]; then\n"
            "        COMPREPLY=($(compgen -W \"$options\" -- \"$current\"))\n"
            "    elif [[ -z $command ]]; then\n"
            "        COMPREPLY=($(compgen -W \"$commands\" -- \"$current\") $(compgen -f -- \"$current\"))\n"
            "    else\n"
            "        COMPREPLY=($(compgen -f -- \"$current\"))\n"
            "    fi\n}\ncomplete -o filenames -F _attnscope attnscope\n";
    return text;
}

std::string zsh_completion(const ProgramReference& program) {
    std::string text = "#compdef attnscope\n# made by `attnscope reference zsh`\n\n_attnscope() {\n"
                       "    local -a common commands\n    common=(\n";
    for (const OptionReference& option : program.common)
        for (const std::string& name : option.names) text += "        " + zsh_option(option, name) + "\n";
    text += "    )\n    commands=(\n";
    for (const CommandReference& command : program.commands)
        text += "        '" + command.name + ":" + zsh_text(command.help) + "'\n";
    text += "    )\n    local curcontext=$curcontext line state\n    _arguments -C $common \\\n"
            "        '(- *)--version[print the version]'";
    std::vector<OptionReference> window = program.window.options;
    std::erase_if(window, [](const OptionReference& option) { return option.positional; });
    text += zsh_options(window, "        ");
    text += " \\\n        '1: :->first' '*:: :->rest'\n    case $state in\n"
            "    first) _describe command commands; _files ;;\n    rest)\n        case $line[1] in\n";
    for (const CommandReference& command : program.commands)
        text += "        " + command.name + ")\n            _arguments $common" +
                zsh_options(command.options, "                ") + " ;;\n";
    return text + "        esac ;;\n    esac\n}\n\n_attnscope \"$@\"\n";
}

std::string fish_completion(const ProgramReference& program) {
    const std::string none = " -n \"not __fish_seen_subcommand_from $commands\"";
    std::string text = "# fish completion for attnscope; made by `attnscope reference fish`\n\nset -l commands " +
                       command_names(program) + "\n";
    for (const CommandReference& command : program.commands)
        text += "complete -c attnscope" + none + " -a " + command.name + " -d '" + replaced(command.help, "'", "\\'") +
                "'\n";
    text += "complete -c attnscope" + none + " -l version -d 'print the version'\n";
    text += fish_options(program.window.options, none) + "\n" + fish_options(program.common, "");
    for (const CommandReference& command : program.commands)
        text += "\n" + fish_options(command.options, " -n '__fish_seen_subcommand_from " + command.name + "'");
    return text;
}

std::string options_table(const ProgramReference& program) {
    std::string text = "# Options of every command\n\nMade by `attnscope reference options` from what the program "
                       "accepts. What an analysis computes and how to read it: [command_line.md](command_line.md). A "
                       "value in brackets is the default.\n\n## Every command\n\n" +
                       table_of(program.common);
    for (const CommandReference& command : program.commands) {
        text += "\n## " + command.name + "\n\n" + command.help + "\n\n";
        if (!command.options.empty()) text += table_of(command.options);
    }
    return text + "\n## The window\n\n" + table_of(program.window.options);
}

std::string commands_table() {
    std::string text =
        "# Commands of the window\n\nMade by `attnscope reference commands` from the registry: what menus, "
        "the palette and [scripts](window.md#scripts) give. *view* commands set what is shown and may "
        "stand in a session's history; *world* commands open, write or run something, and only you give "
        "them.\n\n| command | does | arguments | |\n|---|---|---|---|\n";
    const ui::CommandRegistry registry = ui::make_commands();
    for (const ui::CommandSpec& spec : registry.all()) {
        std::vector<std::string> arguments;
        for (const ui::Parameter& parameter : spec.parameters) arguments.push_back(argument_text(parameter));
        text += "| `" + spec.id + "` | " + cell(spec.title) +
                (spec.shortcut.empty() ? "" : " (" + spec.shortcut + ")") + " | " + cell(joined(arguments, "; ")) +
                " | " + (spec.kind == ui::CommandKind::view ? "view" : "world") + " |\n";
    }
    return text;
}

} // namespace attnscope::cli
