#include "cli/cv_experiment.h"
#include "analyses/cv/describe.h"
#include "cli/field_options.h"
#include "cli/partial_result.h"

#include <attnscope/partial_result.h>
#include <attnscope/tensor_file.h>

#include <utility>

namespace attnscope::cli {
namespace fs = std::filesystem;

namespace {

constexpr std::size_t most_partial_bytes = std::size_t{1} << 30;
constexpr const char* schema = "attnscope.cv/1";

/// The configurations that are over.
class FinishedConfigs final : public PartialResult {
public:
    FinishedConfigs(const CvExperimentJob& job, Context& context)
        : PartialResult(context), context_(context), recipe_(cv_experiment_recipe(job)) {
        recipe_.device = "cpu";
    }

    /// What an interrupted run of the same recipe left; null when there is none.
    cv::ExperimentPtr take_up() {
        return PartialResult::take_up<cv::Experiment>([this](const fs::path& path) -> Left<cv::Experiment> {
            const auto result = read_partial_json(read_file(path, most_partial_bytes), recipe_, name());
            if (!result) return {};
            cv::Experiment left;
            left.configs = read_cv_experiment(*result, name());
            if (left.configs.empty()) return {};
            const std::size_t count = left.configs.size();
            return {std::make_shared<const cv::Experiment>(std::move(left)), count};
        });
    }

    void keep(const cv::Experiment& experiment) {
        const std::size_t finished = experiment.finished();
        if (finished == experiment.configs.size()) return;
        PartialResult::keep(finished, [&](const fs::path& path) {
            cv::Experiment over;
            for (const cv::ExperimentConfigPtr& config : experiment.configs)
                if (config->over()) over.configs.push_back(config);
            write_file(path, partial_json(schema, recipe_, cv_experiment_json(over), {}, context_.seconds()));
        });
    }

    std::string left() const {
        return "finished configurations are kept in " + name() + "; the same command goes on from there";
    }

private:
    Context& context_;
    Recipe recipe_;
};

cv::Experiment train(CvExperimentJob& job, Context& context) {
    FinishedConfigs partial(job, context);
    job.request.from = partial.take_up();
    if (partial.kept() > 0)
        context.note("went on from " + partial.name() + ": " + std::to_string(partial.kept()) + " configurations");
    JobContext::Options on_cpu;
    on_cpu.device = Device::parse("cpu");
    return compute_keeping<cv::Experiment>(context, partial, std::move(on_cpu), [&job](JobContext& training) {
        return cv::compute_experiment(job.request, training);
    });
}

} // namespace

void add_experiment_options(CLI::App& app, ExperimentOptions& options) {
    const std::string group = "Experiment";
    app.add_flag("--experiment", options.wanted, "train a tiny transformer and measure its matrices on the way")
        ->group(group);
    add_fields(app, fields_of(options.request), group, {}, [&options] { options.any_given = true; });
}

void run_experiment(const ExperimentOptions& options, const cv::Parameters& parameters, Context& context) {
    if (context.options().device.kind == Device::Kind::cuda) {
        throw Error(ErrorKind::usage, "--device", "cpu for the experiment", context.options().device.name());
    }
    CvExperimentJob job;
    job.request = options.request;
    job.request.parameters = parameters;
    if (context.options().seed_given) job.request.seed = context.options().seed;
    cv::check_experiment(job.request);
    const cv::Experiment experiment = train(job, context);
    const std::vector<Warning> warnings = cv_experiment_warnings(job, experiment);
    if (context.options().format == Format::json) {
        return context.deliver_json(schema, cv_experiment_recipe(job), cv_experiment_json(experiment), warnings);
    }
    context.note(warnings);
    switch (context.options().format) {
    case Format::csv: return context.deliver(cv_experiment_csv(experiment));
    case Format::npz: return context.deliver(cv_experiment_npz(experiment));
    default: return context.deliver(cv_experiment_text(experiment));
    }
}

} // namespace attnscope::cli
