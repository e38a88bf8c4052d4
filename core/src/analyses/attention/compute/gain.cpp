// Entropy against gain: a row's scores once, their softmax at every gain.
#include "analyses/attention/compute/entry_points.h"
#include "analyses/attention/compute/head.h"

#include <algorithm>
#include <cmath>

namespace attnscope::compute {

namespace {

using attention::Capture;
using kernels::HeadRow;

/// Exponentials worth computing for one picture: a fraction of a second.
constexpr double affordable = 3e8;
constexpr std::int64_t fewest_rows = 64;

/// All tokens, or as many as are affordable, in the middle of equal stretches.
std::vector<std::int64_t> sampled_tokens(const Capture& capture, std::size_t gains) {
    double keys = 0;
    for (std::int64_t t = 0; t < capture.tokens; ++t)
        keys += static_cast<double>(capture.end_key(t) - capture.first_key(t));
    const double a_row = keys / static_cast<double>(capture.tokens) * static_cast<double>(gains) * capture.heads;
    const double rows = std::max(affordable / std::max(a_row, 1.0), static_cast<double>(fewest_rows));
    if (rows >= static_cast<double>(capture.tokens)) return token_range(0, capture.tokens);
    std::vector<std::int64_t> tokens;
    const auto count = static_cast<std::int64_t>(rows);
    for (std::int64_t i = 0; i < count; ++i) tokens.push_back((2 * i + 1) * capture.tokens / (2 * count));
    return tokens;
}

void check_gains(const std::vector<double>& gains) {
    if (gains.empty()) throw Error(ErrorKind::usage, "gains", "at least one", "none");
    for (std::size_t i = 0; i < gains.size(); ++i) {
        check_gain(gains[i]);
        if (i > 0 && !(gains[i] > gains[i - 1]))
            throw Error(ErrorKind::usage, "gains", "increasing numbers", std::to_string(gains[i]), std::to_string(i));
    }
}

} // namespace

attention::GainCurves gain_curves(const attention::GainRequest& request, JobContext& context) {
    check_head(request.capture, 0, request.token);
    check_gains(request.gains);
    const Capture& capture = *request.capture;
    const std::vector<double>& gains = request.gains;
    const auto tokens = sampled_tokens(capture, gains.size());

    attention::GainCurves out;
    out.gains = gains;
    out.rows_used = static_cast<std::int64_t>(tokens.size());
    for (const std::int64_t t : tokens)
        out.entropy_max += std::log(static_cast<double>(capture.end_key(t) - capture.first_key(t)));
    out.entropy_max /= static_cast<double>(tokens.size());

    std::vector<float> entropy(tokens.size() * gains.size()); // (rows, gains), so that sums do not depend on threads
    const auto at_all_gains = [&](const Head& head, const HeadRow& row, float* values) {
        for (std::size_t g = 0; g < gains.size(); ++g)
            values[g] = kernels::attention_row_statistics(row.scores, row.keys(), head.factor(gains[g])).entropy;
    };
    std::shared_ptr<const kernels::HeadKeys> keys;
    for (int h = 0; h < capture.heads; ++h) {
        context.progress(h, capture.heads, "entropy against gain");
        const int key_value_head = capture.key_value_head(h);
        if (h == 0 || key_value_head != capture.key_value_head(h - 1)) keys = pack_head(capture, key_value_head);
        const Head head(capture, h, keys);
        head.for_each_row(tokens, gains.back(), context, [&](std::size_t i, HeadRow& row) {
            at_all_gains(head, row, entropy.data() + i * gains.size());
        });
        std::vector<double>& means = out.entropy.emplace_back(gains.size());
        for (std::size_t i = 0; i < tokens.size(); ++i)
            for (std::size_t g = 0; g < gains.size(); ++g)
                means[g] += static_cast<double>(entropy[i * gains.size() + g]);
        for (double& mean : means) mean /= static_cast<double>(tokens.size());
        if (request.token < 0) continue;
        Head::Scratch scratch;
        std::vector<float> row(gains.size());
        at_all_gains(head, head.compute(std::span(&request.token, 1), gains.back(), scratch).front(), row.data());
        out.row_entropy.emplace_back(row.begin(), row.end());
    }
    return out;
}

} // namespace attnscope::compute
