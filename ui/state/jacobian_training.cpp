#include "state/jacobian_training.h"

#include "state/view_job.h"

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

} // namespace

struct JacobianTraining::Impl {
    Slot<TextRequest, jacobian::ExperimentText> text;
    // of this frame
    View shown;
    std::optional<JacobianExperimentJob> job; ///< of the selected text; none without one
    jacobian::ExperimentRequest request;

    explicit Impl(JobSystem& jobs) : text(jobs, {"Reading the text", Lane::interactive, text_bytes}, read_text) {}
};

JacobianTraining::JacobianTraining(JobSystem& jobs, JacobianExperimentRun& run)
    : run_(run), impl_(std::make_unique<Impl>(jobs)) {}
JacobianTraining::~JacobianTraining() = default;

void JacobianTraining::begin_frame(const AppState& state) {
    Impl& i = *impl_;
    if (i.shown != state.view) i.shown = state.view;
    i.request = training_request(state.view.training);
    i.job.reset();
    const Source* const source = state.find(state.view.selection.prompt);
    if (!source || (source->kind != SourceKind::texts && source->kind != SourceKind::prompt)) return;
    i.job = training_job_of(state.view, *source);
    i.text.want({i.job->text, i.job->typed});
    if (!i.text.stale() && !i.text.error()) i.job->request.text = i.request.text = i.text.result();
}

const jacobian::ExperimentRequest& JacobianTraining::request() const {
    return impl_->request;
}

std::optional<Error> JacobianTraining::text_error() const {
    if (!impl_->job) return std::nullopt;
    if (const auto error = impl_->text.error()) return error;
    if (!impl_->request.text) return std::nullopt;
    try {
        jacobian::check_experiment(impl_->request);
    } catch (const Error& error) {
        return error;
    }
    return std::nullopt;
}

bool JacobianTraining::reads_text() const {
    return impl_->job && impl_->text.busy();
}

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
    const JacobianTrainingOptions& options = impl_->shown.training;
    return {.metric = impl_->shown.jacobian.metric, .shown = options.shown, .step = options.step};
}

std::optional<JacobianExperimentJob> JacobianTraining::job() const {
    return impl_->request.text ? impl_->job : std::nullopt;
}

bool JacobianTraining::settled() const {
    return !impl_->text.busy();
}

void JacobianTraining::start() {
    if (!impl_->job) throw Error(ErrorKind::usage, "experiment", "a text among the prompts: open a .txt file", "none");
    if (const auto error = text_error()) throw *error;
    if (!impl_->request.text)
        throw Error(ErrorKind::usage, "experiment", "a text that is read", "one still being read");
    run_.start(impl_->request);
}

void JacobianTraining::keep(const JacobianExperimentJob& job, jacobian::ExperimentPtr experiment) {
    run_.keep(job.request, std::move(experiment));
}

} // namespace attnscope::ui
