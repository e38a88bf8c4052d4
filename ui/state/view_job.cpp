#include "state/view_job.h"

#include <algorithm>
#include <cmath>

namespace attnscope::ui {

namespace {

/// The chosen text of a source, as a model reads it; one without a tokenizer reads ids.
TokenSource read_by_model(const View& view, bool has_tokenizer, const Source& text) {
    return {has_tokenizer ? TokenSource::Kind::prompt : TokenSource::Kind::ids,
            text_of(text, view.selection.text),
            {},
            has_tokenizer && view.attention.chat};
}

} // namespace

std::optional<AttentionJob> attention_job_of(const View& view, const std::filesystem::path& model, bool has_tokenizer,
                                             const Source& text, bool of_heads) {
    const Selection& selection = view.selection;
    const AttentionOptions& options = view.attention;
    const double gain = options.top_one ? INFINITY : selection.gain;
    AttentionJob job;
    job.seed = view.seed;
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
    job.tokens = read_by_model(view, has_tokenizer, text);
    if (job.a_text_a_line) {
        if (text.path.empty()) return std::nullopt;
        if (has_tokenizer) job.tokens->kind = TokenSource::Kind::text;
        job.tokens->prompt.clear();
        job.tokens->file = text.path;
    }
    return job;
}

CvJob cv_job_of(const View& view, const std::filesystem::path& model, bool has_tokenizer, const Source* text) {
    CvJob job;
    job.seed = view.seed;
    job.model = model;
    job.parameters = view.cv.parameters;
    if (text) job.tokens = read_by_model(view, has_tokenizer, *text);
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

AlignmentJob alignment_job_of(const View& view, const std::filesystem::path& model) {
    const AlignmentOptions& options = view.alignment;
    AlignmentJob job;
    job.seed = view.seed;
    job.model = model;
    if (!model.empty()) {
        job.kind = options.kind;
        job.basis = options.basis;
        job.norm_gain = options.norm_gain;
        job.topk = options.topk;
    }
    job.anchor = options.anchor;
    job.head = options.all_heads ? -1 : view.selection.head;
    job.layer = view.selection.layer;
    job.quantity = options.quantity;
    return job;
}

Sequences sequences_in(const JacobianOptions& options, std::size_t tokens) {
    if (tokens < 2) return {};
    const std::size_t length = std::min(static_cast<std::size_t>(std::max(options.length, 1)), tokens - 1);
    return {length,
            std::min(static_cast<std::size_t>(std::max(options.blocks, 1)), jacobian::sequences_in(tokens, length))};
}

JacobianJob::Cursor jacobian_cursor(const View& view, const Sequences& sequences) {
    const Selection& selection = view.selection;
    JacobianJob::Cursor cursor{view.jacobian.metric, selection.layer, selection.head};
    if (sequences.count == 0 || sequences.length == 0) return cursor;
    // The last token of the text is the last row there is.
    const std::size_t last = sequences.count * sequences.length - 1;
    const std::size_t token = selection.token < 0 ? last : std::min(static_cast<std::size_t>(selection.token), last);
    cursor.sequence = token / sequences.length;
    cursor.row = static_cast<std::int64_t>(token % sequences.length);
    return cursor;
}

JacobianJob jacobian_job_of(const View& view, const std::filesystem::path& model, bool has_tokenizer,
                            const Source& text) {
    JacobianJob job;
    job.seed = view.seed;
    job.model = model;
    job.tokens = read_by_model(view, has_tokenizer, text);
    job.length = static_cast<std::size_t>(std::max(view.jacobian.length, 1));
    job.blocks = static_cast<std::size_t>(std::max(view.jacobian.blocks, 1));
    return job;
}

jacobian::ExperimentRequest training_request(const JacobianTrainingOptions& options) {
    jacobian::ExperimentRequest request;
    request.combinations.clear();
    for (const jacobian::Method method : options.methods)
        for (const jacobian::SoftmaxGradient gradient : options.gradients)
            request.combinations.push_back({method, gradient});
    request.steps = options.steps;
    request.every = options.every;
    request.learning_rate = options.learning_rate;
    request.seed = options.seed;
    return request;
}

JacobianExperimentJob training_job_of(const View& view, const Source& text) {
    return text.kind == SourceKind::texts ? training_job_of(view, text.path, "")
                                          : training_job_of(view, {}, text.prompt);
}

JacobianExperimentJob training_job_of(const View& view, const std::filesystem::path& text, const std::string& typed) {
    JacobianExperimentJob job;
    job.text = text;
    job.typed = typed;
    job.request = training_request(view.training);
    job.metric = view.jacobian.metric;
    job.shown = view.training.shown;
    job.step = view.training.step;
    return job;
}

std::optional<TokenSource> swept_source(const Source& source, bool has_tokenizer) {
    TokenSource out;
    out.kind = has_tokenizer ? TokenSource::Kind::prompt : TokenSource::Kind::ids;
    if (source.texts && !source.path.empty()) {
        if (has_tokenizer) out.kind = TokenSource::Kind::text;
        out.file = source.path;
        return out;
    }
    if (source.texts)
        for (const std::string& paragraph : *source.texts) out.prompt += paragraph + "\n\n";
    else
        out.prompt = source.prompt;
    return out.prompt.empty() ? std::nullopt : std::optional(out);
}

ResidualJob residual_job_of(const View& view, const std::filesystem::path& model, TokenSource tokens) {
    ResidualJob job;
    job.seed = view.seed;
    job.model = model;
    job.tokens = std::move(tokens);
    job.request.parameters = view.residual.parameters;
    job.cursor = {view.selection.layer, view.selection.head, view.selection.rank, view.residual.block};
    return job;
}

bool compare_alike(const RetrievalJob&, RetrievalJob&) {
    return true;
}

bool compare_alike(const AttentionJob& shown, AttentionJob& pinned) {
    pinned.colour = shown.colour;
    return true;
}

bool compare_alike(const CvJob& shown, CvJob& pinned) {
    pinned.cursor.kind = shown.cursor.kind;
    return true;
}

bool compare_alike(const CvExperimentJob& shown, CvExperimentJob& pinned) {
    return pinned.request != shown.request;
}

bool compare_alike(const AlignmentJob& shown, AlignmentJob& pinned) {
    pinned.quantity = shown.quantity;
    return true;
}

bool compare_alike(const JacobianJob& shown, JacobianJob& pinned) {
    pinned.cursor.metric = shown.cursor.metric;
    return true;
}

bool compare_alike(const JacobianExperimentJob& shown, JacobianExperimentJob& pinned) {
    pinned.metric = shown.metric;
    return pinned.text != shown.text || pinned.typed != shown.typed || pinned.request != shown.request;
}

bool compare_alike(const ResidualJob& shown, ResidualJob& pinned) {
    pinned.cursor.rank = shown.cursor.rank;
    return pinned.model != shown.model || pinned.tokens != shown.tokens ||
           pinned.request.parameters != shown.request.parameters;
}

} // namespace attnscope::ui
