#include "state/jacobian_training.h"

#include <algorithm>

namespace attnscope::ui {

namespace {

/// A text of a file, or as it is.
struct TextRequest {
    std::filesystem::path path;
    std::string typed;
    bool operator==(const TextRequest&) const = default;
};

jacobian::ExperimentText read_text(const TextRequest& request, JobContext& context) {
    context.checkpoint();
    return *(request.path.empty() ? jacobian::experiment_text(request.typed, "the text")
                                  : jacobian::open_experiment_text(request.path));
}

std::size_t text_bytes(const jacobian::ExperimentText& text) {
    return sizeof text + text.ids.size() * sizeof text.ids[0] + text.vocabulary.size() * sizeof text.vocabulary[0];
}

std::optional<TextRequest> selected_text(const AppState& state) {
    const Source* const source = state.find(state.view.selection.prompt);
    if (!source) return std::nullopt;
    if (source->kind == SourceKind::texts) return TextRequest{source->path, {}};
    if (source->kind == SourceKind::prompt) return TextRequest{{}, source->prompt};
    return std::nullopt;
}

}  // namespace

struct JacobianTraining::Impl {
    Slot<TextRequest, jacobian::ExperimentText> text;
    // of this frame
    std::optional<TextRequest> wanted;
    JacobianTrainingOptions options;
    jacobian::Metric metric = jacobian::Metric::r_diag;
    jacobian::ExperimentRequest request;

    explicit Impl(JobSystem& jobs) : text(jobs, {"Reading the text", Lane::interactive, text_bytes}, read_text) {}
};

JacobianTraining::JacobianTraining(JobSystem& jobs, JacobianExperimentRun& run)
    : run_(run), impl_(std::make_unique<Impl>(jobs)) {}
JacobianTraining::~JacobianTraining() = default;

void JacobianTraining::begin_frame(const AppState& state) {
    Impl& i = *impl_;
    i.options = state.view.training;
    i.metric = state.view.jacobian.metric;
    i.wanted = selected_text(state);
    if (i.wanted) i.text.want(*i.wanted);
    jacobian::ExperimentRequest request;
    request.combinations.clear();
    for (const jacobian::Method method : i.options.methods)
        for (const jacobian::SoftmaxGradient gradient : i.options.gradients)
            request.combinations.push_back({method, gradient});
    request.steps = i.options.steps;
    request.every = i.options.every;
    request.learning_rate = i.options.learning_rate;
    request.seed = i.options.seed;
    if (i.wanted && !i.text.stale() && !i.text.error()) request.text = i.text.result();
    i.request = std::move(request);
}

const jacobian::ExperimentRequest& JacobianTraining::request() const { return impl_->request; }

std::optional<Error> JacobianTraining::text_error() const {
    if (!impl_->wanted) return std::nullopt;
    if (const auto error = impl_->text.error()) return error;
    if (!impl_->request.text) return std::nullopt;
    try {
        jacobian::check_experiment(impl_->request);
    } catch (const Error& error) {
        return error;
    }
    return std::nullopt;
}

bool JacobianTraining::reads_text() const { return impl_->wanted && impl_->text.busy(); }

Asked<jacobian::Experiment> JacobianTraining::experiment() const {
    Asked<jacobian::Experiment> out;
    if (impl_->request.text) out.result = run_.result(impl_->request);
    out.error = run_.error();
    out.progress = run_.progress();
    out.generation = run_.generation();
    if (out.result) out.seconds = out.result->seconds;
    return out;
}

int JacobianTraining::last_step() const {
    const auto experiment = this->experiment();
    int last = 0;
    if (experiment.result)
        for (const auto& run : experiment.result->runs) last = std::max(last, static_cast<int>(run->loss.size()));
    return last;
}

jacobian::ExperimentView JacobianTraining::view() const {
    const JacobianTrainingOptions& options = impl_->options;
    return {.metric = impl_->metric, .shown = options.shown, .step = options.step};
}

std::optional<JacobianExperimentJob> JacobianTraining::job() const {
    const Impl& i = *impl_;
    if (!i.request.text) return std::nullopt;
    JacobianExperimentJob job;
    job.text = i.wanted->path;
    job.typed = i.wanted->typed;
    job.request = i.request;
    job.metric = i.metric;
    job.shown = i.options.shown;
    job.step = i.options.step;
    return job;
}

bool JacobianTraining::settled() const { return !impl_->text.busy(); }

void JacobianTraining::start() {
    if (!impl_->wanted)
        throw Error(ErrorKind::usage, "experiment", "a text among the prompts: open a .txt file", "none");
    if (const auto error = text_error()) throw *error;
    if (!impl_->request.text) throw Error(ErrorKind::usage, "experiment", "a text that is read", "one still being read");
    run_.start(impl_->request);
}

void JacobianTraining::keep(const JacobianExperimentJob& job, jacobian::ExperimentPtr experiment) {
    run_.keep(job.request, std::move(experiment));
}

}  // namespace attnscope::ui
