#include "cli/jacobian_experiment.h"
#include "analyses/jacobian/describe.h"
#include "cli/field_options.h"
#include "cli/partial_result.h"
#include "files/file_sets.h"

#include <attnscope/tensor_file.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

namespace attnscope::cli {
namespace fs = std::filesystem;

namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* schema = "attnscope.jacobian/1";
/// Between two checkpoints: ten megabytes a run are written and flushed.
constexpr auto checkpoint_interval = std::chrono::seconds(3);

/// Training so far.
class Checkpoint final : public PartialResult {
public:
    Checkpoint(const JacobianExperimentJob& job, Context& context)
        : PartialResult(context), recipe_(jacobian_experiment_recipe(job)),
          size_(jacobian::char_gpt_size(
              jacobian::char_gpt_parts(job.request.shape, job.request.text->vocabulary.size()))) {
        recipe_.device = "cpu";
    }

    /// What an interrupted run of the same recipe left; null when there is none.
    jacobian::ExperimentPtr take_up() {
        return PartialResult::take_up<jacobian::Experiment>([this](const fs::path& path) -> Left<jacobian::Experiment> {
            const jacobian::ExperimentPtr left = read_jacobian_checkpoint(path, recipe_);
            if (!left || !std::ranges::all_of(left->runs, [this](const auto& run) { return usable(*run); })) return {};
            return {left, updates(*left)};
        });
    }

    void keep(const jacobian::Experiment& experiment) {
        const bool over = experiment.finished() == experiment.runs.size();
        if (over || Clock::now() < last_ + checkpoint_interval) return;
        PartialResult::keep(updates(experiment), [&](const fs::path& path) {
            write_jacobian_checkpoint(path, recipe_, experiment);
            last_ = Clock::now();
        });
    }

    std::string left() const {
        return "training so far is kept in " + name() + "; the same command goes on from there";
    }

private:
    /// Updates that the run can be taken up at.
    static std::size_t updates(const jacobian::TrainingRun& run) {
        return run.training ? static_cast<std::size_t>(run.training->updates) : 0;
    }
    static std::size_t updates(const jacobian::Experiment& experiment) {
        std::size_t all = 0;
        for (const auto& run : experiment.runs) all += updates(*run);
        return all;
    }
    bool usable(const jacobian::TrainingRun& run) const {
        const auto fits = [this](const std::vector<float>& values) { return std::ssize(values) == size_; };
        if (!run.training || run.loss.size() < updates(run)) return !run.training && run.loss.empty();
        const TrainingState& state = *run.training;
        return fits(state.parameters) && (run.over() || (fits(state.first_moments) && fits(state.second_moments)));
    }

    Recipe recipe_;
    std::int64_t size_;
    Clock::time_point last_ = Clock::now();
};

jacobian::Experiment train(JacobianExperimentJob& job, Context& context) {
    Checkpoint checkpoint(job, context);
    job.request.from = checkpoint.take_up();
    if (checkpoint.kept() > 0)
        context.note("went on from " + checkpoint.name() + ": " + std::to_string(checkpoint.kept()) + " steps");
    JobContext::Options on_cpu;
    on_cpu.device = Device::parse("cpu");
    return compute_keeping<jacobian::Experiment>(context, checkpoint, std::move(on_cpu), [&job](JobContext& training) {
        return jacobian::compute_experiment(job.request, training);
    });
}

/// Gone again, the last one first, unless they are kept.
class NewFolders {
public:
    NewFolders() = default;
    ~NewFolders() {
        while (!made_.empty()) made_.pop_back();
    }
    NewFolders(const NewFolders&) = delete;
    NewFolders& operator=(const NewFolders&) = delete;

    void add(const fs::path& path) {
        made_.push_back(std::make_unique<NewFolder>(path));
        paths_.push_back(path);
    }
    void keep() {
        for (const auto& folder : made_) folder->keep();
    }
    const std::vector<fs::path>& paths() const { return paths_; }

private:
    std::vector<std::unique_ptr<NewFolder>> made_;
    std::vector<fs::path> paths_;
};

/// Of one run in the folder itself, of several in one each. They appear when commit() is called.
class ExportedModels {
public:
    ExportedModels(const JacobianExperimentJob& job, const jacobian::Experiment& experiment, const fs::path& folder) {
        for (const auto& run : experiment.runs) {
            const std::string name =
                std::string(choice_name(run->combination.method)) + "-" + choice_name(run->combination.gradient);
            const fs::path to = experiment.runs.size() == 1 ? folder : folder / name;
            folders_.add(to);
            jacobian::add_char_gpt(files_, job.request, *run, to);
        }
        files_.flush();
    }
    void commit(Context& context) {
        {
            const auto writing = context.writing();
            files_.commit();
            folders_.keep();
        }
        for (const fs::path& path : folders_.paths()) context.note("wrote " + path.string());
    }

private:
    NewFolders folders_; // outlive the files in them
    FileSet files_;
};

void deliver_training(const JacobianExperimentJob& job, const jacobian::Experiment& experiment,
                      const std::vector<Warning>& warnings, Context& context) {
    if (context.options().format == Format::json) {
        return context.deliver_json(schema, jacobian_experiment_recipe(job), jacobian_experiment_json(experiment),
                                    warnings);
    }
    context.note(warnings);
    switch (context.options().format) {
    case Format::csv: return context.deliver(jacobian_experiment_csv(experiment));
    case Format::npz: return context.deliver(jacobian_experiment_npz(experiment));
    default: return context.deliver(jacobian_experiment_text(experiment));
    }
}

} // namespace

void add_jacobian_experiment_options(CLI::App& app, JacobianExperimentOptions& options) {
    const std::string group = "Experiment";
    jacobian::ExperimentRequest& request = options.request;
    app.add_flag("--experiment", options.wanted, "train a character model on the text and measure its heads on the way")
        ->group(group);
    const auto given = [&options] { options.any_given = true; };
    Fields runs;
    FieldCollector field(runs);
    field(options.methods, {.name = "method", .help = "how errors go back, one or several as in bp,fa"});
    field(options.gradients, {.name = "softmax_grad", .help = "gradient of the softmax, one or several"});
    add_fields(app, std::move(runs), group, {}, given);
    add_fields(app, fields_of(request), group, {}, given);
    add_path(app, "--export", options.folder,
             "also write the trained model as a Hugging Face folder (several: a folder each)")
        ->type_name("DIR")
        ->group(group)
        ->each([given](const std::string&) { given(); });
}

JacobianExperimentJob jacobian_experiment_inputs(const JacobianExperimentOptions& options, const fs::path& text,
                                                 const CommonOptions& common) {
    if (common.device.kind == Device::Kind::cuda) {
        throw Error(ErrorKind::usage, "--device", "cpu for the experiment", common.device.name());
    }
    if (text.empty()) throw Error(ErrorKind::usage, "--experiment", "--text F to train on", "none");
    JacobianExperimentJob job;
    job.text = text;
    job.request = options.request;
    job.request.combinations.clear();
    for (const jacobian::Method method : options.methods) {
        for (const jacobian::SoftmaxGradient gradient : options.gradients) {
            job.request.combinations.push_back({method, gradient});
        }
    }
    if (common.seed_given) job.request.seed = common.seed;
    return job;
}

void run_jacobian_experiment(const JacobianExperimentOptions& options, const fs::path& text, Context& context) {
    JacobianExperimentJob job = jacobian_experiment_inputs(options, text, context.options());
    if (!options.folder.empty()) check_can_write_into(options.folder);
    std::vector<Warning> warnings;
    load_inputs(job, context.job(), warnings);
    const jacobian::Experiment experiment = train(job, context);
    for (Warning& warning : jacobian_experiment_warnings(experiment)) warnings.push_back(std::move(warning));
    std::optional<ExportedModels> exported;
    if (!options.folder.empty()) exported.emplace(job, experiment, options.folder);
    deliver_training(job, experiment, warnings, context);
    if (exported) exported->commit(context);
}

} // namespace attnscope::cli
