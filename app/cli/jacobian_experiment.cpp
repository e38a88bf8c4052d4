#include "cli/jacobian_experiment.h"

#include <attnscope/tensor_file.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace attnscope::cli {
namespace fs = std::filesystem;

namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* schema = "attnscope.jacobian/1";
/// Between two checkpoints: ten megabytes a run are written and flushed.
constexpr auto checkpoint_interval = std::chrono::seconds(3);

/// all, or a list of names.
template <class Values, class Parse>
auto parse_names(const std::string& option, const std::string& text, const Values& all, const Parse& parse) {
    std::vector<typename Values::value_type> values;
    if (text == "all") return std::vector(all.begin(), all.end());
    for (const std::string& item : parse_list(option, text)) {
        try {
            values.push_back(parse(item));
        } catch (const Error& error) {
            throw Error(ErrorKind::usage, option, error.expected + ", or all", error.got);
        }
    }
    return values;
}

/// Training so far, in a file beside the result that is still being made.
class Checkpoint {
public:
    Checkpoint(const JacobianExperimentJob& job, Context& context)
        : context_(context), recipe_(jacobian_experiment_recipe(job)), path_(context.options().out),
          size_(jacobian::char_gpt_size(
              jacobian::char_gpt_parts(job.request.shape, job.request.text->vocabulary.size()))) {
        if (!path_.empty()) path_ += ".partial";
        recipe_.device = "cpu";
    }

    /// What an interrupted run of the same recipe left; null when there is none.
    jacobian::ExperimentPtr take_up() {
        std::error_code failure;
        if (path_.empty() || !fs::exists(path_, failure)) return nullptr;
        try {
            const jacobian::ExperimentPtr left = read_jacobian_checkpoint(path_, recipe_);
            if (!left || !std::ranges::all_of(left->runs, [this](const auto& run) { return usable(*run); })) {
                return nullptr;
            }
            for (const auto& run : left->runs) steps_ += updates(*run);
            return left;
        } catch (const Error&) {
            return nullptr;  // a file that is no such checkpoint is written anew
        }
    }

    void keep(const jacobian::Experiment& experiment) {
        std::size_t steps = 0;
        for (const auto& run : experiment.runs) steps += updates(*run);
        const bool over = experiment.finished() == experiment.runs.size();
        if (path_.empty() || over || steps <= steps_ || Clock::now() < last_ + checkpoint_interval) return;
        const auto writing = context_.writing();
        write_jacobian_checkpoint(path_, recipe_, experiment);
        steps_ = steps;
        last_ = Clock::now();
    }

    void remove() const {
        std::error_code failure;
        if (!path_.empty()) fs::remove(path_, failure);
    }

    std::size_t steps() const { return steps_; }
    std::string name() const { return path_.filename().string(); }

private:
    /// Updates that the run can be taken up at.
    static std::size_t updates(const jacobian::TrainingRun& run) {
        return run.training ? static_cast<std::size_t>(run.training->updates) : 0;
    }
    bool usable(const jacobian::TrainingRun& run) const {
        const auto fits = [this](const std::vector<float>& values) { return std::ssize(values) == size_; };
        if (!run.training || run.loss.size() < updates(run)) return !run.training && run.loss.empty();
        const TrainingState& state = *run.training;
        return fits(state.parameters) && (run.over() || (fits(state.first_moments) && fits(state.second_moments)));
    }

    Context& context_;
    Recipe recipe_;
    fs::path path_;
    std::int64_t size_;
    std::size_t steps_ = 0;
    Clock::time_point last_ = Clock::now();
};

/// A context that hands snapshots to `checkpoint`.
JobContext watched(Context& context, Checkpoint& checkpoint) {
    JobContext::Options options;
    options.device = Device::parse("cpu");
    options.on_snapshot = [&checkpoint](const std::shared_ptr<const void>& snapshot) {
        checkpoint.keep(*std::static_pointer_cast<const jacobian::Experiment>(snapshot));
    };
    return context.streaming(std::move(options));
}

jacobian::Experiment train(JacobianExperimentJob& job, Context& context) {
    Checkpoint checkpoint(job, context);
    job.request.from = checkpoint.take_up();
    if (checkpoint.steps() > 0) {
        context.note("went on from " + checkpoint.name() + ": " + std::to_string(checkpoint.steps()) + " steps");
    }
    try {
        JobContext watching = watched(context, checkpoint);
        jacobian::Experiment experiment = jacobian::compute_experiment(job.request, watching);
        checkpoint.remove();
        return experiment;
    } catch (const Cancelled&) {
        if (checkpoint.steps() > 0) {
            context.note("training so far is kept in " + checkpoint.name() + "; the same command goes on from there");
        }
        throw;
    } catch (const std::exception&) {
        checkpoint.remove();
        throw;
    }
}

/// Of one run in the folder itself, of several in one each.
void export_models(const JacobianExperimentJob& job, const jacobian::Experiment& experiment, const fs::path& folder,
                   Context& context) {
    for (const auto& run : experiment.runs) {
        const std::string name = std::string(jacobian::method_name(run->combination.method)) + "-" +
                                 jacobian::softmax_gradient_name(run->combination.gradient);
        const fs::path to = experiment.runs.size() == 1 ? folder : folder / name;
        {
            const auto writing = context.writing();
            jacobian::export_char_gpt(job.request, *run, to);
        }
        context.note("wrote " + to.string());
    }
}

}  // namespace

void add_jacobian_experiment_options(CLI::App& app, JacobianExperimentOptions& options) {
    const std::string group = "Experiment";
    jacobian::ExperimentRequest& request = options.request;
    app.add_flag("--experiment", options.wanted, "train a character model on the text and measure its heads on the way")
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
    add("--method", "L", "bp, fa, sign_sym, dfa or all: how errors go back (bp)", [&options](const std::string& text) {
        options.methods = parse_names("--method", text, jacobian::methods, jacobian::parse_method);
    });
    add("--softmax-grad", "L", "full, diag, ste, surrogate or all: gradient of the softmax (full)",
        [&options](const std::string& text) {
            options.gradients =
                parse_names("--softmax-grad", text, jacobian::softmax_gradients, jacobian::parse_softmax_gradient);
        });
    add("--steps", "N", "updates (500)", [&request](const std::string& text) {
        request.steps = static_cast<int>(parse_whole("--steps", text, 1, jacobian::most_training_steps));
    });
    add("--every", "N", "measure after every N updates (25; 0: before and after alone)",
        [&request](const std::string& text) {
            request.every = static_cast<int>(parse_whole("--every", text, 0, jacobian::most_training_steps));
        });
    add("--learning-rate", "X", "of AdamW (0.001)", [&request](const std::string& text) {
        request.learning_rate = parse_positive("--learning-rate", text);
    });
    add("--export", "DIR", "also write the trained model as a Hugging Face folder (several: a folder each)",
        [&options](const std::string& text) { options.folder = text; });
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
    std::vector<Warning> warnings;
    load_inputs(job, context.job(), warnings);
    const jacobian::Experiment experiment = train(job, context);
    for (Warning& warning : jacobian_experiment_warnings(experiment)) warnings.push_back(std::move(warning));
    if (!options.folder.empty()) export_models(job, experiment, options.folder, context);
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

}  // namespace attnscope::cli
