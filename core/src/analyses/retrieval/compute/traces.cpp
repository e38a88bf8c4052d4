// Trajectories of queries under the map of each mode, all of them advancing together.
#include "analyses/retrieval/compute/entry_points.h"

#include "analyses/retrieval/compute/dynamics.h"
#include "analyses/retrieval/compute/ranking.h"
#include "kernels/first_step.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

namespace attnscope::compute {
namespace {

using kernels::PassResult;
using kernels::Probe;
using retrieval::Ranked;
using retrieval::Step;
using retrieval::Trace;

constexpr std::size_t listed = 5; ///< top5_…
constexpr std::size_t mass_ranks = 50;
/// Results of more traces than this are not copied out after every step.
constexpr std::size_t most_published = 64;

/// One trajectory under way.
struct Run {
    Dynamics dynamics;
    Trace* trace;
    std::vector<double> state;
    double start_norm = 0;
    double last_entropy = 0;
    bool active = true;
    std::vector<double> probe; ///< of the pass under way
    std::vector<float> logits; ///< (n) of the pass under way
};

std::vector<std::uint32_t> indices(const std::vector<Ranked>& ranked) {
    std::vector<std::uint32_t> out;
    for (std::size_t i = 0; i < std::min(listed, ranked.size()); ++i) out.push_back(ranked[i].index);
    return out;
}

int overlap(const std::vector<std::uint32_t>& left, const std::vector<std::uint32_t>& right) {
    return static_cast<int>(std::count_if(left.begin(), left.end(), [&](std::uint32_t index) {
        return std::find(right.begin(), right.end(), index) != right.end();
    }));
}

retrieval::FixedPoint fixed_point(double entropy, std::size_t n) {
    const double support = std::exp(entropy);
    if (support > static_cast<double>(n) / 2) return retrieval::FixedPoint::global_mean;
    return support < 2 ? retrieval::FixedPoint::single_pattern : retrieval::FixedPoint::metastable;
}

/// Traces `first … end` of the result, in one pass over the bank a step.
class Group {
public:
    Group(const retrieval::TraceRequest& request, const retrieval::Spectrum& spectrum, JobContext& context,
          retrieval::TraceResult& result, std::size_t first, std::size_t end)
        : request_(request), spectrum_(spectrum), context_(context), bank_(key_bank(request.bank, spectrum)) {
        if (request.keep_curves) ranks_ = logarithmic_ranks(bank_.n);
        for (std::size_t i = first; i < end; ++i) {
            Trace& trace = result.traces[i];
            const auto query = std::span<const float>(request.queries[static_cast<std::size_t>(trace.query)]);
            Run run{Dynamics(trace.mode, trace.beta, request.lambda, spectrum), &trace, {}, 0, 0, true, {}, {}};
            run.state = run.dynamics.state_of(query);
            run.start_norm = norm(run.state);
            run.logits.resize(bank_.n);
            trace.steps.push_back(Step{});
            trace.steps.back().norm = run.start_norm;
            trace.states.push_back(run.state);
            trace.predicted_norm = trace.beta * spectrum.lambda_max * run.start_norm;
            runs_.push_back(std::move(run));
        }
    }

    /// Advances every active trajectory by a step. False when none is left.
    bool step(int t) {
        std::vector<Run*> active;
        for (Run& run : runs_)
            if (run.active) active.push_back(&run);
        if (active.empty()) return false;
        const std::vector<Probe> probes = probes_of(active, true);
        const std::vector<PassResult> passes =
            t == 0 ? first_passes(active, probes) : kernels::retrieval_pass(bank_, probes, context_);
        // A few short tasks a trajectory, so that even one alone keeps two cores busy.
        std::vector<Step> steps(active.size());
        const std::size_t kinds = t == 0 ? 3 : 2;
        context_.parallel_for(kinds * active.size(), [&](std::size_t task, int) {
            const std::size_t i = task / kinds;
            switch (task % kinds) {
            case 0: return fill_curve(steps[i], *active[i], passes[i]);
            case 1: return fill_ranking(steps[i], *active[i], t, probes[i], passes[i]);
            default: return rank_raw_query(*active[i], i > 0 ? active[i - 1] : nullptr);
            }
        });
        for (std::size_t i = 0; i < active.size(); ++i) {
            if (t == 0 && i > 0 && active[i]->trace->query == active[i - 1]->trace->query)
                active[i]->trace->top5_raw = active[i - 1]->trace->top5_raw;
            finish_step(std::move(steps[i]), *active[i], t, passes[i]);
        }
        return true;
    }

    /// Ranks the weights at the last states.
    void finish() {
        if (request_.rank_final) {
            std::vector<Run*> all;
            for (Run& run : runs_) all.push_back(&run);
            const std::vector<Probe> probes = probes_of(all, false);
            const std::vector<PassResult> passes = kernels::retrieval_pass(bank_, probes, context_);
            context_.parallel_for(passes.size(), [&](std::size_t i, int) {
                runs_[i].trace->top5_final = indices(largest_weights(bank_, probes[i], passes[i], listed));
                runs_[i].last_entropy = passes[i].entropy;
            });
        }
        for (Run& run : runs_) {
            run.trace->overlap_initial = overlap(run.trace->top5_raw, run.trace->top5_initial);
            run.trace->overlap_final = overlap(run.trace->top5_raw, run.trace->top5_final);
            run.trace->fixed_point = fixed_point(run.last_entropy, bank_.n);
        }
    }

private:
    std::vector<Probe> probes_of(const std::vector<Run*>& runs, bool update) const {
        std::vector<Probe> probes;
        for (Run* run : runs) {
            run->probe = run->dynamics.probe(run->state);
            probes.push_back({run->probe, run->dynamics.beta(), run->logits, update});
        }
        return probes;
    }

    /// From the table of the first step where there is one for every trajectory, else from the bank.
    std::vector<PassResult> first_passes(const std::vector<Run*>& active, const std::vector<Probe>& probes) const {
        std::vector<PassResult> passes;
        const retrieval::FirstStep* const table = request_.first_step.get();
        for (std::size_t i = 0; table && i < active.size(); ++i) {
            const bool raw = active[i]->dynamics.mode() == retrieval::Mode::raw;
            if (table->raw != raw ||
                table->query != request_.queries[static_cast<std::size_t>(active[i]->trace->query)])
                break;
            auto pass = kernels::first_step_pass(*table, bank_, probes[i], context_);
            if (!pass) break;
            passes.push_back(std::move(*pass));
        }
        return passes.size() == active.size() ? passes : kernels::retrieval_pass(bank_, probes, context_);
    }

    /// top5_raw, once for the traces of a query: the first step's products plus what centring the probe took off them.
    void rank_raw_query(Run& run, const Run* before) const {
        if (before != nullptr && before->trace->query == run.trace->query) return;
        const auto& query = request_.queries[static_cast<std::size_t>(run.trace->query)];
        const std::vector<double> raw(query.begin(), query.end());
        const bool shifted = run.dynamics.mode() != retrieval::Mode::raw;
        const auto narrow = static_cast<float>(1 / run.dynamics.beta());
        std::vector<float> products(bank_.n);
        for (std::size_t i = 0; i < bank_.n; ++i)
            products[i] = run.logits[i] * narrow + (shifted ? spectrum_.mean_products[i] : 0);
        const Probe probe{raw, 1, {}, false}, mean{spectrum_.mean, 1, {}, false};
        const double error = 2 * (kernels::logit_error(bank_, probe) + kernels::logit_error(bank_, mean));
        run.trace->top5_raw.clear();
        for (const RankedLogit& each : largest_logits(bank_, raw, 1, 0, products, error, listed))
            run.trace->top5_raw.push_back(each.index);
    }

    void fill_curve(Step& step, const Run& run, const PassResult& pass) const {
        if (!request_.keep_curves) return;
        const double log_sum = pass.log_mean_exp + std::log(static_cast<double>(bank_.n));
        step.curve_rank = ranks_;
        step.curve_weight = values_at_ranks(run.logits, ranks_);
        for (float& value : step.curve_weight)
            value = static_cast<float>(std::exp(static_cast<double>(value) - log_sum));
    }

    void fill_ranking(Step& step, Run& run, int t, const Probe& probe, const PassResult& pass) const {
        const std::size_t wanted = std::max(static_cast<std::size_t>(request_.top), t == 0 ? mass_ranks : 0);
        step.top = largest_weights(bank_, probe, pass, wanted);
        if (t == 0) {
            for (std::size_t i = 0; i < std::min(mass_ranks, step.top.size()); ++i) {
                run.trace->mass_top50 += step.top[i].weight;
                if (i < listed) run.trace->mass_top5 += step.top[i].weight;
            }
            // Rounding of the sums alone.
            run.trace->mass_top5 = std::min(run.trace->mass_top5, 1.0);
            run.trace->mass_top50 = std::min(run.trace->mass_top50, 1.0);
            run.trace->top5_initial = indices(step.top);
        }
        step.top.resize(std::min(step.top.size(), static_cast<std::size_t>(request_.top)));
    }

    void finish_step(Step step, Run& run, int t, const PassResult& pass) const {
        Trace& trace = *run.trace;
        std::vector<double> next = run.dynamics.next(run.state, pass, run.start_norm);
        step.t = t + 1;
        step.entropy = pass.entropy;
        step.max_weight = pass.max_weight;
        step.energy = run.dynamics.energy(run.probe, pass);
        step.norm = norm(next);
        const std::span<const double> leading(spectrum_.directions.data(), bank_.d);
        step.cos_v1 = step.norm > 0 ? std::abs(dot(next, leading)) / step.norm : 0;
        double squares = 0;
        for (std::size_t k = 0; k < next.size(); ++k) squares += (next[k] - run.state[k]) * (next[k] - run.state[k]);
        step.delta = std::sqrt(squares);
        if (t == 0)
            trace.norm_ratio =
                run.start_norm > 0 ? step.norm / run.start_norm : std::numeric_limits<double>::quiet_NaN();
        run.last_entropy = pass.entropy;
        run.state = next;
        run.active = !(step.delta < request_.tolerance);
        trace.converged = !run.active;
        trace.steps.push_back(std::move(step));
        trace.states.push_back(std::move(next));
    }

    const retrieval::TraceRequest& request_;
    const retrieval::Spectrum& spectrum_;
    JobContext& context_;
    kernels::KeyBank bank_;
    std::vector<std::uint32_t> ranks_;
    std::vector<Run> runs_;
};

void check(const retrieval::TraceRequest& request, const retrieval::Spectrum& spectrum) {
    check_bank(request.bank, spectrum);
    ATTNSCOPE_ASSERT(spectrum.mean_products.size() == request.bank->n);
    check_steps(request.steps);
    check_lambda(request.lambda);
    for (const double beta : request.betas) check_beta(beta);
    if (!(request.tolerance >= 0))
        throw Error(ErrorKind::usage, "tol", "a number of at least 0", std::to_string(request.tolerance));
    if (request.top < 0) throw Error(ErrorKind::usage, "top", "at least 0", std::to_string(request.top));
    for (std::size_t i = 0; i < request.queries.size(); ++i) {
        const std::string name = "query " + std::to_string(i);
        check_query(request.queries[i], request.bank->d, name);
        for (const retrieval::Mode mode : request.modes) {
            if (mode != retrieval::Mode::renormalized) continue;
            if (norm(Dynamics(mode, 1, 0, spectrum).state_of(request.queries[i])) == 0)
                throw Error(ErrorKind::input, name, "a query other than the mean in mode renormalized",
                            "one whose centred norm is 0");
        }
    }
}

} // namespace

retrieval::FirstStep first_step(const retrieval::FirstStepRequest& request, const retrieval::Spectrum& spectrum,
                                JobContext& context) {
    check_bank(request.bank, spectrum);
    check_query(request.query, request.bank->d, "query");
    const retrieval::Mode mode = request.raw ? retrieval::Mode::raw : retrieval::Mode::centered;
    const Dynamics dynamics(mode, 1, 0, spectrum);
    const double largest_beta = 8 * spectrum.beta_critical.value_or(1);
    retrieval::FirstStep table = kernels::first_step_table(
        key_bank(request.bank, spectrum), dynamics.probe(dynamics.state_of(request.query)), largest_beta, context);
    table.query = request.query;
    table.raw = request.raw;
    return table;
}

retrieval::TraceResult traces(const retrieval::TraceRequest& request, const retrieval::Spectrum& spectrum,
                              JobContext& context) {
    check(request, spectrum);
    retrieval::TraceResult result;
    result.entropy_max = std::log(static_cast<double>(request.bank->n));
    for (std::size_t query = 0; query < request.queries.size(); ++query)
        for (const retrieval::Mode mode : request.modes)
            for (const double beta : request.betas) {
                Trace trace;
                trace.query = static_cast<int>(query);
                trace.mode = mode;
                trace.beta = beta;
                result.traces.push_back(std::move(trace));
            }
    const std::size_t total = result.traces.size();
    const std::size_t size = kernels::states_per_pass(request.bank->n, request.bank->d, true);
    const int passes = request.steps + (request.rank_final ? 1 : 0);
    for (std::size_t first = 0; first < total; first += size) {
        const std::size_t end = std::min(total, first + size);
        Group group(request, spectrum, context, result, first, end);
        for (int t = 0; t < request.steps && group.step(t); ++t) {
            const double done = static_cast<double>(first) + static_cast<double>((end - first) * (t + 1)) / passes;
            context.progress(done, static_cast<double>(total), "steps");
            if (total <= most_published && t + 1 < passes)
                context.publish(std::make_shared<const retrieval::TraceResult>(result));
        }
        group.finish();
    }
    return result;
}

} // namespace attnscope::compute
