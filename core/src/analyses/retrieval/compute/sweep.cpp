// Entropy against β: from the query at every β, and following one fixed point as β rises and falls again.
#include "analyses/retrieval/compute/entry_points.h"

#include "analyses/retrieval/compute/dynamics.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace attnscope::compute {
namespace {

/// The centroid is a fixed point at every β, stable or not. A state that reached it is set this far from it, relative
/// to the longest memory, before β moves on, as any disturbance would.
constexpr double disturbance = 1e-3;

/// Follows a fixed point along the table, one β after the other.
class Follower {
public:
    Follower(const retrieval::SweepRequest& request, const retrieval::Spectrum& spectrum, JobContext& context)
        : request_(request), spectrum_(spectrum), context_(context), bank_(key_bank(request.bank, spectrum)),
          state_(Dynamics(request.mode, 1, request.lambda, spectrum).state_of(request.query)),
          start_norm_(norm(state_)) {}

    struct End {
        double entropy = 0, norm = 0;
        bool settled = false;
    };
    /// Follows the map at `beta` from where the last β left off, until the state has settled or all steps are done.
    End follow(double beta) {
        const Dynamics dynamics(request_.mode, beta, request_.lambda, spectrum_);
        disturb(dynamics);
        SettlingWatch watch(settling, spectrum_.max_centered_norm);
        End end;
        for (int step = 0; step < request_.follow_steps && !end.settled; ++step) {
            const std::vector<double> probe = dynamics.probe(state_);
            const kernels::Probe probes[] = {{probe, beta, {}, true}};
            const kernels::PassResult pass = kernels::retrieval_pass(bank_, probes, context_).front();
            std::vector<double> next = dynamics.next(state_, pass, start_norm_);
            end.entropy = pass.entropy;
            for (std::size_t k = 0; k < state_.size(); ++k) state_[k] -= next[k];
            end.settled = watch.settled(norm(state_));
            state_ = std::move(next);
        }
        end.norm = norm(state_);
        return end;
    }

    static constexpr retrieval::Settling settling{};

private:
    void disturb(const Dynamics& dynamics) {
        std::vector<double> centered = dynamics.centered(state_);
        const double least = disturbance * spectrum_.max_centered_norm, length = norm(centered);
        if (length >= least) return;
        for (std::size_t k = 0; k < centered.size(); ++k)
            centered[k] = least * (length > 0 ? centered[k] / length : spectrum_.directions[k]);
        state_ = dynamics.state_at(centered);
    }

    const retrieval::SweepRequest& request_;
    const retrieval::Spectrum& spectrum_;
    JobContext& context_;
    kernels::KeyBank bank_;
    std::vector<double> state_;
    double start_norm_;
};

void check(const retrieval::SweepRequest& request, const retrieval::Spectrum& spectrum) {
    check_bank(request.bank, spectrum);
    check_steps(request.steps);
    check_lambda(request.lambda);
    check_query(request.query, request.bank->d, "query");
    for (const double beta : request.betas) check_beta(beta);
    if (!std::is_sorted(request.betas.begin(), request.betas.end()))
        throw Error(ErrorKind::usage, "betas", "increasing values", "others");
    if (request.hysteresis && request.follow_steps < 1)
        throw Error(ErrorKind::usage, "follow_steps", "at least 1", std::to_string(request.follow_steps));
    if (request.mode == retrieval::Mode::renormalized &&
        norm(Dynamics(request.mode, 1, 0, spectrum).state_of(request.query)) == 0)
        throw Error(ErrorKind::input, "query", "one other than the mean in mode renormalized",
                    "one whose centred norm is 0");
}

} // namespace

retrieval::Sweep sweep(const retrieval::SweepRequest& request, const retrieval::Spectrum& spectrum,
                       JobContext& context) {
    check(request, spectrum);
    const kernels::KeyBank bank = key_bank(request.bank, spectrum);
    const std::size_t count = request.betas.size();
    const double total = request.steps + (request.hysteresis ? 2.0 * static_cast<double>(count) : 0.0);
    retrieval::Sweep out;
    out.betas = request.betas;
    out.entropy_max = std::log(static_cast<double>(bank.n));
    if (count == 0) return out;

    std::vector<Dynamics> dynamics;
    for (const double beta : request.betas) dynamics.emplace_back(request.mode, beta, request.lambda, spectrum);
    std::vector<std::vector<double>> states(count, dynamics.front().state_of(request.query));
    const double start_norm = norm(states.front());
    for (int t = 0; t < request.steps; ++t) {
        context.progress(t, total, "β sweep");
        std::vector<std::vector<double>> points;
        std::vector<kernels::Probe> probes;
        for (std::size_t b = 0; b < count; ++b) points.push_back(dynamics[b].probe(states[b]));
        for (std::size_t b = 0; b < count; ++b) probes.push_back({points[b], request.betas[b], {}, true});
        const std::vector<kernels::PassResult> passes = kernels::retrieval_pass(bank, probes, context);
        auto& entropy = out.entropy.emplace_back();
        auto& norms = out.norm.emplace_back();
        for (std::size_t b = 0; b < count; ++b) {
            states[b] = dynamics[b].next(states[b], passes[b], start_norm);
            entropy.push_back(passes[b].entropy);
            norms.push_back(norm(states[b]));
        }
    }
    if (!request.hysteresis) return out;

    out.follow_steps = request.follow_steps;
    out.settling = Follower::settling;
    for (auto* values : {&out.entropy_up, &out.entropy_down, &out.norm_up, &out.norm_down}) values->resize(count);
    out.settled_up.resize(count);
    out.settled_down.resize(count);
    Follower follower(request, spectrum, context);
    for (std::size_t b = 0; b < count; ++b) {
        context.progress(request.steps + static_cast<double>(b), total, "β rising");
        const Follower::End end = follower.follow(request.betas[b]);
        out.entropy_up[b] = end.entropy;
        out.norm_up[b] = end.norm;
        out.settled_up[b] = end.settled;
    }
    for (std::size_t b = count; b-- > 0;) {
        context.progress(total - static_cast<double>(b) - 1, total, "β falling");
        const Follower::End end = follower.follow(request.betas[b]);
        out.entropy_down[b] = end.entropy;
        out.norm_down[b] = end.norm;
        out.settled_down[b] = end.settled;
    }
    return out;
}

} // namespace attnscope::compute
