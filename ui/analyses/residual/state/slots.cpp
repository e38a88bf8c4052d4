#include "ui/analyses/residual/state/slots.h"

#include "state/open_sources.h"
#include "state/view_job.h"

#include <algorithm>

namespace attnscope::ui {

namespace {

struct TextRequest {
    ModelPtr model;
    TokenSource source;
    TextOrigin origin;
    residual::Parameters parameters; ///< of what it depends on alone
    bool operator==(const TextRequest&) const = default;
};

SweptText read_text(const TextRequest& request, JobContext&) {
    SweptText out;
    out.ids = residual_tokens(request.source, request.parameters, *request.model);
    out.texts = token_texts(*request.model, out.ids);
    return out;
}

/// What spectra are asked of: shared, as its tokens are many and it is compared in every frame.
struct SpectraRequest {
    ResidualRun::RequestPtr request;
    TextOrigin origin;
    bool operator==(const SpectraRequest& other) const {
        return request == other.request || (request && other.request && *request == *other.request);
    }
};

std::size_t text_bytes(const SweptText& text) {
    return text.ids.size() * 48;
}

std::size_t spectra_bytes(const residual::Spectra& spectra) {
    return sizeof spectra + spectra.heads_found.size() *
                                (sizeof(residual::HeadSpectrum) + 2 * sizeof(double) * std::size_t(spectra.head_dim));
}

} // namespace

struct ResidualSlots::Impl {
    Slot<TextRequest, SweptText> text;
    Slot<SpectraRequest, residual::Spectra> spectra;
    bool pinned;

    // of this frame
    ModelPtr model;
    View shown;
    std::optional<TokenSource> source;
    TextOrigin origin;
    ResidualRun::RequestPtr request; // without where it goes on from
    SpectraRequest spectra_request;  // the same without what a sweep alone depends on
    std::optional<residual::Plan> plan;
    std::optional<Error> error;
    // what the plan was made for
    std::shared_ptr<const SweptText> planned_text;
    ModelPtr planned_model;
    TextOrigin planned_origin;
    residual::Parameters planned;
    OpenSources open;
    InSight in_sight;

    Impl(JobSystem& jobs, bool of_pinned)
        : text(jobs, {"Reading the text", Lane::interactive, text_bytes}, read_text),
          spectra(jobs, {"Spectra of all heads", Lane::sweep, spectra_bytes},
                  [](const SpectraRequest& wish, JobContext& context) {
                      return residual::compute_spectra(*wish.request, context);
                  }),
          pinned(of_pinned) {}

    void want_text() {
        const residual::Parameters& asked = shown.residual.parameters;
        residual::Parameters needed;
        needed.seq_len = asked.seq_len;
        needed.blocks = asked.blocks;
        needed.calibration = asked.calibration;
        needed.calibration_blocks = asked.calibration_blocks;
        text.want({model, *source, origin, needed});
    }

    void forget_plan() {
        plan.reset();
        request.reset();
        error.reset();
        planned_text.reset();
        planned_model.reset();
        planned_origin = {};
        spectra_request = {};
    }

    void make_plan() {
        const auto read = text.stale() ? nullptr : text.result();
        const residual::Parameters& asked = shown.residual.parameters;
        if (planned_text == read && planned_model == model && planned == asked && read) return;
        planned_text = read;
        planned_model = model;
        planned_origin = origin;
        planned = asked;
        request.reset();
        plan.reset();
        error = text.error();
        if (!read || error) return;
        residual::Request whole{model, read->ids, asked, Precision::float32, nullptr};
        try {
            plan = residual::plan(whole);
            // However they were chosen, equal layers and ranks are one sweep.
            whole.parameters.layers = plan->layers;
            whole.parameters.ranks = plan->ranks;
            request = std::make_shared<const residual::Request>(whole);
            whole.parameters.layers.clear();
            whole.parameters.heads.clear();
            whole.parameters.ranks.clear();
            spectra_request = {std::make_shared<const residual::Request>(std::move(whole)), origin};
        } catch (const Error& refused) {
            error = refused;
            request.reset();
        }
    }
};

ResidualSlots::ResidualSlots(JobSystem& jobs, ResidualRun& run, bool pinned)
    : run_(run), impl_(std::make_unique<Impl>(jobs, pinned)) {}
ResidualSlots::~ResidualSlots() = default;

void ResidualSlots::begin_frame(const AppState& state) {
    Impl& i = *impl_;
    i.model = state.model();
    if (i.shown != state.view) i.shown = state.view;
    if (i.open.follow(state)) {
        const auto closed = [&](const ModelPtr& model, const TextOrigin& origin) {
            return i.open.closed(model) || origin.closed(state);
        };
        i.text.forget([&](const TextRequest& request) { return closed(request.model, request.origin); });
        i.spectra.forget([&](const SpectraRequest& wish) { return closed(wish.request->model, wish.origin); });
        if (closed(i.planned_model, i.planned_origin)) i.forget_plan();
        run_.forget(
            [&](const residual::Request& request, const TextOrigin& origin) { return closed(request.model, origin); });
    }
    if (i.in_sight.left(state.view.workspace == Workspace::residual)) {
        i.text.give_up();
        i.spectra.give_up();
        if (!i.pinned) run_.give_up();
    }
    i.source.reset();
    i.origin.follow(state);
    if (!i.model || state.view.workspace != Workspace::residual) return;
    const Source* const source = state.find(state.view.selection.prompt);
    if (source && !source->loading) i.source = swept_source(*source, i.model->files().has_tokenizer);
    if (!i.source) return i.forget_plan();
    i.want_text();
    i.make_plan();
}

ModelPtr ResidualSlots::model() const {
    return impl_->model;
}
std::optional<residual::Plan> ResidualSlots::plan() const {
    return impl_->plan;
}
std::optional<Error> ResidualSlots::error() const {
    return impl_->error;
}
std::shared_ptr<const SweptText> ResidualSlots::text() const {
    return impl_->planned_text;
}

residual::View ResidualSlots::view() const {
    const Impl& i = *impl_;
    residual::View view;
    const ResidualOptions& options = i.shown.residual;
    if (i.model) {
        const ModelConfig& config = i.model->config();
        view.model_name = i.model->files().name;
        view.layer = std::clamp(i.shown.selection.layer, 0, int(config.layers) - 1);
        view.head = std::clamp(i.shown.selection.head, 0, int(config.heads) - 1);
    }
    view.parameters = options.parameters;
    view.rank = i.shown.selection.rank;
    view.block = options.block;
    if (!i.request) return view;
    view.block = std::clamp<std::int64_t>(view.block, 0, i.plan->blocks - 1);
    if (const auto result = run_.result(i.request)) {
        if (view.rank < 0) view.rank = std::max(residual::verdict(*result).rank, 0);
        if (const auto* const point = residual::selected_point(view, *result)) view.rank = point->rank;
    }
    return view;
}

Asked<residual::Result> ResidualSlots::sweep() {
    Impl& i = *impl_;
    Asked<residual::Result> out;
    out.error = i.error;
    out.cancelled = i.text.cancelled();
    if (!i.request) return out;
    out.cancelled = false;
    if (i.pinned) {
        run_.want_pinned(i.request, i.planned_origin);
    } else {
        // The sweep waits for the spectra, lest two passes share the cores; they are there long before it ends.
        spectra();
        run_.want(i.request, i.planned_origin);
    }
    out.result = run_.result(i.request);
    out.error = run_.error(i.request);
    // A snapshot is what is asked for, as far as it goes: it is not drawn dimmed.
    out.stale = false;
    out.progress = run_.progress();
    out.generation = run_.generation();
    if (out.result) out.seconds = out.result->seconds;
    return out;
}

Asked<residual::Spectra> ResidualSlots::spectra() {
    Impl& i = *impl_;
    Asked<residual::Spectra> out;
    out.error = i.error;
    out.cancelled = i.text.cancelled();
    if (!i.request) return out;
    out.cancelled = false;
    i.spectra.want(i.spectra_request);
    return asked_of(i.spectra);
}

residual::ResultPtr ResidualSlots::shown_result() const {
    return impl_->request ? run_.result(impl_->request) : nullptr;
}

std::shared_ptr<const residual::Spectra> ResidualSlots::shown_spectra() const {
    return impl_->request ? impl_->spectra.result() : nullptr;
}

bool ResidualSlots::stopped() const {
    return impl_->request && run_.stopped(impl_->request);
}
bool ResidualSlots::running() const {
    return impl_->request && run_.running(impl_->request);
}

bool ResidualSlots::settled() const {
    return !impl_->text.busy() && !impl_->spectra.busy() && (impl_->pinned || !run_.running());
}

std::optional<ResidualJob> ResidualSlots::job() const {
    const Impl& i = *impl_;
    if (!i.request || !i.source) return std::nullopt;
    const residual::View shown = view();
    ResidualJob job = residual_job_of(i.shown, i.model->files().path, *i.source);
    job.request = *i.request;
    job.cursor = {shown.layer, shown.head, shown.rank, int(shown.block)};
    return job;
}

} // namespace attnscope::ui
