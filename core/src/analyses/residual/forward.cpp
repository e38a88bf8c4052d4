// The public functions of residual.h in base: what a result says, and the door to what computes it.
#include <attnscope/residual.h>

#include "module/compute_module.h"

namespace attnscope::residual {
namespace {

constexpr double wanted_recovery = 90; // % of what top-1 costs

} // namespace

bool top1_hurts(const Loss& baseline, const Loss& top1) noexcept {
    constexpr double rounding = 1e-6; // of a mean loss summed from float32 logits
    return top1.nll - baseline.nll > rounding;
}

bool Request::operator==(const Request& other) const {
    return model == other.model && parameters == other.parameters && precision == other.precision && ids == other.ids;
}

bool same_but_ranks(const Request& a, const Request& b) {
    Parameters parameters = a.parameters;
    parameters.ranks = b.parameters.ranks;
    return a.model == b.model && parameters == b.parameters && a.precision == b.precision && a.ids == b.ids;
}

Verdict verdict(const Result& result) {
    Verdict out;
    if (!top1_hurts(result.baseline, result.top1)) return out;
    out.label = Verdict::Label::partial;
    for (const CurvePoint& point : result.curve) {
        const bool enough = point.recovered_ppl >= wanted_recovery;
        const bool had_enough = out.label == Verdict::Label::yes;
        const bool smaller = out.rank < 0 || point.rank < out.rank;
        const bool better = out.rank < 0 || point.recovered_ppl > out.recovered_ppl ||
                            (point.recovered_ppl == out.recovered_ppl && smaller);
        if (enough ? had_enough && !smaller : had_enough || !better) continue;
        out.label = enough ? Verdict::Label::yes : Verdict::Label::partial;
        out.rank = point.rank;
        out.recovered_ppl = point.recovered_ppl;
    }
    return out;
}

std::string Verdict::text() const {
    if (label == Label::not_applicable) return "NOT APPLICABLE";
    if (label == Label::yes) return "YES at rank " + std::to_string(rank);
    return rank < 0 ? "PARTIAL" : "PARTIAL, best at rank " + std::to_string(rank);
}

Result compute(const Request& request, JobContext& context) {
    return compute_module().residual(request, context);
}

Spectra compute_spectra(const Request& request, JobContext& context) {
    return compute_module().residual_spectra(request, context);
}

} // namespace attnscope::residual
