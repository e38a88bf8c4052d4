// The public functions of attention.h in base: what needs no arithmetic on a model, and the door to what does.
#include <attnscope/attention.h>

#include "module/compute_module.h"

#include <algorithm>
#include <cmath>

namespace attnscope::attention {

Result compute(const Request& request, JobContext& context) {
    return compute_module().attention_heads(request, context);
}

Capture compute_capture(const CaptureRequest& request, JobContext& context) {
    return compute_module().attention_capture(request, context);
}

Rows compute_rows(const RowsRequest& request, JobContext& context) {
    return compute_module().head_rows(request, context);
}

Row compute_row(const RowRequest& request, JobContext& context) {
    return compute_module().head_row(request, context);
}

Map compute_map(const MapRequest& request, JobContext& context) {
    return compute_module().head_map(request, context);
}

GainCurves compute_gain_curves(const GainRequest& request, JobContext& context) {
    return compute_module().gain_curves(request, context);
}

std::vector<double> gain_axis(int points) {
    constexpr double low = 0.125, high = 64;
    points = std::max(points, 3);
    // The model's own gain is a point, so that its curve passes through what the model does: steps that divide the
    // octaves below it, and others that divide those above.
    const int below = std::clamp(static_cast<int>(std::lround((points - 1) * std::log(1 / low) / std::log(high / low))),
                                 1, points - 2);
    std::vector<double> gains;
    for (int i = 0; i < points; ++i) {
        const double exponent =
            i <= below ? std::lerp(std::log2(low), 0, static_cast<double>(i) / below)
                       : std::lerp(0, std::log2(high), static_cast<double>(i - below) / (points - 1 - below));
        gains.push_back(std::exp2(exponent));
    }
    return gains;
}

HeadBank head_bank(const Capture& capture, int head, std::int64_t token, double gain,
                   const std::vector<std::string>& token_texts) {
    if (head < 0 || head >= capture.heads)
        throw Error(ErrorKind::usage, "head", "0 to " + std::to_string(capture.heads - 1), std::to_string(head));
    if (token < 0 || token >= capture.tokens)
        throw Error(ErrorKind::usage, "token", "0 to " + std::to_string(capture.tokens - 1), std::to_string(token));
    if (!(gain > 0) || std::isinf(gain))
        throw Error(ErrorKind::usage, "gain", "a finite number above 0", std::to_string(gain));
    const auto tokens = static_cast<std::size_t>(capture.tokens), d = static_cast<std::size_t>(capture.head_dim);
    const auto first = static_cast<std::size_t>(capture.first_key(token));
    const auto end = static_cast<std::size_t>(capture.end_key(token));
    const auto key_value_head = static_cast<std::size_t>(capture.key_value_head(head));
    const float* keys = capture.keys.data() + (key_value_head * tokens + first) * d;
    const float* query =
        capture.queries.data() + (static_cast<std::size_t>(head) * tokens + static_cast<std::size_t>(token)) * d;

    TextTable texts;
    if (!token_texts.empty()) {
        if (token_texts.size() != tokens)
            throw Error(ErrorKind::usage, "token texts", std::to_string(tokens), std::to_string(token_texts.size()));
        std::string lines;
        for (std::size_t t = first; t < end; ++t) {
            std::string text = token_texts[t];
            // A memory is a line: what would break one is shown by its picture.
            for (std::size_t at = 0; at < text.size(); ++at)
                if (text[at] == '\n' || text[at] == '\r' || text[at] == '\t')
                    text.replace(at, 1, text[at] == '\t' ? "⇥" : "↵");
            lines += text + "\n";
        }
        texts = TextTable::from_lines(std::move(lines));
    }
    HeadBank out;
    const std::string name = capture.name.empty() ? "layer " + std::to_string(capture.layer) : capture.name;
    out.bank = make_bank(name + " · head " + std::to_string(head) + " · keys of token " + std::to_string(token),
                         end - first, d, std::vector<float>(keys, keys + (end - first) * d), std::move(texts));
    out.query.assign(query, query + d);
    out.beta = gain * capture.scale;
    return out;
}

} // namespace attnscope::attention
