// Layer alignment as tables: for other programs and for people.
#include <attnscope/alignment_recipe.h>

#include "base/table_text.h"

#include <cmath>

namespace attnscope {

namespace {

std::string fixed(double value) {
    if (!std::isfinite(value)) return "none";
    std::string text;
    append(text, "%.4f", value);
    return text;
}

} // namespace

std::string alignment_result_csv(const AlignmentResult& result) {
    const bool matched = result.matching.has_value();
    std::string out = "layer,anchor,cos,t_opt,resid,mean_resid,frac_positive,mean_cos_pa,min_cos_pa,top1_overlap";
    out += matched ? ",matched_abs_cos,abs_cos_by_index\n" : "\n";
    for (const alignment::LayerProfile& row : result.profile.to_anchor) {
        out += std::to_string(row.layer) + ',' + std::to_string(result.profile.anchor);
        for (const double value : {row.cos, row.t_opt, row.resid, row.mean_resid, row.frac_positive, row.mean_cos_pa,
                                   row.min_cos_pa, row.top1_overlap})
            out += ',' + csv_number(value);
        const auto layer = static_cast<std::size_t>(row.layer);
        if (matched)
            out +=
                ',' + csv_number(result.matching->matched[layer]) + ',' + csv_number(result.matching->by_index[layer]);
        out += '\n';
    }
    return out;
}

std::string alignment_result_text(const AlignmentResult& result) {
    const alignment::Operators& operators = *result.operators;
    const alignment::Profile& profile = result.profile;
    std::string out;
    append(out, "%.200s: %s operators, %d layers, %d heads, anchor layer %d\n", operators.name.c_str(),
           operators.kind == alignment::Operator::qk ? "QK" : "OV", operators.layers, operators.heads, profile.anchor);
    append(out, "%5s %9s %9s %9s %9s %9s %9s %9s\n", "layer", "cos", "t_opt", "resid", "positive", "angles", "smallest",
           "top-1");
    for (const alignment::LayerProfile& row : profile.to_anchor)
        append(out, "%5d %9s %9s %9s %9s %9s %9s %9s\n", row.layer, fixed(row.cos).c_str(), fixed(row.t_opt).c_str(),
               fixed(row.resid).c_str(), fixed(row.frac_positive).c_str(), fixed(row.mean_cos_pa).c_str(),
               fixed(row.min_cos_pa).c_str(), fixed(row.top1_overlap).c_str());
    append(out, "chance: cos %s to %s, angles %s to %s\n", fixed(result.chance.cos.low).c_str(),
           fixed(result.chance.cos.high).c_str(), fixed(result.chance.mean_cos_pa.low).c_str(),
           fixed(result.chance.mean_cos_pa.high).c_str());
    for (const alignment::SignAgreement& row : profile.sign_agreement) {
        const alignment::Range chance = result.signs.value_or(alignment::SignChance()).range(row.k, -1);
        append(out, "signs of the first %d: %s agree (early %s, mid %s, late %s; chance %s to %s)\n", row.k,
               fixed(row.mean).c_str(), fixed(row.early).c_str(), fixed(row.mid).c_str(), fixed(row.late).c_str(),
               fixed(chance.low).c_str(), fixed(chance.high).c_str());
    }
    const auto verdict = [&](const char* what, double cos, alignment::Label label) {
        append(out, "%s: %s, mean cos %s\n", what,
               label == alignment::Label::none ? "none" : alignment::label_name(label), fixed(cos).c_str());
    };
    verdict("verdict with the anchor", profile.verdict.mean_cos, profile.verdict.label);
    verdict("verdict without it", profile.verdict.mean_cos_excluding_anchor, profile.verdict.label_excluding_anchor);
    return out;
}

} // namespace attnscope
