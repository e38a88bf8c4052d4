#include "ui/analyses/jacobian/state/training.h"

#include "state/open_sources.h"
#include "state/view_job.h"

#include <algorithm>

namespace attnscope::ui {

namespace {

/// A text of a file, or that of a prompt.
struct TextRequest {
    std::filesystem::path path;
    TextOrigin origin;
    bool operator==(const TextRequest&) const = default;

    /// What was typed where there is no file.
    const std::string& typed() const {
        static const std::string none;
        return path.empty() && origin.prompt ? *origin.prompt : none;
    }
};

jacobian::ExperimentText read_text(const TextRequest& request, JobContext& context) {
    const auto between = [&context] { context.checkpoint(); };
    return *(request.path.empty() ? jacobian::experiment_text(request.typed(), "the text", between)
                                  : jacobian::open_experiment_text(request.path, between));
}

std::size_t text_bytes(const jacobian::ExperimentText& text) {
    return sizeof text + text.ids.size() * sizeof text.ids[0] + text.vocabulary.size() * sizeof text.vocabulary[0];
}

} // namespace

struct JacobianTraining::Impl {
    Slot<TextRequest, jacobian::ExperimentText> text;
    OpenSources open;
    InSight in_sight;
    TextOrigin origin;
    bool starts = false; ///< start() was called before the text was read
    // of this frame
    View shown;
    std::optional<TextRequest> wanted; ///< of the selected text; none without one, or where nothing is asked
    bool loading = false;              ///< its source is
    jacobian::ExperimentRequest request;

    explicit Impl(JobSystem& jobs) : text(jobs, {"Reading the text", Lane::files, text_bytes}, read_text) {}

    /// Fixes what is asked of the selected text.
    void select_text(const AppState& state) {
        const Source* const source = state.find(state.view.selection.prompt);
        if (!source || (source->kind != SourceKind::texts && source->kind != SourceKind::prompt)) {
            origin = {};
            return;
        }
        origin.follow(state);
        loading = source->loading;
        wanted = {source->kind == SourceKind::texts ? source->path : std::filesystem::path(), origin};
    }
};

JacobianTraining::JacobianTraining(JobSystem& jobs, JacobianExperimentRun& run)
    : run_(run), impl_(std::make_unique<Impl>(jobs)) {}
JacobianTraining::~JacobianTraining() = default;

void JacobianTraining::begin_frame(const AppState& state) {
    Impl& i = *impl_;
    const bool in_sight = state.view.workspace == Workspace::jacobian;
    if (i.open.follow(state)) i.text.forget([&](const TextRequest& request) { return request.origin.closed(state); });
    if (i.in_sight.left(in_sight)) {
        i.text.give_up();
        i.starts = false;
    }
    i.wanted.reset();
    i.loading = false;
    i.request.text.reset();
    if (!in_sight && !run_.has_runs()) {
        i.origin = {};
        return;
    }
    if (i.shown != state.view) i.shown = state.view;
    i.request = training_request(state.view.training);
    i.select_text(state);
    if (i.wanted && in_sight && !i.loading) i.text.want(*i.wanted);
    const bool reads = reads_text(); // before its result is looked for: it may end in between
    if (i.wanted && i.text.result_request() == i.wanted) i.request.text = i.text.result();
    if (i.starts && (i.request.text || !reads)) {
        i.starts = false;
        if (i.request.text && !text_error()) run_.start(i.request);
    }
}

const jacobian::ExperimentRequest& JacobianTraining::request() const {
    return impl_->request;
}

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

bool JacobianTraining::reads_text() const {
    return impl_->wanted && (impl_->loading || impl_->text.busy());
}

Asked<jacobian::Experiment> JacobianTraining::experiment() const {
    Asked<jacobian::Experiment> out;
    if (impl_->request.text) {
        out.result = run_.result(impl_->request);
        out.error = run_.error(impl_->request);
    }
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
    const Impl& i = *impl_;
    if (!i.request.text) return std::nullopt;
    JacobianExperimentJob job = training_job_of(i.shown, i.wanted->path, i.wanted->typed());
    job.request.text = i.request.text;
    return job;
}

bool JacobianTraining::settled() const {
    return !impl_->text.busy() && !impl_->starts;
}

void JacobianTraining::start() {
    if (!impl_->wanted)
        throw Error(ErrorKind::usage, "experiment", "a text among the prompts: open a .txt file", "none");
    if (const auto error = text_error()) throw *error;
    if (impl_->text.cancelled())
        throw Error(ErrorKind::usage, "experiment", "a text that is read", "one whose reading was cancelled");
    if (impl_->request.text)
        run_.start(impl_->request);
    else
        impl_->starts = true;
}

void JacobianTraining::keep(const JacobianExperimentJob& job, jacobian::ExperimentPtr experiment) {
    run_.keep(job.request, std::move(experiment));
}

} // namespace attnscope::ui
