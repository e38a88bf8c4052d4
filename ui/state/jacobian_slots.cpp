#include "state/jacobian_slots.h"

#include <algorithm>

namespace attnscope::ui {

namespace {

std::size_t result_bytes(const jacobian::Result& result) {
    return sizeof result + result.heads.size() * sizeof(jacobian::HeadMetrics);
}

std::size_t maps_bytes(const jacobian::LayerMaps& maps) {
    return sizeof maps + 2 * maps.probabilities.size() * sizeof(float);
}

}  // namespace

struct JacobianSlots::Impl {
    Slot<jacobian::Request, jacobian::Result> heads;
    Slot<jacobian::MapsRequest, jacobian::LayerMaps> maps;
    Slot<jacobian::CapturesRequest, jacobian::Result> captured_heads;
    Slot<jacobian::CapturedMapsRequest, jacobian::LayerMaps> captured_maps;

    // of this frame
    jacobian::CapturesPtr captures;
    ModelPtr model;
    ReadTextPtr read;
    View shown;

    // All heads take seconds; rows of one layer are looked at meanwhile.
    explicit Impl(JobSystem& jobs)
        : heads(jobs, {"Softmax gradient of all heads", Lane::batch, result_bytes},
                [](const jacobian::Request& request, JobContext& context) { return jacobian::compute(request, context); }),
          maps(jobs, {"Softmax gradient of a layer", Lane::interactive, maps_bytes},
               [](const jacobian::MapsRequest& request, JobContext& context) {
                   return *jacobian::compute_maps(request, context);
               }),
          captured_heads(jobs, {"Captured softmax gradients", Lane::interactive, result_bytes},
                         [](const jacobian::CapturesRequest& request, JobContext& context) {
                             return jacobian::compute(request, context);
                         }),
          captured_maps(jobs, {"Captured maps", Lane::interactive, maps_bytes},
                        [](const jacobian::CapturedMapsRequest& request, JobContext& context) {
                            return *jacobian::compute_maps(request, context);
                        }) {}

    /// The selected layer of the captures, the nearest there is.
    std::size_t captured_index() const {
        const auto& layers = captures->layers();
        const int wanted = shown.selection.layer;
        const auto found = std::ranges::min_element(layers, {}, [wanted](const auto& layer) {
            return std::abs(layer.layer - wanted);
        });
        return static_cast<std::size_t>(found - layers.begin());
    }
    const jacobian::Captures::Layer& captured_layer() const { return captures->layers()[captured_index()]; }

    std::size_t ids() const { return read ? read->ids.size() : 0; }
    std::size_t length() const {
        if (captures) return captured_layer().length;
        return ids() < 2 ? 0 : std::min(static_cast<std::size_t>(std::max(shown.jacobian.length, 1)), ids() - 1);
    }
    std::size_t sequences() const {
        if (captures) return captured_layer().sequences;
        return std::min(static_cast<std::size_t>(std::max(shown.jacobian.blocks, 1)),
                        jacobian::sequences_in(ids(), length()));
    }
    bool ready() const { return model && model->config().causal() && sequences() > 0; }

    jacobian::Request request() const {
        jacobian::Request request;
        request.model = model;
        request.length = length();
        request.blocks = sequences();
        const auto end = static_cast<std::ptrdiff_t>(request.length * request.blocks + 1);
        request.ids.assign(read->ids.begin(), read->ids.begin() + end);
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
        if (sequences() == 0 || length() == 0) return view;
        // Sequences lie one behind the other in the text; the last token of the text is the last row there is.
        const std::size_t last = sequences() * length() - 1;
        const std::size_t token = shown.selection.token < 0 ? last
                                                            : std::min(static_cast<std::size_t>(shown.selection.token), last);
        view.sequence = token / length();
        view.row = static_cast<std::int64_t>(token % length());
        return view;
    }
};

JacobianSlots::JacobianSlots(JobSystem& jobs) : impl_(std::make_unique<Impl>(jobs)) {}
JacobianSlots::~JacobianSlots() = default;

void JacobianSlots::begin_frame(const AppState& state, ReadTextPtr read) {
    const ModelPtr before = impl_->model;
    impl_->captures = state.captures();
    impl_->model = state.model();
    impl_->read = std::move(read);
    impl_->shown = state.view;
    // A closed model frees its memory once no result holds it.
    const auto open = [&](const Source& other) { return other.model == before; };
    if (before && before != impl_->model && std::ranges::none_of(state.sources, open)) {
        impl_->heads.clear();
        impl_->maps.clear();
    }
}

jacobian::CapturesPtr JacobianSlots::captures() const { return impl_->captures; }
int JacobianSlots::layers() const {
    const Impl& i = *impl_;
    return i.captures ? i.captures->layers().back().layer + 1 : i.model ? int(i.model->config().layers) : 0;
}
int JacobianSlots::heads() const {
    const Impl& i = *impl_;
    return i.captures ? int(i.captured_layer().heads) : i.model ? int(i.model->config().heads) : 0;
}
ModelPtr JacobianSlots::model() const { return impl_->model; }
const ReadTextPtr& JacobianSlots::read() const { return impl_->read; }
jacobian::View JacobianSlots::view() const { return impl_->view(); }
std::size_t JacobianSlots::length() const { return impl_->length(); }
std::size_t JacobianSlots::sequences() const { return impl_->sequences(); }

const char* JacobianSlots::obstacle() const {
    const Impl& i = *impl_;
    if (i.captures || !i.model || !i.read) return "";
    if (!i.model->config().causal()) return "An encoder predicts no next token: this needs a language model.";
    return i.sequences() == 0 ? "The text has a single token: a loss needs two." : "";
}

Asked<jacobian::Result> JacobianSlots::result() {
    Impl& i = *impl_;
    if (i.captures) {
        i.captured_heads.want({i.captures});
        return asked_of(i.captured_heads);
    }
    if (!i.ready()) return {};
    i.heads.want(i.request());
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
    i.maps.want({i.request(), view.layer, view.sequence});
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
    const jacobian::View view = i.view();
    const Source* const capture = state.find(state.view.selection.capture);
    if (i.captures && capture) {
        JacobianJob job;
        job.captures = capture->path;
        job.opened = i.captures;
        job.cursor = {view.metric, view.layer, view.head, view.sequence, view.row};
        return job;
    }
    if (!i.ready()) return std::nullopt;
    const bool tokenizer = i.model->files().has_tokenizer;
    JacobianJob job;
    job.model = i.model->files().path;
    job.request.model = i.model;
    job.tokens = {tokenizer ? TokenSource::Kind::prompt : TokenSource::Kind::ids, state.prompt_text(), {},
                  tokenizer && state.view.attention.chat};
    job.length = i.length();
    job.blocks = i.sequences();
    job.cursor = {view.metric, view.layer, view.head, view.sequence, view.row};
    return job;
}

}  // namespace attnscope::ui
