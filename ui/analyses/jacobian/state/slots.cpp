#include "ui/analyses/jacobian/state/slots.h"

#include "state/open_sources.h"
#include "state/view_job.h"

#include <algorithm>

namespace attnscope::ui {

namespace {

std::size_t heads_bytes(const jacobian::Result& result) {
    return sizeof result + result.heads.size() * sizeof(jacobian::HeadMetrics);
}

std::size_t maps_bytes(const jacobian::LayerMaps& maps) {
    return sizeof maps + 2 * maps.probabilities.size() * sizeof(float);
}

/// A request of either kind and the text it is about: its own tokens are empty, and filled in on the worker.
template <class Request>
struct OfText {
    Request request;
    ReadTextPtr read;
    bool operator==(const OfText&) const = default;
};

jacobian::Request with_tokens(const jacobian::Request& asked, const ReadText& read) {
    jacobian::Request request = asked;
    const auto end = static_cast<std::ptrdiff_t>(request.length * request.blocks + 1);
    request.ids.assign(read.ids.begin(), read.ids.begin() + end);
    return request;
}

} // namespace

struct JacobianSlots::Impl {
    Slot<OfText<jacobian::Request>, jacobian::Result> heads;
    Slot<OfText<jacobian::MapsRequest>, jacobian::LayerMaps> maps;
    Slot<jacobian::CapturesRequest, jacobian::Result> captured_heads;
    Slot<jacobian::CapturedMapsRequest, jacobian::LayerMaps> captured_maps;

    // of this frame
    jacobian::CapturesPtr captures;
    ModelPtr model;
    ReadTextPtr read;
    View shown;
    OpenSources open;
    InSight in_sight;

    // All heads take seconds; rows of one layer are looked at meanwhile.
    explicit Impl(JobSystem& jobs)
        : heads(jobs, {"Softmax gradient of all heads", Lane::sweep, heads_bytes},
                [](const auto& wish, JobContext& context) {
                    return jacobian::compute(with_tokens(wish.request, *wish.read), context);
                }),
          maps(jobs, {"Softmax gradient of a layer", Lane::interactive, maps_bytes},
               [](const auto& wish, JobContext& context) {
                   jacobian::MapsRequest request = wish.request;
                   request.request = with_tokens(request.request, *wish.read);
                   return *jacobian::compute_maps(request, context);
               }),
          captured_heads(jobs, {"Captured softmax gradients", Lane::interactive, heads_bytes},
                         [](const jacobian::CapturesRequest& request, JobContext& context) {
                             return jacobian::compute(request, context);
                         }),
          captured_maps(jobs, {"Captured maps", Lane::interactive, maps_bytes},
                        [](const jacobian::CapturedMapsRequest& request, JobContext& context) {
                            return *jacobian::compute_maps(request, context);
                        }) {}

    /// The selected layer of the captures, the nearest there is.
    std::size_t captured_index() const { return jacobian::nearest_layer(captures->layers(), shown.selection.layer); }
    const jacobian::Captures::Layer& captured_layer() const { return captures->layers()[captured_index()]; }

    Sequences sequences() const {
        if (captures) return {captured_layer().length, captured_layer().sequences};
        return sequences_in(shown.jacobian, read ? read->ids.size() : 0);
    }
    bool ready() const { return model && model->config().causal() && sequences().count > 0; }

    jacobian::Request request() const {
        jacobian::Request request;
        request.model = model;
        const Sequences wanted = sequences();
        request.length = wanted.length;
        request.blocks = wanted.count;
        return request;
    }

    jacobian::View view() const {
        jacobian::View view;
        view.metric = shown.jacobian.metric;
        if (captures) {
            view.name = captures->name();
            view.layer = captured_layer().layer;
            view.head = std::clamp(shown.selection.head, 0, int(captured_layer().heads) - 1);
        } else if (model) {
            view.name = model->files().name;
            view.layer = std::clamp(shown.selection.layer, 0, int(model->config().layers) - 1);
            view.head = std::clamp(shown.selection.head, 0, int(model->config().heads) - 1);
        }
        const JacobianJob::Cursor cursor = jacobian_cursor(shown, sequences());
        view.sequence = cursor.sequence;
        view.row = cursor.row;
        return view;
    }
};

JacobianSlots::JacobianSlots(JobSystem& jobs) : impl_(std::make_unique<Impl>(jobs)) {}
JacobianSlots::~JacobianSlots() = default;

void JacobianSlots::begin_frame(const AppState& state, ReadTextPtr read) {
    impl_->captures = state.captures();
    impl_->model = state.model();
    impl_->read = std::move(read);
    if (impl_->shown != state.view) impl_->shown = state.view;
    impl_->heads.set_seed(state.view.seed);
    impl_->maps.set_seed(state.view.seed);
    Impl& i = *impl_;
    if (i.open.follow(state)) {
        const auto closed = [&](const jacobian::Request& request, const ReadText& read) {
            return i.open.closed(request.model) || read.origin.closed(state);
        };
        i.heads.forget([&](const auto& wish) { return closed(wish.request, *wish.read); });
        i.maps.forget([&](const auto& wish) { return closed(wish.request.request, *wish.read); });
        i.captured_heads.forget([&](const auto& request) { return i.open.closed(request.captures); });
        i.captured_maps.forget([&](const auto& request) { return i.open.closed(request.captures); });
    }
    if (i.in_sight.left(state.view.workspace == Workspace::jacobian)) {
        i.heads.give_up();
        i.maps.give_up();
        i.captured_heads.give_up();
        i.captured_maps.give_up();
    }
}

jacobian::CapturesPtr JacobianSlots::captures() const {
    return impl_->captures;
}
int JacobianSlots::layers() const {
    const Impl& i = *impl_;
    return i.captures ? i.captures->layers().back().layer + 1 : i.model ? int(i.model->config().layers) : 0;
}
int JacobianSlots::heads() const {
    const Impl& i = *impl_;
    return i.captures ? int(i.captured_layer().heads) : i.model ? int(i.model->config().heads) : 0;
}
ModelPtr JacobianSlots::model() const {
    return impl_->model;
}
const ReadTextPtr& JacobianSlots::read() const {
    return impl_->read;
}
jacobian::View JacobianSlots::view() const {
    return impl_->view();
}
std::size_t JacobianSlots::length() const {
    return impl_->sequences().length;
}
std::size_t JacobianSlots::sequences() const {
    return impl_->sequences().count;
}

const char* JacobianSlots::obstacle() const {
    const Impl& i = *impl_;
    if (i.captures || !i.model || !i.read) return "";
    if (!i.model->config().causal()) return "An encoder predicts no next token: this needs a language model.";
    return i.sequences().count == 0 ? "The text has a single token: a loss needs two." : "";
}

Asked<jacobian::Result> JacobianSlots::result() {
    Impl& i = *impl_;
    if (i.captures) {
        i.captured_heads.want({i.captures});
        return asked_of(i.captured_heads);
    }
    if (!i.ready()) return {};
    i.heads.want({i.request(), i.read});
    return asked_of(i.heads);
}

Asked<jacobian::LayerMaps> JacobianSlots::maps() {
    Impl& i = *impl_;
    const jacobian::View view = i.view();
    if (i.captures) {
        i.captured_maps.want({i.captures, i.captured_index(), view.sequence});
        return asked_of(i.captured_maps);
    }
    if (!i.ready()) return {};
    i.maps.want({{i.request(), view.layer, view.sequence}, i.read});
    return asked_of(i.maps);
}

bool JacobianSlots::settled() const {
    return !impl_->heads.busy() && !impl_->maps.busy() && !impl_->captured_heads.busy() && !impl_->captured_maps.busy();
}
double JacobianSlots::seconds() const {
    if (impl_->captures) return impl_->captured_heads.result() ? impl_->captured_heads.seconds() : 0;
    return impl_->heads.result() ? impl_->heads.seconds() : 0;
}

std::optional<JacobianJob> JacobianSlots::job(const AppState& state) const {
    const Impl& i = *impl_;
    JacobianJob job;
    if (const Source* const capture = state.find(state.view.selection.capture); i.captures && capture) {
        job.captures = capture->path;
        job.opened = i.captures;
    } else {
        const Source* const text = state.find(state.view.selection.prompt);
        if (!i.ready() || !text) return std::nullopt;
        job = jacobian_job_of(i.shown, i.model->files().path, i.model->files().has_tokenizer, *text);
        job.request.model = i.model;
        job.length = i.sequences().length;
        job.blocks = i.sequences().count;
    }
    const jacobian::View view = i.view();
    job.cursor = {view.metric, view.layer, view.head, view.sequence, view.row};
    return job;
}

} // namespace attnscope::ui
