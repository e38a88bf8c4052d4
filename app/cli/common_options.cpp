#include "cli/common_options.h"

#include "base/text_list.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

namespace attnscope::cli {
namespace {

constexpr std::array<std::pair<const char*, Format>, 4> formats{
    {{"json", Format::json}, {"csv", Format::csv}, {"text", Format::text}, {"npz", Format::npz}}};
constexpr std::array<std::pair<const char*, ProgressStyle>, 4> progress_styles{{{"auto", ProgressStyle::automatic},
                                                                                {"plain", ProgressStyle::plain},
                                                                                {"json", ProgressStyle::json},
                                                                                {"none", ProgressStyle::none}}};
constexpr int most_threads = 1024;

template <class Value, std::size_t size>
Value choose(const std::string& option, const std::array<std::pair<const char*, Value>, size>& choices,
             const std::string& text) {
    std::string names;
    for (const auto& [name, value] : choices) {
        if (text == name) return value;
        add_to_list(names, name);
    }
    throw Error(ErrorKind::usage, option, "one of " + names, text);
}

} // namespace

const char* format_name(Format format) noexcept {
    for (const auto& [name, value] : formats) {
        if (value == format) return name;
    }
    return "";
}

double parse_number(const std::string& option, const std::string& text) {
    double value = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, failure] = std::from_chars(text.data(), end, value);
    if (failure != std::errc{} || stopped != end || !std::isfinite(value)) {
        throw Error(ErrorKind::usage, option, "a number", text.empty() ? "nothing" : text);
    }
    return value;
}

std::int64_t parse_whole(const std::string& option, const std::string& text, std::int64_t minimum,
                         std::int64_t maximum) {
    std::int64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, failure] = std::from_chars(text.data(), end, value);
    if (failure != std::errc{} || stopped != end || value < minimum || value > maximum) {
        const bool bounded = maximum < std::numeric_limits<std::int64_t>::max();
        throw Error(ErrorKind::usage, option,
                    "a whole number of at least " + std::to_string(minimum) +
                        (bounded ? " and at most " + std::to_string(maximum) : ""),
                    text.empty() ? "nothing" : text);
    }
    return value;
}

std::vector<std::string> parse_list(const std::string& option, const std::string& text) {
    std::vector<std::string> items;
    std::size_t begin = 0;
    for (;;) {
        const std::size_t comma = text.find(',', begin);
        items.push_back(text.substr(begin, comma == std::string::npos ? comma : comma - begin));
        if (items.back().empty()) {
            throw Error(ErrorKind::usage, option, "a list as in 1,2,4", text.empty() ? "nothing" : text);
        }
        if (comma == std::string::npos) return items;
        begin = comma + 1;
    }
}

std::vector<std::size_t> parse_rows(const std::string& option, const std::string& text) {
    std::vector<std::size_t> rows;
    for (const std::string& item : parse_list(option, text)) {
        rows.push_back(
            static_cast<std::size_t>(parse_whole(option, item, 0, std::numeric_limits<std::int64_t>::max())));
    }
    return rows;
}

CLI::Option* add_value(CLI::App& app, const std::string& option, const std::string& type, const std::string& help,
                       std::function<void(const std::string&)> read) {
    return app.add_option_function<std::string>(option, std::move(read), help)->type_name(type);
}

CLI::Option* add_whole(CLI::App& app, const std::string& option, int& value, int minimum, const std::string& help) {
    return add_value(app, option, "N", help, [option, &value, minimum](const std::string& text) {
        value = static_cast<int>(parse_whole(option, text, minimum, std::numeric_limits<int>::max()));
    });
}

CLI::Option* add_count(CLI::App& app, const std::string& option, std::size_t& value, const std::string& help) {
    return add_value(app, option, "N", help, [option, &value](const std::string& text) {
        value = static_cast<std::size_t>(parse_whole(option, text, 0, std::numeric_limits<std::int64_t>::max()));
    });
}

CLI::Option* add_path(CLI::App& app, const std::string& option, std::filesystem::path& value, const std::string& help) {
    return add_value(app, option, "F", help, [option, &value](const std::string& text) {
        if (text.empty()) throw Error(ErrorKind::usage, option, "a file", "nothing");
        value = text;
    });
}

void add_common_options(CLI::App& app, CommonOptions& options) {
    const std::string group = "Common";
    const auto add = [&](const char* option, const char* type, const char* help,
                         std::function<void(const std::string&)> read) {
        add_value(app, option, type, help, std::move(read))->group(group);
    };
    add_path(app, "--out", options.out, "write the result to a file")->group(group);
    add("--format", "json|csv|text|npz", "form of the result", [&options](const std::string& text) {
        options.format = choose("--format", formats, text);
        options.format_given = true;
    });
    add("--device", "auto|cpu|cuda|cuda:N", "where to compute", [&options](const std::string& text) {
        options.device = Device::parse(text);
        options.device_given = true;
    });
    add("--threads", "N", "threads to use (all cores)", [&options](const std::string& text) {
        options.threads = static_cast<int>(parse_whole("--threads", text, 1, most_threads));
    });
    add("--seed", "N", "seed of everything sampled (0; of cv --experiment 42, of jacobian --experiment 1337)",
        [&options](const std::string& text) {
            options.seed =
                static_cast<std::uint64_t>(parse_whole("--seed", text, 0, std::numeric_limits<std::int64_t>::max()));
            options.seed_given = true;
        });
    add("--progress", "auto|plain|json|none", "how progress is shown, on standard error",
        [&options](const std::string& text) { options.progress = choose("--progress", progress_styles, text); });
    app.add_flag("--quiet", options.quiet, "say nothing but errors")->group(group);
}

} // namespace attnscope::cli
