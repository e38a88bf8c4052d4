#include "cli/context.h"

#include "base/text_list.h"
#include "files/file_writer.h"
#include "files/write_check.h"

#include <attnscope/tensor_file.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include <unistd.h>

namespace attnscope::cli {
namespace {

void write_standard_output(std::string_view bytes) {
    errno = 0;
    const bool written = std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size();
    if (!written || std::fflush(stdout) != 0) {
        throw Error(ErrorKind::resource, "standard output", "space for the result", std::strerror(errno));
    }
}

} // namespace

Context::Context(const CommonOptions& options, Interrupt& interrupt)
    : options_(options), interrupt_(interrupt), progress_(options.progress, options.quiet), pool_(options.threads),
      job_(make_job(options.device, options.seed)) {}

std::unique_ptr<JobContext> Context::make_job(const Device& device, std::uint64_t seed) {
    JobContext::Options job;
    job.device = device;
    job.seed = seed;
    job.stop = interrupt_.token();
    job.on_progress = [this](const Progress& progress) { progress_.show(progress); };
    return std::make_unique<JobContext>(pool_, std::move(job));
}

JobContext Context::streaming(JobContext::Options options) {
    options.stop = job_->stop();
    options.on_progress = [this](const Progress& progress) { job_->progress(progress.fraction, 1, progress.stage); };
    return JobContext(pool_, std::move(options));
}

void Context::compute_as(const Recipe& recipe) {
    Device device = options_.device;
    if (!options_.device_given && recipe.device == "cpu") device = Device::parse("cpu");
    job_ = make_job(device, recipe.seed);
}

void Context::compute_as(const std::optional<Device>& device, std::uint64_t seed) {
    const bool on_cpu = device && device->kind == Device::Kind::cpu && !options_.device_given;
    job_ = make_job(on_cpu ? *device : options_.device, options_.seed_given ? options_.seed : seed);
}

double Context::seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

std::string Context::device_name() {
    const Device& device = job_->device();
    if (device.kind == Device::Kind::cpu) return device.name();
    const std::vector<std::string> devices = available_devices();
    if (device.kind == Device::Kind::automatic) return devices.size() > 1 ? Device::parse("cuda").name() : "cpu";
    const std::string name = device.name();
    const bool found = std::any_of(devices.begin(), devices.end(), [&](const std::string& there) {
        return there == name || there.starts_with(name + " ");
    });
    if (found) return name;
    std::string list;
    for (const std::string& other : devices) add_to_list(list, other);
    throw Error(ErrorKind::resource, "--device", "one of " + list, name);
}

void Context::require_format(std::initializer_list<Format> formats, const char* command) const {
    if (std::find(formats.begin(), formats.end(), options_.format) != formats.end()) return;
    std::string names;
    for (const Format format : formats) add_to_list(names, format_name(format));
    throw Error(ErrorKind::usage, "--format", names + " for " + command, format_name(options_.format));
}

void Context::add_output(const std::string& option, const std::filesystem::path& path, bool always) {
    if (always) check_can_write(path);
    refuse_input(option, path);
    std::error_code failure;
    const auto canonical = std::filesystem::weakly_canonical(path, failure);
    // A device takes whatever comes.
    const bool shared = std::filesystem::exists(path, failure) && !std::filesystem::is_regular_file(path, failure);
    for (const Output& other : outputs_) {
        if (shared || std::filesystem::weakly_canonical(other.path, failure) != canonical) continue;
        throw Error(ErrorKind::usage, option, "another file than " + other.option, path.string());
    }
    outputs_.push_back({option, path});
}

void Context::refuse_input(const std::string& option, const std::filesystem::path& path) const {
    refuse_overwriting(option, path, inputs_);
}

void Context::add_inputs(const std::vector<std::filesystem::path>& paths) {
    for (const Output& output : outputs_) refuse_overwriting(output.option, output.path, paths);
    inputs_.insert(inputs_.end(), paths.begin(), paths.end());
}

void Context::deliver(std::string_view bytes) {
    job_->checkpoint();
    progress_.clear();
    const auto writing = interrupt_.writing();
    if (options_.out.empty()) {
        if (options_.format == Format::npz && isatty(STDOUT_FILENO)) {
            throw Error(ErrorKind::usage, "--out", "a file for npz", "a terminal");
        }
        write_standard_output(bytes);
    } else {
        write_file(options_.out, bytes);
    }
}

void Context::deliver_json(const std::string& schema, const Recipe& recipe, const std::string& result,
                           const std::vector<Warning>& warnings) {
    deliver(envelope_json(schema, recipe, result, warnings, seconds()));
}

void Context::note(const std::string& line) {
    if (options_.quiet) return;
    progress_.clear();
    std::fprintf(stderr, "%s\n", line.c_str());
}

void Context::note(const std::vector<Warning>& warnings) {
    for (const Warning& warning : warnings) note("note: " + warning.message);
}

} // namespace attnscope::cli
