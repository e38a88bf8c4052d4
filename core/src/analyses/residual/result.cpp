// Residual excitations as JSON and npz.
#include <attnscope/residual_recipe.h>

#include "base/json_text.h"
#include "files/npz_arrays.h"

namespace attnscope {

namespace {

using residual::CurvePoint;
using residual::HeadSpectrum;
using residual::Loss;
using residual::Result;

Json numbers(const std::vector<double>& values) {
    Json list = Json::array();
    for (const double value : values) list.push_back(number(value));
    return list;
}

Json loss_json(const Loss& loss, bool with_delta) {
    Json json = {{"nll", number(loss.nll)}, {"ppl", number(loss.ppl)}};
    if (with_delta) json["delta_ppl"] = number(loss.delta_ppl);
    return json;
}

Json point_json(const CurvePoint& point) {
    return {{"rank", point.rank},
            {"nll", number(point.loss.nll)},
            {"ppl", number(point.loss.ppl)},
            {"delta_ppl", number(point.loss.delta_ppl)},
            {"recovered_ppl", number(point.recovered_ppl)},
            {"recovered_nll", number(point.recovered_nll)}};
}

Json spectrum_json(const HeadSpectrum& spectrum, bool two_nn) {
    Json json = {{"layer", spectrum.layer},
                 {"head", spectrum.head},
                 {"cumulative", numbers(spectrum.cumulative)},
                 {"r90", spectrum.r90 > 0 ? Json(spectrum.r90) : Json(nullptr)}};
    double total = 0;
    for (const double variance : spectrum.variance) total += variance;
    json["variance"] = number(total);
    if (two_nn) {
        json["two_nn"] = number(spectrum.two_nn);
        json["two_nn_points"] = spectrum.two_nn_points;
    }
    return json;
}

/// Losses (blocks, seq_len), null for the first token of a block, which nothing predicts.
Json token_json(const Result& result, const Loss& loss) {
    const auto blocks = static_cast<std::size_t>(result.plan.blocks);
    const std::size_t predicted = loss.token_nll.size() / blocks;
    Json list = Json::array();
    for (std::size_t block = 0; block < blocks; ++block) {
        Json row = Json::array({nullptr});
        for (std::size_t t = 0; t < predicted; ++t) row.push_back(as_written(loss.token_nll[block * predicted + t]));
        list.push_back(std::move(row));
    }
    return list;
}

Json tokens_json(const Result& result) {
    const auto blocks = static_cast<std::size_t>(result.plan.blocks), length = result.ids.size() / blocks;
    Json ids = Json::array();
    for (std::size_t block = 0; block < blocks; ++block)
        ids.push_back(
            std::vector<std::int64_t>(result.ids.begin() + static_cast<std::ptrdiff_t>(block * length),
                                      result.ids.begin() + static_cast<std::ptrdiff_t>((block + 1) * length)));
    Json curve = Json::array();
    for (const CurvePoint& point : result.curve)
        curve.push_back({{"rank", point.rank}, {"nll", token_json(result, point.loss)}});
    return {{"ids", std::move(ids)},
            {"baseline", token_json(result, result.baseline)},
            {"top1", token_json(result, result.top1)},
            {"curve", std::move(curve)}};
}

} // namespace

std::string residual_result_json(const ResidualJob& job, const Result& result) {
    Json curve = Json::array(), spectrum = Json::array(), heads = Json::array();
    for (const CurvePoint& point : result.curve) curve.push_back(point_json(point));
    for (const HeadSpectrum& head : result.spectrum)
        spectrum.push_back(spectrum_json(head, job.request.parameters.two_nn));
    for (const residual::HeadChoice& choice : result.plan.heads)
        heads.push_back(Json::array({choice.layer, choice.head}));
    const residual::Verdict verdict = residual::verdict(result);
    Json json = {{"blocks", result.plan.blocks},
                 {"seq_len", job.request.parameters.seq_len},
                 {"calibration", choice_name(job.request.parameters.calibration)},
                 {"calibration_blocks", result.plan.calibration_blocks},
                 {"layers", result.plan.layers},
                 {"heads", std::move(heads)},
                 {"baseline", loss_json(result.baseline, false)},
                 {"top1", loss_json(result.top1, true)},
                 {"full", loss_json(result.full, true)},
                 {"curve", std::move(curve)},
                 {"spectrum", std::move(spectrum)},
                 {"effective_dim_mean", number(result.effective_dim_mean)},
                 {"verdict", verdict.text()},
                 {"verdict_rank", verdict.rank < 0 ? Json(nullptr) : Json(verdict.rank)},
                 {"verdict_recovered_ppl", number(verdict.recovered_ppl)},
                 {"memory",
                  {{"prefix_bytes", result.plan.prefix_bytes},
                   {"prefix_disk_bytes", result.prefix_disk_bytes},
                   {"peak_bytes", result.plan.peak_bytes}}}};
    if (job.request.parameters.token_losses) json["tokens"] = tokens_json(result);
    return one_line(json);
}

std::string residual_result_npz(const Result& result) {
    NpzArrays arrays;
    std::vector<std::int64_t> ranks, layers, heads, r90, two_nn_points;
    std::vector<double> nll, ppl, delta, recovered_ppl, recovered_nll, cumulative, variance, two_nn, losses;
    for (const CurvePoint& point : result.curve) {
        ranks.push_back(point.rank);
        nll.push_back(point.loss.nll);
        ppl.push_back(point.loss.ppl);
        delta.push_back(point.loss.delta_ppl);
        recovered_ppl.push_back(point.recovered_ppl);
        recovered_nll.push_back(point.recovered_nll);
    }
    for (const HeadSpectrum& head : result.spectrum) {
        layers.push_back(head.layer);
        heads.push_back(head.head);
        r90.push_back(head.r90);
        cumulative.insert(cumulative.end(), head.cumulative.begin(), head.cumulative.end());
        variance.insert(variance.end(), head.variance.begin(), head.variance.end());
        two_nn.push_back(head.two_nn);
        two_nn_points.push_back(head.two_nn_points);
    }
    const auto add_losses = [&](const Loss& loss) {
        losses.insert(losses.end(), loss.token_nll.begin(), loss.token_nll.end());
    };
    add_losses(result.baseline);
    add_losses(result.top1);
    for (const CurvePoint& point : result.curve) add_losses(point.loss);
    const std::int64_t blocks = result.plan.blocks, points = std::ssize(result.curve);
    const std::int64_t found = std::ssize(result.spectrum), dim = result.head_dim;
    const std::int64_t predicted = std::ssize(result.baseline.token_nll) / blocks;
    arrays.add("rank", std::move(ranks));
    arrays.add("nll", std::move(nll));
    arrays.add("ppl", std::move(ppl));
    arrays.add("delta_ppl", std::move(delta));
    arrays.add("recovered_ppl", std::move(recovered_ppl));
    arrays.add("recovered_nll", std::move(recovered_nll));
    const auto add_loss = [&](const char* name, const Loss& loss) {
        arrays.add(name, std::vector<double>{loss.nll, loss.ppl, loss.delta_ppl});
    };
    add_loss("baseline", result.baseline);
    add_loss("top1", result.top1);
    add_loss("full", result.full);
    arrays.add("layer", std::move(layers));
    arrays.add("head", std::move(heads));
    arrays.add("r90", std::move(r90));
    arrays.add("cumulative", std::move(cumulative), {found, dim});
    arrays.add("variance", std::move(variance), {found, dim});
    arrays.add("two_nn", std::move(two_nn));
    arrays.add("two_nn_points", std::move(two_nn_points));
    arrays.add("ids", std::vector<std::int64_t>(result.ids), {blocks, std::ssize(result.ids) / blocks});
    // Baseline, top-1, then a rank after the other.
    arrays.add("token_nll", std::move(losses), {points + 2, blocks, predicted});
    return arrays.bytes();
}

} // namespace attnscope
