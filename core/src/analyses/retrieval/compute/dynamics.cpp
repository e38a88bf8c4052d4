#include "analyses/retrieval/compute/dynamics.h"

#include <cmath>
#include <string>

namespace attnscope::compute {

using retrieval::Mode;

void check_bank(const retrieval::BankPtr& bank, const retrieval::Spectrum& spectrum) {
    ATTNSCOPE_ASSERT(bank != nullptr);
    if (bank->n < 2) throw Error(ErrorKind::input, bank->name, "at least 2 memories", std::to_string(bank->n));
    ATTNSCOPE_ASSERT(spectrum.n == bank->n && spectrum.d == bank->d && spectrum.mean.size() == bank->d);
}

void check_beta(double beta) {
    if (!(beta > 0) || !std::isfinite(beta))
        throw Error(ErrorKind::usage, "beta", "a finite number above 0", std::to_string(beta));
}

void check_steps(int steps) {
    if (steps < 1) throw Error(ErrorKind::usage, "steps", "at least 1", std::to_string(steps));
}

void check_lambda(double lambda) {
    if (!(lambda >= 0 && lambda <= 1))
        throw Error(ErrorKind::usage, "lambda", "a number from 0 to 1", std::to_string(lambda));
}

void check_query(const retrieval::Query& query, std::size_t d, const std::string& name) {
    if (query.size() != d)
        throw Error(ErrorKind::input, name, std::to_string(d) + " numbers", std::to_string(query.size()));
    for (std::size_t k = 0; k < d; ++k)
        if (!std::isfinite(query[k]))
            throw Error(ErrorKind::input, name, "finite numbers", std::to_string(query[k]),
                        "component " + std::to_string(k));
}

double dot(std::span<const double> left, std::span<const double> right) {
    double sum = 0;
    for (std::size_t k = 0; k < left.size(); ++k) sum += left[k] * right[k];
    return sum;
}

double norm(std::span<const double> vector) {
    return std::sqrt(dot(vector, vector));
}

kernels::KeyBank key_bank(const retrieval::BankPtr& bank, const retrieval::Spectrum& spectrum) {
    return {bank->keys.data(), bank->n, bank->d, spectrum.mean, spectrum.max_centered_norm, bank};
}

std::vector<double> Dynamics::state_of(std::span<const float> query) const {
    std::vector<double> state(query.begin(), query.end());
    if (!raw_space())
        for (std::size_t k = 0; k < state.size(); ++k) state[k] -= spectrum_->mean[k];
    return state;
}

std::vector<double> Dynamics::state_at(std::span<const double> centered) const {
    std::vector<double> state(centered.begin(), centered.end());
    if (raw_space())
        for (std::size_t k = 0; k < state.size(); ++k) state[k] += spectrum_->mean[k];
    return state;
}

std::vector<double> Dynamics::centered(std::span<const double> state) const {
    std::vector<double> out(state.begin(), state.end());
    if (raw_space())
        for (std::size_t k = 0; k < out.size(); ++k) out[k] -= spectrum_->mean[k];
    return out;
}

std::vector<double> Dynamics::probe(std::span<const double> state) const {
    return mode_ == Mode::hybrid ? centered(state) : std::vector<double>(state.begin(), state.end());
}

std::vector<double> Dynamics::next(std::span<const double> state, const kernels::PassResult& pass,
                                   double start_norm) const {
    std::vector<double> out = state_at(pass.update);
    if (mode_ == Mode::residual)
        for (std::size_t k = 0; k < out.size(); ++k) out[k] = lambda_ * state[k] + (1 - lambda_) * out[k];
    if (mode_ == Mode::renormalized) {
        // An update of exactly zero has no direction to scale; it stays where it is.
        const double length = norm(out);
        if (length > 0)
            for (double& value : out) value *= start_norm / length;
    }
    return out;
}

double Dynamics::energy(std::span<const double> probe, const kernels::PassResult& pass) const {
    const bool raw_keys = mode_ == Mode::raw;
    const double longest = raw_keys ? spectrum_->max_raw_norm : spectrum_->max_centered_norm;
    // lse − ln n is the mean exponential's logarithm; raw keys add back what centring the logits took off.
    const double log_mean = pass.log_mean_exp + (raw_keys ? pass.shift : 0);
    return -log_mean / beta_ + 0.5 * dot(probe, probe) + 0.5 * longest * longest;
}

} // namespace attnscope::compute
