#include "ui/analyses/cv/state/slots.h"

#include "state/open_sources.h"
#include "state/view_job.h"

#include <algorithm>

namespace attnscope::ui {

namespace {

std::size_t cv_bytes(const cv::ModelResult& result) {
    constexpr std::size_t histogram = cv::histogram_bins * sizeof(std::uint32_t);
    return sizeof result + result.matrices.size() * (sizeof(cv::Matrix) + histogram + 32);
}

/// A request and the text whose activations it is about: its own is empty, and filled in on the worker.
struct Measuring {
    cv::ModelRequest request;
    ReadTextPtr read;
    bool operator==(const Measuring&) const = default;
};

cv::ModelResult measure(const Measuring& wish, JobContext& context) {
    cv::ModelRequest request = wish.request;
    if (wish.read) request.text = wish.read->ids;
    return cv::compute_model(request, context);
}

} // namespace

struct CvSlots::Impl {
    using ModelSlot = Slot<Measuring, cv::ModelResult>;
    ModelSlot weights, activations;

    // of this frame
    ModelPtr model;
    ReadTextPtr read;
    View shown;
    OpenSources open;
    InSight in_sight;

    // weights and activations together
    std::shared_ptr<const std::vector<cv::Matrix>> together;
    std::shared_ptr<const cv::ModelResult> of_weights, of_activations;
    std::uint64_t generation = 0;

    explicit Impl(JobSystem& jobs)
        : weights(jobs, {"CV of the weights", Lane::interactive, cv_bytes}, measure),
          activations(jobs, {"CV of the activations", Lane::interactive, cv_bytes}, measure) {}

    int layer() const { return model ? std::clamp(shown.selection.layer, 0, int(model->config().layers) - 1) : 0; }
    int head() const { return model ? std::clamp(shown.selection.head, 0, int(model->config().heads) - 1) : 0; }
    bool with_text() const { return shown.cv.activations && read && !read->ids.empty(); }

    Measuring request(bool of_weights_wanted) const {
        Measuring wish;
        wish.request.model = model;
        wish.request.parameters = shown.cv.parameters;
        wish.request.weights = of_weights_wanted;
        if (!of_weights_wanted) wish.read = read;
        return wish;
    }

    void join() {
        const auto now = model ? weights.result() : nullptr;
        const auto then = model && with_text() ? activations.result() : nullptr;
        if (now == of_weights && then == of_activations && (together || !now)) return;
        of_weights = now;
        of_activations = then;
        ++generation;
        together.reset();
        if (!now && !then) return;
        auto all = std::make_shared<std::vector<cv::Matrix>>();
        for (const auto& part : {now, then})
            if (part) all->insert(all->end(), part->matrices.begin(), part->matrices.end());
        together = std::move(all);
    }
};

CvSlots::CvSlots(JobSystem& jobs, ExperimentRun& experiment)
    : experiment_(experiment), impl_(std::make_unique<Impl>(jobs)) {}
CvSlots::~CvSlots() = default;

void CvSlots::begin_frame(const AppState& state, ReadTextPtr read) {
    impl_->model = state.model();
    impl_->read = std::move(read);
    if (impl_->shown != state.view) impl_->shown = state.view;
    impl_->weights.set_seed(state.view.seed);
    impl_->activations.set_seed(state.view.seed);
    if (impl_->open.follow(state)) {
        const auto closed = [&](const Measuring& wish) {
            return impl_->open.closed(wish.request.model) || (wish.read && wish.read->origin.closed(state));
        };
        impl_->weights.forget(closed);
        impl_->activations.forget(closed);
        impl_->join();
    }
    if (impl_->in_sight.left(state.view.workspace == Workspace::cv)) {
        impl_->weights.give_up();
        impl_->activations.give_up();
    }
}

ModelPtr CvSlots::model() const {
    return impl_->model;
}

cv::View CvSlots::view() const {
    const CvOptions& options = impl_->shown.cv;
    cv::View view;
    if (impl_->model) {
        view.model_name = impl_->model->files().name;
        view.heads = static_cast<int>(impl_->model->config().heads);
    }
    view.parameters = options.parameters;
    view.kind = options.kind;
    view.layer = impl_->layer();
    view.head = impl_->head();
    view.group = options.group;
    view.dim = options.dim;
    view.config_heads = options.config_heads;
    view.epoch = options.epoch;
    return view;
}

Asked<std::vector<cv::Matrix>> CvSlots::matrices() {
    Impl& i = *impl_;
    Asked<std::vector<cv::Matrix>> out;
    if (!i.model) return out;
    i.weights.want(i.request(true));
    if (i.with_text()) i.activations.want(i.request(false));
    i.join();
    const auto weights = asked_of(i.weights), activations = asked_of(i.activations);
    out.result = i.together;
    out.stale = weights.stale || (i.with_text() && activations.stale);
    out.cancelled = weights.cancelled || (i.with_text() && activations.cancelled);
    out.error = weights.error ? weights.error : i.with_text() ? activations.error : std::nullopt;
    out.progress = weights.stale || !weights.result ? weights.progress : activations.progress;
    out.seconds = seconds();
    out.generation = i.generation;
    return out;
}

bool CvSlots::waits_for_text() const {
    return impl_->with_text() && !impl_->activations.result();
}

Asked<cv::Experiment> CvSlots::experiment() const {
    Asked<cv::Experiment> out;
    const cv::ExperimentRequest request = experiment_request(impl_->shown.cv);
    out.result = experiment_.result(request);
    out.error = experiment_.error(request);
    out.progress = experiment_.progress();
    out.generation = experiment_.generation();
    if (out.result) out.seconds = out.result->seconds;
    return out;
}

int CvSlots::last_epoch() const {
    const auto experiment = experiment_.result(experiment_request(impl_->shown.cv));
    int last = 0;
    if (!experiment) return last;
    for (const auto& config : experiment->configs)
        if (!config->measurements.empty()) last = std::max(last, config->measurements.back()->epoch);
    return last;
}

bool CvSlots::settled() const {
    return !impl_->weights.busy() && !impl_->activations.busy();
}

double CvSlots::seconds() const {
    return (impl_->weights.result() ? impl_->weights.seconds() : 0) +
           (impl_->with_text() && impl_->activations.result() ? impl_->activations.seconds() : 0);
}

std::optional<CvJob> CvSlots::job(const AppState& state) const {
    const Impl& i = *impl_;
    if (!i.model) return std::nullopt;
    const ModelFiles& files = i.model->files();
    const Source* const text = i.with_text() ? state.find(i.shown.selection.prompt) : nullptr;
    CvJob job = cv_job_of(i.shown, files.path, files.has_tokenizer, text);
    job.request.model = i.model;
    job.cursor = {i.shown.cv.kind, i.layer(), i.head()};
    return job;
}

CvExperimentJob CvSlots::experiment_job() const {
    return cv_experiment_job_of(impl_->shown.cv);
}

} // namespace attnscope::ui
