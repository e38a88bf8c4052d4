// The logits behind a text's last token, and the loss of the text.
#include "base/input_error.h"
#include "models/forward.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace attnscope::compute {
namespace {

/// Multiplies the scores of every layer.
class Gain final : public models::AttentionObserver {
public:
    explicit Gain(double gain) : gain_(gain) {}
    double score_factor(const models::AttentionPoint&) override { return gain_; }

private:
    double gain_;
};

void check_request(const LogitsRequest& request) {
    ATTNSCOPE_ASSERT(request.model);
    if (!(request.gain > 0)) throw Error(ErrorKind::usage, "gain", "a number above 0", std::to_string(request.gain));
    if (request.top < 0) throw Error(ErrorKind::usage, "top", "0 or more logits", std::to_string(request.top));
    check_tokens(*request.model, request.ids);
}

/// Indices of the `count` largest, ties to the lower.
std::vector<std::int64_t> largest(std::span<const float> logits, std::size_t count) {
    std::vector<std::int64_t> order(logits.size());
    std::iota(order.begin(), order.end(), std::int64_t{0});
    const auto end = order.begin() + static_cast<std::ptrdiff_t>(std::min(count, order.size()));
    std::partial_sort(order.begin(), end, order.end(), [&](std::int64_t a, std::int64_t b) {
        const float left = logits[static_cast<std::size_t>(a)], right = logits[static_cast<std::size_t>(b)];
        return left > right || (left == right && a < b);
    });
    order.erase(end, order.end());
    return order;
}

/// Texts are an extra: a model whose tokenizer cannot be read still has logits behind given ids.
const Tokenizer* tokenizer_of(const models::LoadedModel& model) {
    try {
        return model.files().has_tokenizer ? &model.tokenizer() : nullptr;
    } catch (const Error&) {
        return nullptr;
    }
}

} // namespace

LogitsResult logits(const LogitsRequest& request, JobContext& context) {
    check_request(request);
    const models::LoadedModel& model = models::loaded(*request.model);
    if (model.is_encoder()) input_error(model.files().name, "a model that predicts tokens", "an encoder");
    Gain gain(request.gain);
    const models::ForwardOptions options{.observer = &gain, .last_layer = -1, .precision = request.precision};
    const at::Tensor hidden = models::hidden_states(model, {request.ids}, options, context)[0];
    const auto length = static_cast<std::int64_t>(request.ids.size());
    const at::Tensor last =
        models::head_logits(model, hidden.narrow(0, length - 1, 1), options, context).cpu().contiguous();
    const std::span<const float> values(last.const_data_ptr<float>(), static_cast<std::size_t>(last.numel()));
    if (!std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); }))
        input_error(model.files().name, "finite logits", "others", "the last position");

    LogitsResult result;
    result.tokens = length;
    const Tokenizer* const tokenizer = tokenizer_of(model);
    for (const std::int64_t id : largest(values, static_cast<std::size_t>(request.top))) {
        result.top.push_back({.id = id,
                              .logit = values[static_cast<std::size_t>(id)],
                              .text = tokenizer ? tokenizer->token_text(id) : std::string()});
    }
    const double top = *std::max_element(values.begin(), values.end());
    double sum = 0;
    for (const float value : values) sum += std::exp(value - top);
    result.log_sum_exp = top + std::log(sum);
    if (length > 1) {
        result.loss = models::loss_sum(model, hidden, request.ids, options, context) / static_cast<double>(length - 1);
        if (!std::isfinite(*result.loss)) input_error(model.files().name, "a finite loss", "another");
    }
    return result;
}

} // namespace attnscope::compute
