// Layer alignment as JSON and npz.
#include <attnscope/alignment_recipe.h>

#include "base/json_text.h"
#include "files/npz_arrays.h"

#include <cmath>

namespace attnscope {

namespace {

using alignment::Operators;

Json range(const alignment::Range& range) {
    return std::isfinite(range.low) ? Json::array({range.low, range.high}) : Json(nullptr);
}

Json label(alignment::Label label) {
    return label == alignment::Label::none ? Json(nullptr) : Json(alignment::label_name(label));
}

Json list(const double* values, std::size_t count) {
    Json json = Json::array();
    for (std::size_t i = 0; i < count; ++i) json.push_back(number(values[i]));
    return json;
}

/// (rows, columns), or null for an empty one.
Json table(const double* values, std::size_t rows, std::size_t columns) {
    Json json = Json::array();
    for (std::size_t row = 0; row < rows; ++row) json.push_back(list(values + row * columns, columns));
    return json;
}

Json to_anchor_json(const std::vector<alignment::LayerProfile>& rows) {
    Json json = Json::array();
    for (const auto& row : rows)
        json.push_back({{"layer", row.layer},
                        {"cos", number(row.cos)},
                        {"t_opt", number(row.t_opt)},
                        {"resid", number(row.resid)},
                        {"mean_resid", number(row.mean_resid)},
                        {"frac_positive", number(row.frac_positive)},
                        {"mean_cos_pa", number(row.mean_cos_pa)},
                        {"min_cos_pa", number(row.min_cos_pa)},
                        {"top1_overlap", number(row.top1_overlap)}});
    return json;
}

Json sign_json(const std::vector<alignment::SignAgreement>& rows, const alignment::SignChance& chance) {
    Json json = Json::array();
    for (const auto& row : rows)
        json.push_back({{"k", row.k},
                        {"mean", number(row.mean)},
                        {"early", number(row.early)},
                        {"mid", number(row.mid)},
                        {"late", number(row.late)},
                        {"chance", range(chance.range(row.k, -1))}});
    return json;
}

Json chance_json(const alignment::Chance& chance, const alignment::SignChance& signs) {
    return {{"cos_std", number(chance.cos_std)},          {"cos", range(chance.cos)},
            {"mean_cos_pa", range(chance.mean_cos_pa)},   {"min_cos_pa", range(chance.min_cos_pa)},
            {"top1_overlap", range(chance.top1_overlap)}, {"draws", chance.draws},
            {"sign_operators", signs.operators},          {"sign_draws", signs.draws}};
}

Json matching_json(const alignment::Matching& matching, std::size_t heads) {
    Json layers = Json::array();
    for (std::size_t layer = 0; layer < matching.matched.size(); ++layer) {
        const auto first = matching.partner.begin() + static_cast<std::ptrdiff_t>(layer * heads);
        layers.push_back({{"layer", layer},
                          {"partner", std::vector<std::int32_t>(first, first + static_cast<std::ptrdiff_t>(heads))},
                          {"cos", list(matching.cos.data() + layer * heads, heads)},
                          {"mean_abs_cos", number(matching.matched[layer])},
                          {"mean_abs_cos_by_index", number(matching.by_index[layer])}});
    }
    return {{"of", matching.of_operators ? "operators" : "directions"},
            {"chance", range(matching.chance)},
            {"chance_draws", matching.chance_draws},
            {"layers", std::move(layers)}};
}

/// (heads, layers, layers) of a table of pairs.
Json head_maps(const std::vector<double>& values, const Operators& operators) {
    const auto layers = static_cast<std::size_t>(operators.layers);
    Json json = Json::array();
    for (std::size_t head = 0; head < static_cast<std::size_t>(operators.heads); ++head)
        json.push_back(table(values.data() + head * layers * layers, layers, layers));
    return json;
}

} // namespace

std::string alignment_result_json(const AlignmentJob& job, const AlignmentResult& result) {
    const Operators& operators = *result.operators;
    const auto layers = static_cast<std::size_t>(operators.layers), heads = static_cast<std::size_t>(operators.heads);
    const std::vector<double> cos = alignment::layer_map(operators, result.comparison.cos);
    const alignment::Summary summary = alignment::summarise(cos, operators.layers);
    const alignment::Verdict& verdict = result.profile.verdict;
    const alignment::SignChance signs = result.signs.value_or(alignment::SignChance());
    Json adjacent = nullptr;
    if (layers > 1)
        adjacent = {{"mean", number(summary.adjacent_mean)},
                    {"min", number(summary.adjacent_min)},
                    {"max", number(summary.adjacent_max)}};
    Json json = {
        {"layers", operators.layers},
        {"heads", operators.heads},
        {"anchor", result.profile.anchor},
        {"operator", choice_name(operators.kind)},
        {"directions", choice_name(operators.basis)},
        {"norm_gain", operators.norm_gain},
        {"head_dim", operators.head_dim},
        {"hidden", operators.hidden},
        {"topk", operators.has_directions() ? Json(operators.topk) : Json(nullptr)},
        {"cos", table(cos.data(), layers, layers)},
        {"diag_mean", number(summary.diag_mean)},
        {"adjacent", std::move(adjacent)},
        {"long_range", {{"first_last", number(summary.first_last)}, {"middle_last", number(summary.middle_last)}}},
        {"to_anchor", to_anchor_json(result.profile.to_anchor)},
        {"sign_agreement", sign_json(result.profile.sign_agreement, signs)},
        {"verdict",
         {{"mean_cos_to_anchor", number(verdict.mean_cos)},
          {"label", label(verdict.label)},
          {"mean_cos_excluding_anchor", number(verdict.mean_cos_excluding_anchor)},
          {"label_excluding_anchor", label(verdict.label_excluding_anchor)}}},
        {"chance", chance_json(result.chance, signs)}};
    if (result.matching) json["matched"] = matching_json(*result.matching, heads);
    if (job.per_head) {
        Json profiles = Json::array();
        for (int head = 0; head < operators.heads; ++head) {
            const auto of_head = alignment::profile(operators, result.comparison, job.anchor, head);
            profiles.push_back({{"head", head},
                                {"to_anchor", to_anchor_json(of_head.to_anchor)},
                                {"mean_cos_to_anchor", number(of_head.verdict.mean_cos)},
                                {"mean_cos_excluding_anchor", number(of_head.verdict.mean_cos_excluding_anchor)}});
        }
        json["per_head"] = {{"cos", head_maps(result.comparison.cos, operators)}, {"profiles", std::move(profiles)}};
    }
    if (job.maps) {
        const auto map = [&](const std::vector<double>& values) {
            if (values.empty()) return Json(nullptr);
            return table(alignment::layer_map(operators, values).data(), layers, layers);
        };
        json["maps"] = {{"mean_cos_pa", map(result.comparison.mean_cos_pa)},
                        {"min_cos_pa", map(result.comparison.min_cos_pa)},
                        {"top1_overlap", map(result.comparison.top1_overlap)}};
    }
    if (job.spectra) {
        Json spectra = nullptr;
        if (operators.has_spectrum()) {
            spectra = Json::array();
            const auto values = static_cast<std::size_t>(operators.values);
            for (std::size_t layer = 0; layer < layers; ++layer)
                spectra.push_back(table(operators.spectrum.data() + layer * heads * values, heads, values));
        }
        json["spectra"] = std::move(spectra);
    }
    return one_line(json);
}

std::string alignment_result_npz(const AlignmentResult& result) {
    const Operators& operators = *result.operators;
    const std::int64_t layers = operators.layers, heads = operators.heads;
    NpzArrays arrays;
    arrays.add("cos", alignment::layer_map(operators, result.comparison.cos), {layers, layers});
    arrays.add("cos_heads", result.comparison.cos, {heads, layers, layers});
    const auto pairs = [&](const char* name, const std::vector<double>& values) {
        if (!values.empty()) arrays.add(name, values, {heads, layers, layers});
    };
    pairs("mean_cos_pa", result.comparison.mean_cos_pa);
    pairs("min_cos_pa", result.comparison.min_cos_pa);
    pairs("top1_overlap", result.comparison.top1_overlap);
    arrays.add("gram", operators.gram, {layers, layers, heads});
    if (operators.has_spectrum()) arrays.add("spectrum", operators.spectrum, {layers, heads, operators.values});
    arrays.add("anchor", std::vector<std::int64_t>{result.profile.anchor});
    const auto column = [&](const char* name, double alignment::LayerProfile::*field) {
        std::vector<double> values;
        for (const auto& row : result.profile.to_anchor) values.push_back(row.*field);
        arrays.add(name, std::move(values));
    };
    using Row = alignment::LayerProfile;
    column("anchor_cos", &Row::cos);
    column("anchor_t_opt", &Row::t_opt);
    column("anchor_resid", &Row::resid);
    column("anchor_mean_resid", &Row::mean_resid);
    column("anchor_frac_positive", &Row::frac_positive);
    column("anchor_mean_cos_pa", &Row::mean_cos_pa);
    column("anchor_min_cos_pa", &Row::min_cos_pa);
    column("anchor_top1_overlap", &Row::top1_overlap);
    if (!result.profile.sign_agreement.empty()) {
        const alignment::SignChance signs = result.signs.value_or(alignment::SignChance());
        std::vector<std::int64_t> k;
        std::vector<double> agreement, by_chance;
        for (const alignment::SignAgreement& row : result.profile.sign_agreement) {
            const alignment::Range chance = signs.range(row.k, -1);
            k.push_back(row.k);
            agreement.insert(agreement.end(), {row.mean, row.early, row.mid, row.late});
            by_chance.insert(by_chance.end(), {chance.low, chance.high});
        }
        const std::int64_t rows = std::ssize(k);
        arrays.add("sign_k", std::move(k));
        arrays.add("sign_agreement", std::move(agreement), {rows, 4});
        arrays.add("sign_chance", std::move(by_chance), {rows, 2});
    }
    if (result.matching) {
        const auto& partner = result.matching->partner;
        arrays.add("partner", std::vector<std::int64_t>(partner.begin(), partner.end()), {layers, heads});
        arrays.add("partner_cos", result.matching->cos, {layers, heads});
    }
    return arrays.bytes();
}

} // namespace attnscope
