#include "state/view_job.h"

#include <algorithm>
#include <cmath>

namespace attnscope::ui {

std::optional<AttentionJob> attention_job_of(const View& view, const std::filesystem::path& model, bool has_tokenizer,
                                             const Source& text, bool of_heads) {
    const Selection& selection = view.selection;
    const AttentionOptions& options = view.attention;
    const double gain = options.top_one ? INFINITY : selection.gain;
    AttentionJob job;
    job.model = model;
    // The map of heads is a forward pass; the gain of a head alone leaves it as it is.
    job.request.gain = of_heads && !options.every_layer ? 1 : gain;
    job.layer = selection.layer;
    job.head = selection.head;
    job.token = selection.token;
    job.colour = options.colour;
    job.every_layer = options.every_layer;
    job.without_sink = options.without_sink;
    job.renormalize = options.renormalize;
    job.a_text_a_line = of_heads && options.whole_set && text.texts;
    TokenSource tokens;
    tokens.kind = has_tokenizer ? TokenSource::Kind::prompt : TokenSource::Kind::ids;
    tokens.chat = has_tokenizer && options.chat;
    if (job.a_text_a_line) {
        if (text.path.empty()) return std::nullopt;
        if (has_tokenizer) tokens.kind = TokenSource::Kind::text;
        tokens.file = text.path;
    } else {
        tokens.prompt = text_of(text, selection.text);
    }
    job.tokens = std::move(tokens);
    return job;
}

CvJob cv_job_of(const View& view, const std::filesystem::path& model, bool has_tokenizer, const Source* text) {
    CvJob job;
    job.model = model;
    job.parameters = view.cv.parameters;
    if (text) {
        job.tokens = TokenSource{has_tokenizer ? TokenSource::Kind::prompt : TokenSource::Kind::ids,
                                 text_of(*text, view.selection.text), {}, has_tokenizer && view.attention.chat};
    }
    job.cursor = {view.cv.kind, view.selection.layer, view.selection.head};
    return job;
}

cv::ExperimentRequest experiment_request(const CvOptions& options) {
    cv::ExperimentRequest request;
    request.dims = options.dims;
    request.heads = options.heads;
    request.epochs = options.epochs;
    request.every = 1;
    request.seed = options.seed;
    request.parameters = options.parameters;
    return request;
}

CvExperimentJob cv_experiment_job_of(const CvOptions& options) {
    CvExperimentJob job;
    job.request = experiment_request(options);
    job.group = options.group;
    job.dim = options.dim;
    job.heads = options.config_heads;
    job.epoch = options.epoch;
    return job;
}

}  // namespace attnscope::ui
