#include "cli/cv_experiment.h"

#include <attnscope/tensor_file.h>

#include <nlohmann/json.hpp>

#include <limits>
#include <utility>

namespace attnscope::cli {
namespace fs = std::filesystem;

namespace {

constexpr std::size_t most_partial_bytes = std::size_t{1} << 30;
constexpr const char* schema = "attnscope.cv/1";

std::vector<int> parse_wholes(const std::string& option, const std::string& text) {
    std::vector<int> values;
    for (const std::string& item : parse_list(option, text)) {
        values.push_back(static_cast<int>(parse_whole(option, item, 1, cv::most_experiment_dim)));
    }
    return values;
}

/// The configurations that are over, in a file beside the result that is still being made.
class PartialResult {
public:
    PartialResult(const CvExperimentJob& job, Context& context)
        : context_(context), recipe_(cv_experiment_recipe(job)), path_(context.options().out) {
        if (!path_.empty()) path_ += ".partial";
        recipe_.device = "cpu";
    }

    /// What an interrupted run of the same recipe left; null when there is none.
    cv::ExperimentPtr take_up() {
        std::error_code failure;
        if (path_.empty() || !fs::exists(path_, failure)) return nullptr;
        try {
            const std::string text = read_file(path_, most_partial_bytes);
            const auto file = nlohmann::ordered_json::parse(text, nullptr, false);
            if (!file.is_object() || !file.contains("recipe") || file["recipe"].dump() != recipe_.json() ||
                file.value("version", "") != ATTNSCOPE_VERSION || !file.contains("result")) {
                return nullptr;
            }
            cv::Experiment left;
            left.configs = read_cv_experiment(file["result"].dump(), path_.filename().string());
            kept_ = left.configs.size();
            return kept_ > 0 ? std::make_shared<const cv::Experiment>(std::move(left)) : nullptr;
        } catch (const Error&) {
            return nullptr;  // a file that is no such result is written anew
        } catch (const nlohmann::json::exception&) {
            return nullptr;
        }
    }

    void keep(const cv::Experiment& experiment) {
        if (path_.empty() || experiment.finished() <= kept_ || experiment.finished() == experiment.configs.size()) return;
        cv::Experiment over;
        for (const cv::ExperimentConfigPtr& config : experiment.configs) {
            if (config->over()) over.configs.push_back(config);
        }
        const auto writing = context_.writing();
        write_file(path_, envelope_json(schema, recipe_, cv_experiment_json(over), {}, context_.seconds()));
        kept_ = over.configs.size();
    }

    void remove() const {
        std::error_code failure;
        if (!path_.empty()) fs::remove(path_, failure);
    }

    std::size_t kept() const { return kept_; }
    std::string name() const { return path_.filename().string(); }

private:
    Context& context_;
    Recipe recipe_;
    fs::path path_;
    std::size_t kept_ = 0;
};

/// A context that hands snapshots to `partial`.
JobContext watched(Context& context, PartialResult& partial) {
    JobContext::Options options;
    options.device = Device::parse("cpu");
    options.on_snapshot = [&partial](const std::shared_ptr<const void>& snapshot) {
        partial.keep(*std::static_pointer_cast<const cv::Experiment>(snapshot));
    };
    return context.streaming(std::move(options));
}

cv::Experiment train(CvExperimentJob& job, Context& context) {
    PartialResult partial(job, context);
    job.request.from = partial.take_up();
    if (partial.kept() > 0) {
        context.note("went on from " + partial.name() + ": " + std::to_string(partial.kept()) + " configurations");
    }
    try {
        JobContext watching = watched(context, partial);
        cv::Experiment experiment = cv::compute_experiment(job.request, watching);
        partial.remove();
        return experiment;
    } catch (const Cancelled&) {
        if (partial.kept() > 0) {
            context.note("finished configurations are kept in " + partial.name() +
                         "; the same command goes on from there");
        }
        throw;
    } catch (const std::exception&) {
        partial.remove();
        throw;
    }
}

}  // namespace

void add_experiment_options(CLI::App& app, ExperimentOptions& options) {
    const std::string group = "Experiment";
    cv::ExperimentRequest& request = options.request;
    app.add_flag("--experiment", options.wanted, "train a tiny transformer and measure its matrices on the way")
        ->group(group);
    const auto add = [&](const char* option, const char* type, const char* help,
                         std::function<void(const std::string&)> read) {
        add_value(app, option, type, help,
                  [&options, read = std::move(read)](const std::string& text) {
                      options.any_given = true;
                      read(text);
                  })
            ->group(group);
    };
    add("--dims", "L", "widths (64,128,256)",
        [&request](const std::string& text) { request.dims = parse_wholes("--dims", text); });
    add("--heads", "L", "numbers of heads, each with every width (1,2,4,8)",
        [&request](const std::string& text) { request.heads = parse_wholes("--heads", text); });
    add("--every", "N", "also the CV of every matrix after every N epochs (before, half, after alone)",
        [&request](const std::string& text) {
            request.every = static_cast<int>(parse_whole("--every", text, 0, cv::most_experiment_epochs));
        });
    add("--epochs", "N", "updates (50)", [&request](const std::string& text) {
        request.epochs = static_cast<int>(parse_whole("--epochs", text, 1, cv::most_experiment_epochs));
    });
    add("--learning-rate", "X", "of Adam (0.001)", [&request](const std::string& text) {
        request.learning_rate = parse_positive("--learning-rate", text);
    });
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

}  // namespace attnscope::cli
