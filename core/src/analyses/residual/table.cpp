// Residual excitations as a table: CSV for programs, text for people.
#include <attnscope/residual_recipe.h>

#include "base/table_text.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace attnscope {

namespace {

using residual::CurvePoint;
using residual::Loss;
using residual::Result;

std::string row_csv(const char* output, const std::string& rank, const Loss& loss, double recovered_ppl,
                    double recovered_nll) {
    std::string out = std::string(output) + ',' + rank;
    for (const double value : {loss.nll, loss.ppl, loss.delta_ppl, recovered_ppl, recovered_nll})
        out += ',' + csv_number(value);
    return out + '\n';
}

std::string percent(double value) {
    std::string text;
    if (std::isfinite(value)) append(text, "%.1f", value);
    return text.empty() ? "-" : text;
}

} // namespace

std::string residual_result_csv(const Result& result) {
    std::string out = "output,rank,nll,ppl,delta_ppl,recovered_ppl,recovered_nll\n";
    out += row_csv("baseline", "", result.baseline, NAN, NAN);
    out += row_csv("top1", "", result.top1, NAN, NAN);
    out += row_csv("full", "", result.full, NAN, NAN);
    for (const CurvePoint& point : result.curve)
        out += row_csv("rank", std::to_string(point.rank), point.loss, point.recovered_ppl, point.recovered_nll);
    return out;
}

std::string residual_result_text(const Result& result) {
    std::string out;
    append(out, "%-10s %10s %12s %12s %12s %12s\n", "output", "loss", "perplexity", "change", "recovered %",
           "of loss %");
    const auto line = [&](const std::string& name, const Loss& loss, double recovered_ppl, double recovered_nll) {
        append(out, "%-10s %10.5f %12.4f %12.4f %12s %12s\n", name.c_str(), loss.nll, loss.ppl, loss.delta_ppl,
               percent(recovered_ppl).c_str(), percent(recovered_nll).c_str());
    };
    line("baseline", result.baseline, NAN, NAN);
    line("top-1", result.top1, NAN, NAN);
    line("full", result.full, NAN, NAN);
    for (const CurvePoint& point : result.curve)
        line("rank " + std::to_string(point.rank), point.loss, point.recovered_ppl, point.recovered_nll);
    out += "\nr90 of each head\n";
    std::map<int, std::string> rows;
    for (const residual::HeadSpectrum& head : result.spectrum)
        append(rows[head.layer], " %4s", head.r90 > 0 ? std::to_string(head.r90).c_str() : "-");
    for (const auto& [layer, heads] : rows)
        out += "layer " +
               std::string(layer < 10    ? "  "
                           : layer < 100 ? " "
                                         : "") +
               std::to_string(layer) + heads + '\n';
    if (std::isfinite(result.effective_dim_mean))
        append(out, "mean r90 %.2f of %d\n", result.effective_dim_mean, result.head_dim);
    append(out, "%s: %lld blocks evaluated, %lld to calibrate on%s\n", residual::verdict(result).text().c_str(),
           static_cast<long long>(result.plan.blocks), static_cast<long long>(result.plan.calibration_blocks),
           result.plan.leaks ? ", evaluated too" : "");
    return out;
}

} // namespace attnscope
