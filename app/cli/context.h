// What a command has at hand while it runs.
#pragma once

#include "cli/common_options.h"
#include "cli/interrupt.h"
#include "cli/progress_printer.h"

#include <attnscope/recipe.h>

#include <chrono>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace attnscope::cli {

class Context {
public:
    Context(const CommonOptions& options, Interrupt& interrupt);

    const CommonOptions& options() const { return options_; }
    JobContext& job() { return *job_; }
    /// A context for a job that streams: with these options it stops, and says how far it is, as the command's own
    /// does.
    JobContext streaming(JobContext::Options options);
    /// Computes from now on with the seed of a recipe, and on its device unless --device was given. A recipe from
    /// another machine may name a device that is not here: then on the one that is.
    void compute_as(const Recipe& recipe);
    /// The same for a session, whose seed counts unless --seed was given; no device = that of the command.
    void compute_as(const std::optional<Device>& device, std::uint64_t seed);
    double seconds() const; ///< since the command began

    /// Where the command computes, as a recipe says it: cpu or cuda:N. Throws Error{resource} for a device that is not
    /// there. Loads the compute module unless the CPU was asked for.
    std::string device_name();
    /// Throws Error{usage} unless --format is one of these.
    void require_format(std::initializer_list<Format> formats, const char* command) const;

    /// Says before anything is computed that `path` will be written, as `option` asks, `always` or under conditions.
    /// Throws Error{resource} where what is always written cannot be, Error{usage} where it is an input or another
    /// output.
    void add_output(const std::string& option, const std::filesystem::path& path, bool always = true);
    /// Throws Error{usage} where writing `path` would overwrite an input.
    void refuse_input(const std::string& option, const std::filesystem::path& path) const;
    /// Says what is read. Throws Error{usage} where one of them will be written.
    void add_inputs(const std::vector<std::filesystem::path>& paths);

    /// The result: to --out, or to standard output. Throws Error{resource} when it cannot be written.
    void deliver(std::string_view bytes);
    /// The result in its envelope.
    void deliver_json(const std::string& schema, const Recipe& recipe, const std::string& result,
                      const std::vector<Warning>& warnings);
    /// A line on standard error, unless --quiet.
    void note(const std::string& line);
    void note(const std::vector<Warning>& warnings);
    /// Held while the command itself writes files.
    std::unique_lock<std::mutex> writing() { return interrupt_.writing(); }

private:
    std::unique_ptr<JobContext> make_job(const Device& device, std::uint64_t seed);

    struct Output {
        std::string option;
        std::filesystem::path path;
    };

    const CommonOptions& options_;
    Interrupt& interrupt_;
    std::vector<Output> outputs_;
    std::vector<std::filesystem::path> inputs_;
    ProgressPrinter progress_;
    ThreadPool pool_;
    std::unique_ptr<JobContext> job_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

} // namespace attnscope::cli
