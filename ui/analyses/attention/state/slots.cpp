#include "ui/analyses/attention/state/slots.h"

#include <attnscope/chat.h>
#include <attnscope/model_recipe.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>

namespace attnscope::ui {

namespace {

using namespace attention;

constexpr std::size_t capture_cache_bytes = std::size_t{128} << 20;
/// Up to here the scores of heads cost little beside the forward pass, and choosing one should show it at once.
constexpr std::int64_t scores_with_everything = 1024;

/// Beyond it the activations of a forward pass are a matter of hundreds of megabytes.
constexpr std::int64_t one_pass_at_a_time = 4096;

struct ReadRequest {
    ModelPtr model;
    TextOrigin origin;
    int which = 0; ///< of a set
    bool chat = false;
    bool operator==(const ReadRequest&) const = default;
};
struct SetRequest {
    ModelPtr model;
    std::shared_ptr<const std::vector<std::string>> texts;
    bool chat = false;
    bool operator==(const SetRequest&) const = default;
};

using SetPtr = std::shared_ptr<const std::vector<Ids>>;

/// A request together with what it is about. Its own texts are empty: they are filled in on the worker, lest each frame
/// copies and compares tokens.
template <class Request>
struct About {
    Request request;
    ReadTextPtr read;
    ModelPtr model;
    SetPtr set = {}; ///< instead of the text
    bool operator==(const About&) const = default;
};
template <class Request, class Result>
using TextSlot = Slot<About<Request>, Result>;

ReadText read_text(const LanguageModel& model, const std::string& text, bool chat, JobContext& context) {
    const auto between = [&context] { context.checkpoint(); };
    ReadText read;
    read.text = text;
    if (!model.files().has_tokenizer) {
        read.ids = parse_token_ids(read.text, model.files().name + ", which has no tokenizer");
        check_tokens(model, read.ids);
        read.labels = token_labels(model, read.ids);
        for (std::size_t i = 0; i < read.ids.size(); ++i) read.tokens.push_back({read.ids[i], read.labels[i], 0, 0});
        return read;
    }
    read.vocabulary = model.tokenizer().vocabulary_size();
    if (chat) {
        read.text = model.chat_format().apply(read.text);
        read.tokens = chat_tokens(model, read.text, between);
    } else {
        read.tokens = model_tokens(model, read.text, between);
    }
    read.ids = token_ids(read.tokens);
    read.labels = token_labels(model, read.ids);
    return read;
}

ReadText read_selected(const ReadRequest& request, JobContext& context) {
    ReadText read = read_text(*request.model, request.origin.text(request.which), request.chat, context);
    read.origin = request.origin;
    return read;
}

std::vector<Ids> read_set(const SetRequest& request, JobContext& context) {
    std::vector<Ids> ids;
    for (std::size_t i = 0; i < request.texts->size(); ++i) {
        context.progress(double(i), double(request.texts->size()), "reading the texts");
        ids.push_back(read_text(*request.model, (*request.texts)[i], request.chat, context).ids);
    }
    return ids;
}

std::size_t capture_bytes(const Capture& capture) {
    return sizeof capture + (capture.queries.size() + capture.keys.size()) * sizeof(float);
}
std::size_t own_bytes(const Map& map) {
    return sizeof map + map.weights.size() * sizeof(float);
}
std::size_t own_bytes(const Row& row) {
    return sizeof row + row.weights.size() * sizeof(float);
}
std::size_t own_bytes(const Rows& rows) {
    return sizeof rows + rows.entropy.size() * (3 * sizeof(float) + sizeof(std::int64_t));
}
std::size_t own_bytes(const GainCurves& curves) {
    return sizeof curves + (curves.entropy.size() + curves.row_entropy.size()) * curves.gains.size() * sizeof(double);
}
std::size_t text_bytes(const ReadText& read) {
    return sizeof read + read.text.size() +
           read.ids.size() * (sizeof(Token) + sizeof(std::string) + sizeof(std::int64_t));
}

template <class Request>
const CapturePtr& capture_of(const About<Request>& about) {
    return about.request.capture;
}

/// Whether a figure of these needs their names.
template <class Request>
concept OfHead = requires(const Request& request) {
    request.head;
};
template <class Request>
concept OfToken = requires(const Request& request) {
    request.token;
    request.head;
};
template <class Request>
concept AtGain = requires(const Request& request) {
    request.gain;
};

} // namespace

std::string readable_gain(double gain) {
    if (!std::isfinite(gain)) return "∞";
    char text[32];
    std::snprintf(text, sizeof text, "%.3g", gain);
    return text;
}

struct AttentionSlots::Impl {
    /// Of the newest capture. A cached result of a head keeps its capture in memory, and counts as that too: of a long
    /// text none is cached, and of a layer left behind nothing stays.
    std::shared_ptr<std::atomic<std::size_t>> held = std::make_shared<std::atomic<std::size_t>>(0);

    Slot<ReadRequest, ReadText> reading;
    Slot<SetRequest, std::vector<Ids>> reading_set;
    TextSlot<Request, Result> overview;
    TextSlot<CaptureRequest, Capture> capture, model_capture;
    TextSlot<RowsRequest, Rows> rows;
    TextSlot<RowRequest, Row> row;
    TextSlot<MapRequest, Map> map, detail;
    TextSlot<GainRequest, GainCurves> curves;

    void set_seed(std::uint64_t seed) {
        overview.set_seed(seed);
        capture.set_seed(seed);
        model_capture.set_seed(seed);
        rows.set_seed(seed);
        row.set_seed(seed);
        map.set_seed(seed);
        detail.set_seed(seed);
        curves.set_seed(seed);
    }

    // of this frame
    ModelPtr model;
    Selection selection;
    AttentionOptions options;
    TextOrigin origin;
    OpenSources open;
    InSight in_sight, reads_in_sight;

    explicit Impl(JobSystem& jobs)
        : reading(jobs, {"Reading the text", Lane::interactive, text_bytes}, read_selected),
          reading_set(jobs, {"Reading the texts", Lane::sweep, {}}, read_set),
          overview(jobs, {"All heads", Lane::sweep, {}},
                   [](const auto& wish, JobContext& context) {
                       Request request = wish.request;
                       request.texts = wish.set ? *wish.set : std::vector<Ids>{wish.read->ids};
                       return compute(request, context);
                   }),
          capture(jobs, {"Queries and keys", Lane::interactive, capture_bytes, capture_cache_bytes}, captures()),
          model_capture(jobs, {"Queries and keys", Lane::sweep, capture_bytes, capture_cache_bytes}, captures()),
          rows(jobs, {"Row entropies", Lane::interactive, with_capture<Rows>()},
               [](const auto& wish, JobContext& context) { return compute_rows(wish.request, context); }),
          row(jobs, {"Weights of the query", Lane::interactive, with_capture<Row>()},
              [](const auto& wish, JobContext& context) { return compute_row(wish.request, context); }),
          map(jobs, {"Map of the head", Lane::interactive, with_capture<Map>()}, maps()),
          detail(jobs, {"Part of the map", Lane::interactive, with_capture<Map>()}, maps()),
          curves(jobs, {"Entropy against gain", Lane::sweep, with_capture<GainCurves>()},
                 [](const auto& wish, JobContext& context) { return compute_gain_curves(wish.request, context); }) {}

    TextSlot<CaptureRequest, Capture>::Compute captures() const {
        return [held = held](const auto& wish, JobContext& context) {
            CaptureRequest request = wish.request;
            request.text = wish.read->ids;
            Capture capture = compute_capture(request, context);
            *held = capture_bytes(capture);
            return capture;
        };
    }
    template <class Value>
    std::function<std::size_t(const Value&)> with_capture() const {
        return [held = held](const Value& value) { return own_bytes(value) + *held; };
    }
    static TextSlot<MapRequest, Map>::Compute maps() {
        return [](const auto& wish, JobContext& context) { return compute_map(wish.request, context); };
    }

    int which() const { return origin.set ? std::clamp(selection.text, 0, int(origin.set->size()) - 1) : 0; }
    bool has_text() const { return origin.text(which()).find_first_not_of(" \t\r\n") != std::string::npos; }
    double gain() const { return options.top_one ? INFINITY : selection.gain; }
    double forward_gain() const { return options.every_layer ? gain() : 1; }
    int layer() const { return model ? std::clamp(selection.layer, 0, int(model->config().layers) - 1) : 0; }
    int head() const { return model ? std::clamp(selection.head, 0, int(model->config().heads) - 1) : 0; }
    std::int64_t token_of(const ReadText& read) const {
        const auto last = std::ssize(read.ids) - 1;
        return selection.token < 0 ? last : std::min<std::int64_t>(selection.token, last);
    }

    /// The text as tokens, once that is done for the text of this frame.
    ReadTextPtr ready_text() const { return model && has_text() && !reading.stale() ? reading.result() : nullptr; }

    attention::View view(const ReadTextPtr& read) const {
        attention::View view;
        if (model) view.model_name = model->files().name;
        view.layer = layer();
        view.head = head();
        view.token = read ? token_of(*read) : 0;
        view.gain = gain();
        view.every_layer = options.every_layer;
        view.without_sink = options.without_sink;
        view.renormalize = options.renormalize;
        view.colour = options.colour;
        return view;
    }

    /// What a slot holds with the view that it answers.
    template <class Wish, class Value>
    Answered<Value> answered(const TextSlot<Wish, Value>& slot) const {
        Answered<Value> out;
        static_cast<Asked<Value>&>(out) = asked_of(slot);
        const auto about = slot.result_request();
        out.read = about ? about->read : nullptr;
        out.view = view(out.read);
        if (!about) return out;
        const Wish& answers = about->request;
        if constexpr (requires { answers.capture; }) {
            out.view.layer = answers.capture->layer;
            const auto& name = answers.capture->name;
            out.view.model_name = name.substr(0, name.rfind(" · "));
        }
        if constexpr (OfHead<Wish>) out.view.head = answers.head;
        if constexpr (OfToken<Wish>) out.view.token = answers.token;
        if constexpr (AtGain<Wish>) out.view.gain = answers.gain;
        if constexpr (requires { answers.without_sink; }) {
            out.view.without_sink = answers.without_sink;
            out.view.renormalize = answers.renormalize;
        }
        return out;
    }

    /// Nothing can be asked before `needed` is there: why it is not, if there is a reason.
    template <class Value, class Needed>
    static Answered<Value> waiting(Answered<Value> out, const Asked<Needed>& needed) {
        out.stale = true;
        out.cancelled = needed.cancelled;
        out.error = needed.error;
        out.progress = needed.progress;
        return out;
    }

    template <class Wish, class Value, class Make>
    Answered<Value> ask(TextSlot<Wish, Value>& slot, const SetPtr& of_set, Make make) {
        const auto read = ready_text();
        if (read) slot.want({make(*read), read, model, of_set});
        auto out = answered(slot);
        return read ? out : waiting(std::move(out), asked_of(reading));
    }

    Answered<Capture> captured(bool unscaled) {
        const double wanted = unscaled ? 1 : forward_gain();
        // Unscaled, it is the same one unless the forward pass is turned.
        return ask(wanted == forward_gain() ? capture : model_capture, nullptr, [&](const ReadText&) {
            CaptureRequest request;
            request.model = model;
            request.layer = layer();
            request.gain = wanted;
            return request;
        });
    }

    template <class Wish, class Value, class Make>
    Answered<Value> ask_head(TextSlot<Wish, Value>& slot, bool unscaled, Make make) {
        const auto layer = captured(unscaled);
        const bool can = layer.result && !layer.stale;
        if (can) slot.want({make(layer.result, *layer.read), layer.read, model});
        auto out = answered(slot);
        return can ? out : waiting(std::move(out), layer);
    }

    MapRequest map_request(const CapturePtr& layer) const {
        MapRequest request;
        request.capture = layer;
        request.head = head();
        request.gain = gain();
        request.without_sink = options.without_sink;
        request.renormalize = options.without_sink && options.renormalize;
        request.max_rows = request.max_columns = int(whole_map_tokens);
        return request;
    }

    template <class Change>
    void each(const Change& change) {
        change(reading);
        change(reading_set);
        change(overview);
        change(capture);
        change(model_capture);
        change(rows);
        change(row);
        change(map);
        change(detail);
        change(curves);
    }

    template <class Asking>
    bool closed_source(const Asking& request, const AppState& state) const {
        if constexpr (requires { request.texts; }) {
            if (open.closed(request.texts)) return true;
        }
        if constexpr (requires { request.origin; }) {
            if (request.origin.closed(state)) return true;
        }
        if constexpr (requires { request.read; }) {
            if (request.read->origin.closed(state)) return true;
        }
        return open.closed(request.model);
    }
};

AttentionSlots::AttentionSlots(JobSystem& jobs) : impl_(std::make_unique<Impl>(jobs)) {}
AttentionSlots::~AttentionSlots() = default;

void AttentionSlots::begin_frame(const AppState& state) {
    impl_->model = state.model();
    if (impl_->selection != state.view.selection) impl_->selection = state.view.selection;
    impl_->options = state.view.attention;
    impl_->set_seed(state.view.seed);
    impl_->origin.follow(state);
    if (impl_->open.follow(state))
        impl_->each([&](auto& slot) {
            slot.forget([&](const auto& request) { return impl_->closed_source(request, state); });
        });
    // The text is read for the other workspaces that look into models, too.
    const bool reads = reads_models(state.view.workspace);
    if (impl_->reads_in_sight.left(reads)) impl_->reading.give_up();
    if (impl_->in_sight.left(state.view.workspace == Workspace::attention))
        impl_->each([this](auto& slot) {
            if (static_cast<const void*>(&slot) != &impl_->reading) slot.give_up();
        });
    if (impl_->model && impl_->has_text() && reads)
        impl_->reading.want({impl_->model, impl_->origin, impl_->which(), impl_->options.chat});
}

ModelPtr AttentionSlots::model() const {
    return impl_->model;
}
int AttentionSlots::layer() const {
    return impl_->layer();
}
int AttentionSlots::head() const {
    return impl_->head();
}
std::int64_t AttentionSlots::token() const {
    const auto text = read();
    return text ? impl_->token_of(*text) : -1;
}
double AttentionSlots::gain() const {
    return impl_->gain();
}
bool AttentionSlots::every_layer() const {
    return impl_->forward_gain() != 1;
}

ReadTextPtr AttentionSlots::read() const {
    return impl_->has_text() ? impl_->reading.result() : nullptr;
}
std::optional<Error> AttentionSlots::read_error() const {
    return impl_->reading.error();
}
bool AttentionSlots::read_cancelled() const {
    return impl_->reading.cancelled();
}

Answered<Result> AttentionSlots::overview() {
    Impl& i = *impl_;
    // Two passes over a long text at once would take twice the memory, and the map of the head is there sooner.
    if (const auto read = i.ready_text(); read && std::ssize(read->ids) > one_pass_at_a_time) {
        const auto layer = i.captured(false);
        if (!layer.result || layer.stale) return Impl::waiting(i.answered(i.overview), layer);
    }
    SetPtr set;
    if (i.options.whole_set && i.origin.set && i.model) {
        i.reading_set.want({i.model, i.origin.set, i.options.chat});
        const bool read = i.reading_set.result() && !i.reading_set.stale();
        if (!read) return Impl::waiting(i.answered(i.overview), asked_of(i.reading_set));
        set = i.reading_set.result();
        if (set->empty()) set = nullptr;
    }
    return i.ask(i.overview, set, [&](const ReadText& read) {
        Request request;
        request.model = i.model;
        request.gain = i.forward_gain();
        const HeadColour colour = i.options.colour;
        request.scores = std::ssize(read.ids) <= scores_with_everything ||
                         (colour != HeadColour::entropy && colour != HeadColour::max_weight);
        request.induction_on_random = colour == HeadColour::induction;
        return request;
    });
}

Answered<Capture> AttentionSlots::capture() {
    return impl_->captured(false);
}

Answered<Rows> AttentionSlots::rows() {
    return impl_->ask_head(impl_->rows, false, [this](const CapturePtr& layer, const ReadText&) {
        return RowsRequest{layer, impl_->head(), impl_->gain()};
    });
}

Answered<Row> AttentionSlots::row() {
    return impl_->ask_head(impl_->row, false, [this](const CapturePtr& layer, const ReadText& read) {
        return RowRequest{layer, impl_->head(), impl_->token_of(read), impl_->gain()};
    });
}

Answered<Map> AttentionSlots::map() {
    return impl_->ask_head(impl_->map, false,
                           [this](const CapturePtr& layer, const ReadText&) { return impl_->map_request(layer); });
}

Answered<Map> AttentionSlots::map_detail(const MapRegion& tile) {
    return impl_->ask_head(impl_->detail, false, [&](const CapturePtr& layer, const ReadText&) {
        return detail_request(impl_->map_request(layer), tile);
    });
}

Answered<GainCurves> AttentionSlots::gain_curves() {
    return impl_->ask_head(impl_->curves, true, [this](const CapturePtr& layer, const ReadText& read) {
        GainRequest request;
        request.capture = layer;
        request.gains = gain_axis();
        request.token = impl_->token_of(read);
        return request;
    });
}

bool AttentionSlots::settled() const {
    const auto& i = *impl_;
    return !i.reading.busy() && !i.reading_set.busy() && !i.overview.busy() && !i.capture.busy() &&
           !i.model_capture.busy() && !i.rows.busy() && !i.row.busy() && !i.map.busy() && !i.detail.busy() &&
           !i.curves.busy();
}

double AttentionSlots::forward_seconds() const {
    const auto result = impl_->overview.result();
    return result ? result->forward_seconds : 0;
}
double AttentionSlots::head_seconds() const {
    return impl_->row.result() ? impl_->row.seconds() : 0;
}

} // namespace attnscope::ui
