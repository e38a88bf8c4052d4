// All heads of a model on one text or several, from forward passes at a gain.
#include "analyses/attention/compute/entry_points.h"

#include "analyses/attention/compute/head.h"
#include "analyses/attention/compute/statistics.h"
#include "kernels/student_t.h"
#include "models/forward.h"

#include <algorithm>
#include <chrono>
#include <string>

namespace attnscope::compute {

namespace {

using attention::HeadStatistic;
using attention::HeadValues;
using attention::Ids;
using attention::Request;
using attention::Result;
using Means = HeadStatistics::Means;

constexpr int random_half = 50; ///< tokens of the random text, before it repeats

struct Layers {
    int first, last;
};

Layers checked_layers(const Request& request, std::int64_t layers) {
    const int last = request.last_layer < 0 ? static_cast<int>(layers) - 1 : request.last_layer;
    if (request.first_layer < 0 || last >= layers || request.first_layer > last)
        throw Error(ErrorKind::usage, "layers", "a range within 0 to " + std::to_string(layers - 1),
                    std::to_string(request.first_layer) + " to " + std::to_string(last));
    return {request.first_layer, last};
}

/// The forward passes of a request, one text after the other, as one progress.
class Passes {
public:
    Passes(const Request& request, const Layers& layers, std::size_t count, JobContext& context)
        : request_(request), layers_(layers), model_(models::loaded(*request.model)), count_(count), context_(context) {
    }

    void run(const Ids& text, HeadStatistics& observer) {
        JobContext part = context_.part([&](const Progress& progress) {
            context_.progress(static_cast<double>(done_) + std::max(progress.fraction, 0.0),
                              static_cast<double>(count_), "forward");
        });
        models::hidden_states(model_, {text},
                              {.observer = &observer,
                               .last_layer = layers_.last,
                               .precision = request_.precision,
                               .attention_only = true},
                              part);
        ++done_;
    }

private:
    const Request& request_;
    Layers layers_;
    const models::LoadedModel& model_;
    std::size_t count_, done_ = 0;
    JobContext& context_;
};

/// Means over texts of what each has.
HeadStatistic over_texts(const std::vector<Means>& texts, HeadValues Means::*value) {
    HeadStatistic out;
    out.texts = static_cast<int>(texts.size());
    if (texts.size() == 1) {
        out.mean = texts.front().*value;
        return out;
    }
    const std::size_t heads = (texts.front().*value).size();
    for (std::size_t i = 0; i < heads; ++i) {
        std::vector<double> values;
        for (const Means& text : texts) values.push_back((text.*value)[i]);
        const MeanInterval interval = mean_interval(values);
        out.mean.push_back(interval.mean);
        out.half_width.push_back(interval.half_width);
        out.texts = std::min(out.texts, interval.count);
    }
    return out;
}

void check_request(const Request& request) {
    if (!request.model) throw Error(ErrorKind::usage, "model", "an opened model", "none");
    check_gain(request.gain);
    if (request.texts.empty()) throw Error(ErrorKind::input, "texts", "at least one", "none");
    for (const Ids& text : request.texts) check_tokens(*request.model, text);
    if (request.rows && request.texts.size() > 1)
        throw Error(ErrorKind::usage, "rows", "one text", std::to_string(request.texts.size()));
}

} // namespace

Result attention_heads(const Request& request, JobContext& context) {
    const auto start = std::chrono::steady_clock::now();
    check_request(request);
    const ModelConfig& config = request.model->config();
    const Layers layers = checked_layers(request, config.layers);
    StatisticsPlan plan;
    plan.first_layer = layers.first;
    plan.layers = layers.last - layers.first + 1;
    plan.heads = static_cast<int>(config.heads);
    plan.gain = request.gain;
    plan.rows = request.rows;
    plan.scores = request.scores;

    Result result;
    result.layers = plan.layers;
    result.heads = plan.heads;
    result.first_layer = layers.first;
    result.gain = request.gain;
    result.texts = static_cast<int>(request.texts.size());
    const auto run = [&](Passes& passes, const Ids& text, const StatisticsPlan& wanted) {
        const auto tokens = std::ssize(text);
        result.peak_bytes =
            std::max(result.peak_bytes, HeadStatistics::bytes(wanted, tokens) +
                                            models::attention_tile_bytes(1, config.heads, config.key_value_heads,
                                                                         tokens, tokens, config.head_dim));
        HeadStatistics observer(wanted, text);
        passes.run(text, observer);
        return observer;
    };

    const bool random = request.scores && request.induction_on_random;
    Passes passes(request, layers, request.texts.size() + (random ? 1 : 0), context);
    std::vector<Means> texts;
    for (const Ids& text : request.texts) {
        HeadStatistics observer = run(passes, text, plan);
        texts.push_back(observer.means());
        result.tokens += std::ssize(text);
        result.entropy_rows = std::move(observer.entropy_rows);
        result.max_weight_rows = std::move(observer.max_weight_rows);
    }
    result.entropy = over_texts(texts, &Means::entropy);
    result.max_weight = over_texts(texts, &Means::max_weight);
    if (request.scores) {
        result.sink = over_texts(texts, &Means::sink);
        result.previous = over_texts(texts, &Means::previous);
        result.duplicate = over_texts(texts, &Means::duplicate);
        if (random) {
            StatisticsPlan scores_alone = plan;
            scores_alone.rows = false;
            const int half =
                static_cast<int>(std::min<std::int64_t>(random_half, std::max<std::int64_t>(config.positions / 2, 1)));
            const Ids text = attention::repeated_random_tokens(*request.model, half, context.seed());
            result.induction.mean = run(passes, text, scores_alone).means().induction;
            result.induction_on_random = true;
        } else {
            result.induction = over_texts(texts, &Means::induction);
        }
    }
    result.forward_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return result;
}

} // namespace attnscope::compute
