#include "cli/output_files.h"

#include "files/file_sets.h"

#include <algorithm>

namespace attnscope::cli {
namespace {

namespace fs = std::filesystem;

bool writes(const Command& command, const CLI::Option& option) {
    return option.check_lname("out") || std::any_of(command.writes.begin(), command.writes.end(),
                                                    [&](const char* name) { return option.check_name(name); });
}

/// Options that read a file say so with their type; the style of a figure is a name or a file.
bool reads(const CLI::Option& option) {
    const std::string type = option.get_type_name();
    return type == "F" || type == "F[:KEY]" || type.empty() || option.check_name("--style");
}

/// Every part of F:KEY that is a file, as a colon may be in the name.
void add_existing(const std::string& value, std::vector<fs::path>& files) {
    std::error_code failure;
    for (std::size_t end = value.size(); end != std::string::npos && end > 0; end = value.rfind(':', end - 1)) {
        const fs::path path = value.substr(0, end);
        if (fs::exists(path, failure)) files.push_back(path);
    }
}

} // namespace

std::vector<OutputFile> output_files(const Command& command, const CommonOptions& options) {
    std::vector<OutputFile> files;
    const auto add = [&files](const std::string& option, const fs::path& path) { files.push_back({option, path}); };
    if (!options.out.empty() && !command.decides_out) {
        add("--out", options.out);
        fs::path partial = options.out;
        files.push_back({"--out", partial += ".partial", false});
    }
    for (const char* const name : command.writes) {
        const CLI::Option* const option = command.app->get_option_no_throw(name);
        if (option == nullptr) continue;
        for (const std::string& value : option->results()) {
            add(name, value);
            if (std::string_view(name) == "--write-grams") add(name, written_directions(value));
        }
    }
    return files;
}

std::vector<fs::path> given_inputs(const Command& command) {
    std::vector<fs::path> files;
    for (const CLI::Option* const option : command.app->get_options()) {
        if (option->count() == 0 || writes(command, *option) || !reads(*option)) continue;
        for (const std::string& value : option->results()) add_existing(value, files);
    }
    return files;
}

} // namespace attnscope::cli
