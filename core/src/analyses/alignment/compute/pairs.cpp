// Principal angles of every pair of layers, and cosines of every pair of heads of a layer and the anchor.
#include "analyses/alignment/compute/entry_points.h"
#include "analyses/alignment/compute/layers.h"
#include "base/none.h"
#include "module/compute/thread_guard.h"

#include <ATen/ops/from_blob.h>
#include <ATen/ops/linalg_qr.h>
#include <ATen/ops/linalg_svd.h>
#include <ATen/ops/linalg_svdvals.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/mm.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <atomic>
#include <cmath>

namespace attnscope::compute {

namespace {

using alignment::Comparison;
using alignment::Matching;
using alignment::Operators;

/// A view; nothing writes to it.
at::Tensor directions_of(const Operators& operators) {
    return at::from_blob(const_cast<float*>(operators.directions.data()),
                         {operators.layers, operators.heads, operators.topk, operators.hidden}, at::kFloat);
}

/// One head's angles between all layers.
void compare_head(const Operators& operators, std::int64_t head, Comparison& comparison, JobContext& context) {
    const std::int64_t layers = operators.layers, k = operators.topk, hidden = operators.hidden;
    const at::Tensor given = directions_of(operators).select(1, head).to(at::kDouble); // (layers, k, hidden)
    at::Tensor frames = at::empty({layers, k, hidden}, at::kDouble);
    for (std::int64_t layer = 0; layer < layers; ++layer) {
        context.checkpoint();
        frames[layer].copy_(std::get<0>(at::linalg_qr(given[layer].t())).t());
    }
    const std::size_t first = static_cast<std::size_t>(head * layers * layers);
    const auto put = [&](std::vector<double>& table, std::int64_t a, std::int64_t b, double value) {
        table[first + static_cast<std::size_t>(a * layers + b)] = value;
        table[first + static_cast<std::size_t>(b * layers + a)] = value;
    };
    for (std::int64_t a = 0; a < layers; ++a) {
        // A few layers at a time, so that a cancel is noticed.
        const std::int64_t most = std::max<std::int64_t>(1, 4096 / (k * k));
        for (std::int64_t b = a; b < layers; b += most) {
            context.checkpoint();
            const std::int64_t count = std::min(most, layers - b);
            const at::Tensor others = frames.narrow(0, b, count).reshape({count * k, hidden});
            const at::Tensor products = at::mm(others, frames[a].t()).view({count, k, k});
            const at::Tensor cosines = at::linalg_svdvals(products).contiguous();
            const double* values = cosines.const_data_ptr<double>();
            const at::Tensor firsts = at::matmul(given.narrow(0, b, count).select(1, 0), given[a][0]).contiguous();
            for (std::int64_t i = 0; i < count; ++i, values += k) {
                double sum = 0;
                for (std::int64_t j = 0; j < k; ++j) sum += values[j];
                put(comparison.mean_cos_pa, a, b + i, sum / static_cast<double>(k));
                put(comparison.min_cos_pa, a, b + i, *std::min_element(values, values + k));
                const double overlap = firsts.const_data_ptr<double>()[i];
                put(comparison.top1_overlap, a, b + i, overlap * overlap);
            }
        }
    }
}

/// (heads, heads) ⟨g_layer,h, g_anchor,h′⟩ of one head of the layer.
void cross_grams(const FactorSource& source, const LayerFactors& layer, const LayerFactors& anchor, int head,
                 double* row) {
    const std::int64_t size = source.head_dim, hidden = source.hidden;
    const at::Tensor left = at::mm(anchor.left.view({-1, hidden}), layer.left[source.left_of(head)].t());
    const at::Tensor right = at::mm(anchor.right.view({-1, hidden}), layer.right[source.right_of(head)].t());
    for (int other = 0; other < source.heads; ++other)
        row[other] = product_sum(left.const_data_ptr<float>() + source.left_of(other) * size * size,
                                 right.const_data_ptr<float>() + source.right_of(other) * size * size,
                                 static_cast<std::size_t>(size * size));
}

/// Σ_pq λ_p λ′_q ⟨v_p, v′_q⟩² over the lengths: the cosine of what directions and eigenvalues make of the symmetric
/// parts.
void direction_cosines(const Operators& operators, int layer, int anchor, int head, double* row) {
    const std::int64_t k = operators.topk, hidden = operators.hidden;
    const at::Tensor all = directions_of(operators);
    const at::Tensor products =
        at::mm(all[anchor].reshape({-1, hidden}), all[layer][head].t()).contiguous(); // (H·k, k)
    const auto values = [&](int of_layer, int of_head) {
        return operators.spectrum.data() +
               operators.pair(of_layer, of_head) * static_cast<std::size_t>(operators.values);
    };
    const auto length = [&](const double* eigenvalues) {
        double sum = 0;
        for (std::int64_t i = 0; i < k; ++i) sum += eigenvalues[i] * eigenvalues[i];
        return std::sqrt(sum);
    };
    const double* const mine = values(layer, head);
    for (int other = 0; other < operators.heads; ++other) {
        const double* const theirs = values(anchor, other);
        double sum = 0;
        for (std::int64_t q = 0; q < k; ++q)
            for (std::int64_t p = 0; p < k; ++p) {
                const double product = products.const_data_ptr<float>()[(other * k + q) * k + p];
                sum += mine[p] * theirs[q] * product * product;
            }
        row[other] = sum / (length(mine) * length(theirs));
    }
}

/// The mean over heads of matched |cos| of random operators.
alignment::Range matched_chance(int heads, int hidden, std::size_t draws, JobContext& context) {
    constexpr std::uint64_t stream = 0xa11b'0000;
    const auto count = static_cast<std::size_t>(heads);
    std::vector<double> means(draws);
    context.parallel_for(draws, [&](std::size_t draw, int) {
        std::vector<double> value(count * count);
        for (std::size_t i = 0; i < value.size(); ++i)
            value[i] = std::abs(random_normal(context.seed(), stream + draw, i)) / hidden;
        const auto partner = alignment::assign(value, heads);
        for (std::size_t h = 0; h < count; ++h)
            means[draw] += value[h * count + static_cast<std::size_t>(partner[h])] / heads;
    });
    std::sort(means.begin(), means.end());
    return {means[1], means[draws - 2]};
}

} // namespace

Comparison alignment_angles(const Operators& operators, JobContext& context) {
    const std::size_t size = static_cast<std::size_t>(operators.heads) * static_cast<std::size_t>(operators.layers) *
                             static_cast<std::size_t>(operators.layers);
    Comparison comparison;
    comparison.mean_cos_pa.resize(size);
    comparison.min_cos_pa.resize(size);
    comparison.top1_overlap.resize(size);
    std::atomic<int> done = 0;
    context.progress(0, operators.heads, "principal angles");
    context.parallel_for(static_cast<std::size_t>(operators.heads), [&](std::size_t head, int) {
        const c10::InferenceMode no_gradients;
        const models::ThreadGuard one(1);
        compare_head(operators, static_cast<std::int64_t>(head), comparison, context);
        context.progress(++done, operators.heads, "principal angles");
    });
    return comparison;
}

Matching alignment_match(const alignment::MatchRequest& request, JobContext& context) {
    ATTNSCOPE_ASSERT(request.operators);
    const Operators& operators = *request.operators;
    const int layers = operators.layers, heads = operators.heads;
    Matching matching;
    matching.anchor = alignment::resolve_anchor(request.anchor, layers);
    matching.of_operators = request.model != nullptr;
    const bool usable = operators.has_directions() && operators.has_spectrum() &&
                        operators.basis == alignment::Basis::symmetric && operators.values >= operators.topk;
    if (!request.model && !usable)
        throw Error(ErrorKind::usage, "matched heads", "a model, or eigendirections with their eigenvalues", "neither");
    FactorSource source;
    if (request.model)
        source = factors_of({request.model, operators.kind, operators.basis, operators.norm_gain, operators.topk});
    LayerFactors anchor;
    if (request.model) anchor = source.read(matching.anchor);
    const auto count = static_cast<std::size_t>(heads);
    const auto length = [&](int layer, int head) { return std::sqrt(std::max(0.0, operators.at(layer, layer, head))); };
    matching.partner.resize(static_cast<std::size_t>(layers) * count);
    matching.cos.resize(matching.partner.size());
    for (int layer = 0; layer < layers; ++layer) {
        context.progress(layer, layers, "matching heads");
        const c10::InferenceMode no_gradients;
        const LayerFactors factors = request.model ? source.read(layer) : LayerFactors{};
        std::vector<double> cosines(count * count), absolute(count * count);
        context.parallel_for(count, [&](std::size_t head, int) {
            const c10::InferenceMode inside;
            const models::ThreadGuard one(1);
            double* const row = cosines.data() + head * count;
            if (!request.model)
                return direction_cosines(operators, layer, matching.anchor, static_cast<int>(head), row);
            cross_grams(source, factors, anchor, static_cast<int>(head), row);
            for (int other = 0; other < heads; ++other)
                row[other] /= length(layer, static_cast<int>(head)) * length(matching.anchor, other);
        });
        // An operator that is zero fits nowhere.
        std::transform(cosines.begin(), cosines.end(), absolute.begin(),
                       [](double cos) { return std::isfinite(cos) ? std::abs(cos) : 0; });
        const auto partner = alignment::assign(absolute, heads);
        double matched = 0, by_index = 0;
        for (std::size_t head = 0; head < count; ++head) {
            const auto place = static_cast<std::size_t>(layer) * count + head;
            const std::size_t chosen = head * count + static_cast<std::size_t>(partner[head]);
            matching.partner[place] = partner[head];
            matching.cos[place] = std::isfinite(cosines[chosen]) ? cosines[chosen] : std::nan("");
            matched += absolute[chosen] / heads;
            by_index += absolute[head * count + head] / heads;
        }
        matching.matched.push_back(matched);
        matching.by_index.push_back(by_index);
    }
    matching.chance = {none, none};
    if (request.model) {
        constexpr int draws = 64;
        matching.chance = matched_chance(heads, operators.hidden, draws, context);
        matching.chance_draws = draws;
    }
    return matching;
}

} // namespace attnscope::compute
