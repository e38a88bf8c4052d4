#include "cli/command_line.h"

#include "cli/commands.h"
#include "cli/huge_pages.h"
#include "cli/output_files.h"
#include "cli/process_guards.h"
#include "gui/window.h"

#include <attnscope/failure.h>

#include <cstdio>
#include <new>
#include <string>
#include <vector>

namespace attnscope::cli {
namespace {

/// One line on standard error; the exit status.
int report(const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return exit_status(error.kind);
}

/// What CLI11 found wrong, as one of our errors.
Error usage_error(const CLI::ParseError& error, const CLI::App& app) {
    std::string command = "attnscope";
    const auto chosen = app.get_subcommands();
    if (!chosen.empty()) command += " " + chosen.front()->get_name();
    if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
        const std::vector<std::string> extras = app.remaining(true);
        return {ErrorKind::usage, command, "its options and arguments (see --help)",
                extras.empty() ? "others" : extras.front()};
    }
    const std::string said = error.what();
    if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
        return {ErrorKind::usage, command, said.substr(0, said.find(' ')), "nothing", "see --help"};
    }
    if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
        const bool missing = said.find("missing") != std::string::npos;
        return {ErrorKind::usage, said.substr(0, said.find(':')), "one value", missing ? "none" : "several"};
    }
    return {ErrorKind::usage, command, "", said, "see --help"};
}

void add_window_options(CLI::App& app, WindowOptions& window, std::string& size) {
    app.add_option_function<std::vector<std::string>>(
           "FILE",
           [&window](const std::vector<std::string>& files) { window.files.assign(files.begin(), files.end()); },
           "banks, encoders, texts, results or figures to open")
        ->type_name("");
    const std::string group = "Window";
    add_path(app, "--session", window.session, "session to open")->group(group);
    add_path(app, "--run", window.run, "command script (JSON) to execute in the window")->group(group);
    add_path(app, "--screenshot", window.screenshot, "write the window as PNG once nothing computes, then end")
        ->group(group);
    add_value(app, "--size", "WxH", "size of the window (1600x1000)", [&size](const std::string& text) {
        size = text;
    })->group(group);
    add_value(app, "--theme", "dark|light", "colours of the window", [&window](const std::string& text) {
        if (text != "dark" && text != "light") {
            throw Error(ErrorKind::usage, "--theme", "dark or light", text);
        }
        window.theme = text;
    })->group(group);
    app.add_flag("--no-sample", window.no_sample, "open without the sample bank")->group(group);
}

void read_size(const std::string& text, WindowOptions& window) {
    if (text.empty()) return;
    const std::size_t cross = text.find('x');
    constexpr int smallest = 320, largest = 16384;
    if (cross == std::string::npos) throw Error(ErrorKind::usage, "--size", "a size as in 1600x1000", text);
    window.width = static_cast<int>(parse_whole("--size", text.substr(0, cross), smallest, largest));
    window.height = static_cast<int>(parse_whole("--size", text.substr(cross + 1), smallest, largest));
}

int run_command(const Command& command, const CommonOptions& options) {
    Interrupt interrupt;
    try {
        Context context(options, interrupt);
        context.add_inputs(given_inputs(command));
        for (const OutputFile& file : output_files(command, options)) {
            context.add_output(file.option, file.path, file.always);
        }
        command.run(context);
        return 0;
    } catch (const Cancelled&) {
        end_cancelled();
    }
}

int parse_and_run(int argc, char** argv) {
    CLI::App app("See what softmax attention and dense retrieval do: a window, and the same analyses without one.",
                 "attnscope");
    app.set_version_flag("--version", "attnscope " ATTNSCOPE_VERSION);
    app.set_help_flag("--help,-h", "print this help and end");
    app.get_formatter()->column_width(34);
    app.require_subcommand(0, 1);
    CommonOptions options;
    WindowOptions window;
    std::string size;
    add_window_options(app, window, size);
    add_common_options(app, options);

    const std::vector<Command> commands{inspect_command(app),   tokenize_command(app),  embed_command(app),
                                        bank_command(app),      retrieval_command(app), logits_command(app),
                                        attention_command(app), cv_command(app),        align_command(app),
                                        jacobian_command(app),  residual_command(app),  figure_command(app),
                                        replay_command(app),    reference_command(app)};
    for (const Command& command : commands) add_common_options(*command.app, options);

    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& success) { // --help, --version
        return app.exit(success);
    } catch (const CLI::ParseError& error) {
        throw usage_error(error, app);
    }
    for (const Command& command : commands) {
        if (!command.app->parsed()) continue;
        if (command.large) ask_for_huge_pages(argv);
        return run_command(command, options);
    }
    for (const std::filesystem::path& file : window.files) {
        std::error_code failure;
        if (!std::filesystem::exists(file, failure)) {
            throw Error(ErrorKind::input, file.string(), "a file to open, or a command (see --help)", "neither");
        }
    }
    read_size(size, window);
    window.threads = options.threads;
    window.device = options.device;
    return run_window(window);
}

} // namespace

int run(int argc, char** argv) {
    forget_huge_pages();
    install_process_guards();
    try {
        return parse_and_run(argc, argv);
    } catch (const Error& error) {
        return report(error);
    } catch (const std::bad_alloc&) {
        return report_no_memory();
    } catch (...) {
        try {
            return report(current_failure("program"));
        } catch (const std::bad_alloc&) {
            return report_no_memory();
        }
    }
}

} // namespace attnscope::cli
