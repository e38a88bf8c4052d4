// The files that `attnscope cv` was given: matrices of a file of tensors, or a model and the first tokens of a text.
#include <attnscope/cv_recipe.h>

#include "files/model_inputs.h"

#include <algorithm>

namespace attnscope {

namespace {

/// Every matrix of the file when none is named, as long as the file does not say which it is about.
std::vector<std::string> matrix_keys(const CvJob& job) {
    if (!job.key.empty()) return {job.key};
    const auto file = open_tensor_file(job.tensor);
    std::vector<std::string> keys;
    for (const TensorInfo& tensor : file->tensors())
        if (tensor.shape.size() == 2 && tensor.name != "texts") keys.push_back(tensor.name);
    if (keys.size() < 2 || file->find("embeddings")) return {job.key};
    return keys;
}

void load_matrices(CvJob& job, std::vector<Warning>& warnings) {
    cv::TuplesPtr tuples;
    if (!job.tuples.empty()) tuples = cv::open_tuples(job.tuples);
    job.requests.clear();
    for (const std::string& key : matrix_keys(job)) {
        cv::Request request;
        request.bank = open_bank(job.tensor, job.layout, key);
        request.name = key.empty() ? job.tensor.stem().string() : key;
        request.parameters = job.parameters;
        request.tuples = tuples;
        if (tuples) cv::check_tuples(*tuples, request.bank->n);
        if (!request.bank->assumption.empty())
            warnings.push_back({"layout", request.name + ": " + request.bank->assumption});
        job.requests.push_back(std::move(request));
    }
}

cv::Ids load_text(const CvJob& job, const LanguageModel& model) {
    const TokenSource& source = *job.tokens;
    std::size_t most = static_cast<std::size_t>(model.config().positions);
    if (job.parameters.pool > 0) most = std::min(most, job.parameters.pool);
    // What an encoder makes of a token depends on all others.
    if (!model.config().causal()) most = SIZE_MAX / 32;
    cv::Ids ids = first_ids(source, model, most);
    check_tokens(model, ids);
    return ids;
}

} // namespace

void load_inputs(CvJob& job, JobContext& context, std::vector<Warning>& warnings) {
    cv::check_parameters(job.parameters);
    if (!job.tensor.empty()) {
        context.progress(0, 0, "opening the file");
        return load_matrices(job, warnings);
    }
    job.request = {};
    job.request.model = open_input_model(job.model, context);
    if (job.tokens) job.request.text = load_text(job, *job.request.model);
    job.request.parameters = job.parameters;
    job.request.weights = job.weights;
    job.request.first_layer = job.first_layer;
    job.request.last_layer = job.last_layer;
    job.request.precision = job.precision;
}

cv::ModelResult compute_cv(const CvJob& job, JobContext& context) {
    if (job.tensor.empty()) return cv::compute_model(job.request, context);
    cv::ModelResult result;
    result.matrices_total = job.requests.size();
    for (const cv::Request& request : job.requests) {
        context.progress(static_cast<double>(result.matrices.size()), static_cast<double>(job.requests.size()),
                         "matrices");
        result.matrices.push_back(cv::compute(request, context));
    }
    return result;
}

std::vector<Warning> cv_warnings(const CvJob& job, const cv::ModelResult& result) {
    std::vector<Warning> warnings;
    const auto without = std::count_if(result.matrices.begin(), result.matrices.end(),
                                       [](const cv::Matrix& matrix) { return !matrix.has_cv(); });
    if (without > 0) {
        const auto first = std::find_if(result.matrices.begin(), result.matrices.end(),
                                        [](const cv::Matrix& matrix) { return !matrix.has_cv(); });
        warnings.push_back({"no-cv", std::to_string(without) + " of " + std::to_string(result.matrices.size()) +
                                         " matrices have no CV; " + first->name + ": " + first->reason});
    }
    if (result.text_tokens > 0)
        warnings.push_back(
            {"tokens", "activations are those of the first " + std::to_string(result.text_tokens) + " tokens" +
                           (job.parameters.pool > 0 ? ", as many as the pool has rows" : "") + " or the text has"});
    return warnings;
}

} // namespace attnscope
