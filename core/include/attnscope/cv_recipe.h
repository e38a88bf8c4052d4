// CV bands as a recipe: what was asked on the command line, and its results as text.
#pragma once

#include <attnscope/cv.h>
#include <attnscope/model_recipe.h>
#include <attnscope/recipe.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace attnscope {

/// Everything `attnscope cv` was asked of a file of tensors or of a model, before files are opened.
struct CvJob {
    std::filesystem::path tensor; ///< a file of tensors; empty: a model
    std::string key;              ///< which of them; empty: every matrix in the file
    Layout layout = Layout::automatic;
    std::filesystem::path tuples; ///< simplices for a tensor; empty: drawn
    std::filesystem::path model;
    std::optional<TokenSource> tokens; ///< of the activations; none: weights alone
    cv::Parameters parameters;
    bool weights = true; ///< of a model
    int first_layer = 0, last_layer = -1;
    Precision precision = Precision::float32;
    bool histogram = false; ///< write the histograms of volumes too
    // what figures of a model show of it
    struct Cursor {
        cv::Kind kind = cv::Kind::query;
        int layer = 0, head = 0; ///< query heads
    } cursor;
    std::optional<FigureSpec> figure; ///< none for a result
    std::uint64_t seed = 0;
    // filled by load_inputs()
    std::vector<cv::Request> requests; ///< one a matrix of the file
    cv::ModelRequest request;
};
/// Opens the files and reads the tokens: of a long text only what the pool has rows for.
void load_inputs(CvJob& job, JobContext& context, std::vector<Warning>& warnings);
/// Inputs are hashed here. Needs load_inputs() before.
Recipe cv_recipe(const CvJob& job);
/// The reverse: finds the inputs by hash in `folders`. Throws Error{input} naming the input that was not found.
/// `between` is told of the hashing.
CvJob cv_job(const Recipe& recipe, const std::vector<std::filesystem::path>& folders, const BytesDone& between = {});

/// Needs load_inputs() before.
cv::ModelResult compute_cv(const CvJob& job, JobContext& context);

/// The figure of a panel of a model; needs load_inputs() before.
Figure cv_figure(const CvJob& job, const std::string& panel, const cv::ModelResult& result);

std::string cv_result_json(const CvJob& job, const cv::ModelResult& result);
std::string cv_result_npz(const cv::ModelResult& result); ///< an entry a matrix
std::vector<Warning> cv_warnings(const CvJob& job, const cv::ModelResult& result);
std::string cv_table_csv(const std::vector<cv::Matrix>& matrices);  ///< a row a matrix
std::string cv_table_text(const std::vector<cv::Matrix>& matrices); ///< for people
std::string cv_table_tex(const std::vector<cv::Matrix>& matrices);  ///< a LaTeX tabular, with booktabs' rules

/// embedding, query, key … as `kind` of results.
const char* cv_kind_name(cv::Kind kind) noexcept;

} // namespace attnscope
