#include "ui/analyses/retrieval/state/slots.h"

#include "state/latency.h"
#include "state/open_sources.h"
#include "ui/analyses/retrieval/state/query.h"

#include <algorithm>
#include <cmath>

namespace attnscope::ui {

namespace {

using retrieval::Spectrum;

constexpr std::size_t small_bank = 1'000'000; // numbers

/// A request together with the spectrum its computation needs.
template <class Request>
struct WithSpectrum {
    Request request;
    std::shared_ptr<const Spectrum> spectrum;
    bool operator==(const WithSpectrum&) const = default;
};

template <class Request, class Result>
using SpectrumSlot = Slot<WithSpectrum<Request>, Result>;

const Bank* bank_of(const retrieval::SpectrumRequest& request) {
    return request.bank.get();
}
template <class Request>
const Bank* bank_of(const WithSpectrum<Request>& request) {
    return request.request.bank.get();
}

/// What a slot holds, as a panel may use it: a result of another bank is none, its indices would mean other texts.
template <class Request, class Result>
Asked<Result> asked(const Slot<Request, Result>& slot, const Bank* bank) {
    Asked<Result> out = asked_of(slot);
    const auto request = slot.result_request();
    if (!request || bank_of(*request) != bank) out.result.reset();
    return out;
}

std::size_t trace_bytes(const retrieval::TraceResult& result) {
    std::size_t bytes = sizeof result;
    for (const auto& trace : result.traces) {
        for (const auto& state : trace.states) bytes += state.size() * sizeof(double);
        for (const auto& step : trace.steps)
            bytes += sizeof step + step.top.size() * sizeof(retrieval::Ranked) + step.curve_rank.size() * 8;
    }
    return bytes;
}

std::size_t first_step_bytes(const retrieval::FirstStep& table) {
    return sizeof table + table.sums.size() * sizeof(float) +
           (table.products.size() + table.counts.size()) * sizeof(double);
}

std::size_t plane_bytes(const retrieval::Plane& plane) {
    return sizeof plane + plane.energy.size() * 4 + plane.memories.size() * 12 + plane.basin.size() * 4;
}

} // namespace

struct RetrievalSlots::Impl {
    std::shared_ptr<Latency> latency = std::make_shared<Latency>();
    Slot<retrieval::SpectrumRequest, Spectrum> spectrum;
    SpectrumSlot<retrieval::FirstStepRequest, retrieval::FirstStep> first_step;
    SpectrumSlot<retrieval::TraceRequest, retrieval::TraceResult> trace, beta_table, all_modes;
    SpectrumSlot<retrieval::SweepRequest, retrieval::Sweep> sweep, hysteresis;
    SpectrumSlot<retrieval::PlaneRequest, retrieval::Plane> plane;
    SpectrumSlot<retrieval::OriginRequest, std::vector<retrieval::OriginTest>> origin;
    SpectrumSlot<retrieval::SeparationRequest, retrieval::Separation> separation;

    void set_seed(std::uint64_t seed) {
        plane.set_seed(seed);
        separation.set_seed(seed);
    }

    // of this frame
    retrieval::BankPtr bank;
    Selection selection;
    RetrievalOptions options;
    bool dragging = false;
    bool moving = false; ///< β has just been dragged: the cores belong to the trace
    double moved_beta = 0, moved_at = 0;
    RetrievalQuery query;
    OpenSources open;
    InSight in_sight;

    explicit Impl(JobSystem& jobs)
        : spectrum(jobs, {"Spectrum", Lane::interactive, {}},
                   [](const auto& request, JobContext& context) { return compute_spectrum(request, context); }),
          first_step(jobs, {"First step at any β", Lane::sweep, first_step_bytes},
                     [](const auto& wish, JobContext& context) {
                         return compute_first_step(wish.request, *wish.spectrum, context);
                     }),
          trace(jobs, {"Trace", Lane::interactive, trace_bytes},
                [latency = latency](const auto& wish, JobContext& context) {
                    auto result = compute_traces(wish.request, *wish.spectrum, context);
                    latency->answered(wish.request.betas.front(), wish.request.steps);
                    return result;
                }),
          beta_table(jobs, {"Traces over β", Lane::sweep, trace_bytes}, traces()),
          all_modes(jobs, {"Five modes", Lane::sweep, trace_bytes}, traces()),
          sweep(jobs, {"Entropy against β", Lane::sweep, {}}, sweeps()),
          hysteresis(jobs, {"Hysteresis", Lane::sweep, {}}, sweeps()),
          plane(jobs, {"Plane", Lane::sweep, plane_bytes},
                [](const auto& wish, JobContext& context) {
                    return compute_plane(wish.request, *wish.spectrum, context);
                }),
          origin(jobs, {"Origin test", Lane::sweep, {}},
                 [](const auto& wish, JobContext& context) {
                     return compute_origin_tests(wish.request, *wish.spectrum, context);
                 }),
          separation(jobs, {"Separation", Lane::sweep, {}},
                     [](const auto& wish, JobContext& context) {
                         return compute_separation(wish.request, *wish.spectrum, context);
                     }),
          query(jobs) {}

    static SpectrumSlot<retrieval::TraceRequest, retrieval::TraceResult>::Compute traces() {
        return
            [](const auto& wish, JobContext& context) { return compute_traces(wish.request, *wish.spectrum, context); };
    }
    static SpectrumSlot<retrieval::SweepRequest, retrieval::Sweep>::Compute sweeps() {
        return
            [](const auto& wish, JobContext& context) { return compute_sweep(wish.request, *wish.spectrum, context); };
    }

    bool closed_bank(const retrieval::SpectrumRequest& request) const { return open.closed(request.bank); }
    template <class Request>
    bool closed_bank(const WithSpectrum<Request>& request) const {
        return open.closed(request.request.bank);
    }

    /// The spectrum of the selected bank, once it is there.
    std::shared_ptr<const Spectrum> ready_spectrum() {
        if (!bank) return nullptr;
        spectrum.want({bank, 16});
        return spectrum.stale() ? nullptr : spectrum.result();
    }

    /// Asks `slot` for what `make` describes, as soon as the spectrum and (if needed) the query are there.
    template <class Request, class Result, class Make>
    Asked<Result> ask(SpectrumSlot<Request, Result>& slot, bool needs_query, Make make) {
        const auto known = ready_spectrum();
        const bool can = known && (!needs_query || !query.values().empty());
        if (can) slot.want({make(*known), known});
        auto out = asked(slot, bank.get());
        if (!can) {
            out.stale = true;
            out.error.reset();
            if (bank && !known) {
                out.error = spectrum.error();
                out.progress = spectrum.progress();
                out.cancelled = spectrum.cancelled();
            }
            if (!out.error && needs_query) out.error = query.error();
            out.cancelled = out.cancelled || (needs_query && query.cancelled());
        }
        return out;
    }

    double beta() const {
        if (selection.beta > 0) return selection.beta;
        const auto request = spectrum.result_request();
        const auto known = spectrum.result();
        return known && request && request->bank == bank ? retrieval::default_beta(*known) : 1;
    }

    /// While something is dragged only what the step under the cursor needs is computed.
    int steps() const { return dragging ? std::clamp(selection.step, 1, options.steps) : options.steps; }

    bool large_bank() const { return bank && bank->n * bank->d > small_bank; }

    /// Made once for a query of a large bank, so that it is there when the hand gets to the slider. Null before that.
    std::shared_ptr<const retrieval::FirstStep> ready_first_step() {
        if (!large_bank()) return nullptr;
        const auto out = ask(first_step, true, [this](const Spectrum&) {
            return retrieval::FirstStepRequest{bank, query.values(), selection.mode == retrieval::Mode::raw};
        });
        return out.stale ? nullptr : out.result;
    }

    retrieval::TraceRequest trace_request(std::vector<double> betas, std::vector<retrieval::Mode> modes) const {
        retrieval::TraceRequest request;
        request.bank = bank;
        request.queries = {query.values()};
        request.betas = std::move(betas);
        request.modes = std::move(modes);
        request.steps = steps();
        request.lambda = options.lambda;
        request.top = 10;
        request.rank_final = !dragging;
        return request;
    }

    retrieval::SweepRequest sweep_request(const Spectrum& known, bool follow) const {
        retrieval::SweepRequest request;
        request.bank = bank;
        request.query = query.values();
        request.mode = selection.mode;
        request.lambda = options.lambda;
        request.betas = retrieval::beta_axis(known);
        request.steps = options.steps;
        request.hysteresis = follow;
        return request;
    }

    retrieval::PlaneRequest plane_request() const {
        retrieval::PlaneRequest request;
        request.bank = bank;
        request.query = query.values();
        request.mode = selection.mode;
        request.lambda = options.lambda;
        request.beta = beta();
        request.steps = options.steps;
        request.x = options.plane_x;
        request.y = options.plane_y;
        request.basins = options.basins;
        if (dragging) {
            request.width /= 3;
            request.height /= 3;
            request.basins = false;
        }
        return request;
    }

    template <class Change>
    void each(const Change& change) {
        change(spectrum);
        change(first_step);
        change(trace);
        change(beta_table);
        change(all_modes);
        change(sweep);
        change(hysteresis);
        change(plane);
        change(origin);
        change(separation);
    }

    /// A hand that rests on the slider gets the plane as well.
    void follow_hand(double seconds) {
        constexpr double rest_seconds = 0.12;
        if (selection.beta != moved_beta) moved_at = seconds;
        moved_beta = selection.beta;
        moving = dragging && seconds - moved_at < rest_seconds;
    }
};

RetrievalSlots::RetrievalSlots(JobSystem& jobs) : impl_(std::make_unique<Impl>(jobs)) {}
RetrievalSlots::~RetrievalSlots() = default;

void RetrievalSlots::begin_frame(const AppState& state) {
    impl_->bank = state.bank();
    if (impl_->selection != state.view.selection) impl_->selection = state.view.selection;
    impl_->options = state.view.retrieval;
    impl_->set_seed(state.view.seed);
    // A small bank is done with everything in a frame, dragging or not.
    impl_->dragging = state.dragging && impl_->large_bank();
    impl_->query.follow(state);
    if (impl_->open.follow(state))
        impl_->each(
            [this](auto& slot) { slot.forget([this](const auto& request) { return impl_->closed_bank(request); }); });
    if (impl_->in_sight.left(state.view.workspace == Workspace::retrieval)) {
        impl_->each([](auto& slot) { slot.give_up(); });
        impl_->query.give_up();
    }
    impl_->follow_hand(state.seconds);
}

const retrieval::Query& RetrievalSlots::query() const {
    return impl_->query.values();
}
std::optional<Error> RetrievalSlots::query_error() const {
    return impl_->query.error();
}
std::string RetrievalSlots::query_label() const {
    return impl_->query.label();
}

retrieval::View RetrievalSlots::view() const {
    return {impl_->bank, impl_->beta(), impl_->selection.step, impl_->selection.mode, impl_->query.label()};
}

Asked<Spectrum> RetrievalSlots::spectrum() {
    if (impl_->bank) impl_->spectrum.want({impl_->bank, 16});
    return asked(impl_->spectrum, impl_->bank.get());
}

Asked<retrieval::TraceResult> RetrievalSlots::trace() {
    const double beta = impl_->beta();
    const int steps = impl_->steps();
    const auto first_step = impl_->ready_first_step();
    impl_->latency->asked(beta, steps);
    auto out = impl_->ask(impl_->trace, true, [&](const Spectrum&) {
        auto request = impl_->trace_request({beta}, {impl_->selection.mode});
        request.keep_curves = true;
        if (impl_->dragging) request.first_step = first_step;
        return request;
    });
    if (!out.stale) impl_->latency->answered(beta, steps); // from the cache
    return out;
}

Asked<retrieval::TraceResult> RetrievalSlots::beta_table() {
    return impl_->ask(impl_->beta_table, true, [this](const Spectrum&) {
        std::vector<double> betas{5, 20, 50, 100};
        const double beta = impl_->beta();
        if (std::find(betas.begin(), betas.end(), beta) == betas.end()) betas.push_back(beta);
        std::sort(betas.begin(), betas.end());
        return impl_->trace_request(std::move(betas), {impl_->selection.mode});
    });
}

Asked<retrieval::TraceResult> RetrievalSlots::all_modes() {
    return impl_->ask(impl_->all_modes, true, [this](const Spectrum&) {
        return impl_->trace_request({impl_->beta()}, {retrieval::all_modes.begin(), retrieval::all_modes.end()});
    });
}

Asked<retrieval::Sweep> RetrievalSlots::sweep() {
    return impl_->ask(impl_->sweep, true, [this](const Spectrum& known) { return impl_->sweep_request(known, false); });
}

Asked<retrieval::Sweep> RetrievalSlots::hysteresis() {
    return impl_->ask(impl_->hysteresis, true,
                      [this](const Spectrum& known) { return impl_->sweep_request(known, true); });
}

Asked<retrieval::Plane> RetrievalSlots::plane() {
    if (impl_->moving) {
        auto out = asked(impl_->plane, impl_->bank.get());
        out.stale = true;
        return out;
    }
    return impl_->ask(impl_->plane, true, [this](const Spectrum&) { return impl_->plane_request(); });
}

Asked<std::vector<retrieval::OriginTest>> RetrievalSlots::origin() {
    return impl_->ask(impl_->origin, false, [this](const Spectrum&) {
        retrieval::OriginRequest request;
        request.bank = impl_->bank;
        return request;
    });
}

Asked<retrieval::Separation> RetrievalSlots::separation() {
    return impl_->ask(impl_->separation, false, [this](const Spectrum&) {
        retrieval::SeparationRequest request;
        request.bank = impl_->bank;
        request.centered = !retrieval::raw_keys(impl_->selection.mode);
        return request;
    });
}

bool RetrievalSlots::settled() const {
    const auto& i = *impl_;
    return !i.spectrum.busy() && !i.query.busy() && !i.first_step.busy() && !i.trace.busy() && !i.beta_table.busy() &&
           !i.all_modes.busy() && !i.sweep.busy() && !i.hysteresis.busy() && !i.plane.busy() && !i.origin.busy() &&
           !i.separation.busy();
}

double RetrievalSlots::last_trace_seconds() const {
    return impl_->latency->last();
}
std::vector<double> RetrievalSlots::take_trace_latencies() {
    return impl_->latency->take();
}

} // namespace attnscope::ui
