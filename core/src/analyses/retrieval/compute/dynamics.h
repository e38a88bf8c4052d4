// What the retrieval analyses share: the map of each mode, its energy, and checks of what they are given.
#pragma once

#include <attnscope/retrieval.h>

#include "kernels/retrieval_pass.h"

#include <span>
#include <vector>

namespace attnscope::compute {

/// Throws Error{input} for a bank of fewer than two memories or that the spectrum does not belong to.
void check_bank(const retrieval::BankPtr& bank, const retrieval::Spectrum& spectrum);
/// Throws Error{usage} unless 0 < β < ∞.
void check_beta(double beta);
void check_steps(int steps);
/// Throws Error{input} for a length other than d or a value that is not finite; `name` says which query.
void check_query(const retrieval::Query& query, std::size_t d, const std::string& name);
void check_lambda(double lambda);

double norm(std::span<const double> vector);
double dot(std::span<const double> left, std::span<const double> right);

/// The bank for the kernels; `spectrum` outlives it.
kernels::KeyBank key_bank(const retrieval::BankPtr& bank, const retrieval::Spectrum& spectrum);

/// Follows the steps of one state and says when it has settled.
class SettlingWatch {
public:
    SettlingWatch(const retrieval::Settling& settling, double longest_memory)
        : step_(settling.step * longest_memory), rest_(settling.rest * longest_memory) {}

    /// After a step of length `moved`. The first step tells no ratio: a state settles in it only when it does not move.
    bool settled(double moved) noexcept {
        const double ratio = moved / previous_;
        previous_ = moved;
        return moved == 0 || (moved <= step_ && ratio < 1 && moved * ratio <= rest_ * (1 - ratio));
    }

private:
    double step_, rest_, previous_ = 0;
};

/// One mode's map q ← f(q). States live in the raw space (raw, hybrid) or the centred one.
class Dynamics {
public:
    Dynamics(retrieval::Mode mode, double beta, double lambda, const retrieval::Spectrum& spectrum)
        : mode_(mode), beta_(beta), lambda_(lambda), spectrum_(&spectrum) {}

    bool raw_space() const noexcept { return mode_ == retrieval::Mode::raw || mode_ == retrieval::Mode::hybrid; }
    double beta() const noexcept { return beta_; }
    retrieval::Mode mode() const noexcept { return mode_; }

    /// The raw query as a state of this mode.
    std::vector<double> state_of(std::span<const float> query) const;
    /// A point of the centred space as a state of this mode, and back.
    std::vector<double> state_at(std::span<const double> centered) const;
    std::vector<double> centered(std::span<const double> state) const;
    /// What the keys are probed with: q − μ in hybrid, else q.
    std::vector<double> probe(std::span<const double> state) const;
    /// The next state. `start_norm` is that of the first state (renormalized).
    std::vector<double> next(std::span<const double> state, const kernels::PassResult& pass, double start_norm) const;
    /// −lse(βKx)/β + ½‖x‖² + ln n/β + ½ max‖k‖² of the probe x, in the keys' space.
    double energy(std::span<const double> probe, const kernels::PassResult& pass) const;

private:
    retrieval::Mode mode_;
    double beta_, lambda_;
    const retrieval::Spectrum* spectrum_;
};

} // namespace attnscope::compute
