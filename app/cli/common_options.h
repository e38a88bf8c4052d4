// The options every command takes, and how values are read from the command line.
#pragma once

#include <attnscope/job.h>

#include <CLI/CLI.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace attnscope::cli {

enum class Format { json, csv, text, npz };
const char* format_name(Format format) noexcept;

enum class ProgressStyle { automatic, plain, json, none };

struct CommonOptions {
    std::filesystem::path out; ///< empty = standard output
    Format format = Format::json;
    bool format_given = false;
    Device device;
    bool device_given = false;
    int threads = 0;
    std::uint64_t seed = 0;
    bool seed_given = false;
    ProgressStyle progress = ProgressStyle::automatic;
    bool quiet = false;
};

/// They may stand before or after the command's name.
void add_common_options(CLI::App& app, CommonOptions& options);

// Values. All throw Error{usage} naming the option.
double parse_number(const std::string& option, const std::string& text);
std::int64_t parse_whole(const std::string& option, const std::string& text, std::int64_t minimum,
                         std::int64_t maximum);
std::vector<std::string> parse_list(const std::string& option, const std::string& text); ///< 1,2,4
std::vector<std::size_t> parse_rows(const std::string& option, const std::string& text);

// Options whose value is read by the functions above.
CLI::Option* add_whole(CLI::App& app, const std::string& option, int& value, int minimum, const std::string& help);
CLI::Option* add_count(CLI::App& app, const std::string& option, std::size_t& value, const std::string& help);
CLI::Option* add_path(CLI::App& app, const std::string& option, std::filesystem::path& value, const std::string& help);
/// An option that `read` takes as it is.
CLI::Option* add_value(CLI::App& app, const std::string& option, const std::string& type, const std::string& help,
                       std::function<void(const std::string&)> read);

} // namespace attnscope::cli
