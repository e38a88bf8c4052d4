// Attention of a model as a recipe: what was asked on the command line, and its results as text.
#pragma once

#include <attnscope/attention.h>
#include <attnscope/attention_figures.h>
#include <attnscope/model_recipe.h>
#include <attnscope/recipe.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace attnscope {

/// Everything `attnscope attention` or `attnscope figure` was asked, before files are opened.
struct AttentionJob {
    std::filesystem::path model;
    /// None: 50 random tokens, repeated.
    std::optional<TokenSource> tokens;
    bool a_text_a_line = false;   ///< the source is a file with a text in every line
    attention::Request request;   ///< model and texts still empty
    std::vector<HeadChoice> maps; ///< heads whose maps are wanted too
    // what figures show of it
    int layer = 0, head = 0;
    std::int64_t token = -1; ///< the query; −1 = the last
    attention::HeadColour colour = attention::HeadColour::entropy;
    /// The gain of a panel of one head turns every layer of the forward pass before it, not that head alone.
    bool every_layer = false;
    bool without_sink = false, renormalize = false; ///< as in attention::View
    std::optional<FigureSpec> figure;               ///< none for a result
    std::uint64_t seed = 0;
};
/// Opens the model, unless request.model is there, and reads the tokens: fills request.model and request.texts.
void load_inputs(AttentionJob& job, JobContext& context, std::vector<Warning>& warnings);
/// The model is hashed here. Needs load_inputs() before.
Recipe attention_recipe(const AttentionJob& job);
/// The reverse: finds the inputs by hash in `folders`. Throws Error{input} naming the input that was not found.
/// `between` is told of the hashing.
AttentionJob attention_job(const Recipe& recipe, const std::vector<std::filesystem::path>& folders,
                           const BytesDone& between = {});

struct AttentionOutcome {
    attention::Result result;
    /// In the order they were asked for, of the forward pass at the job's gain; at most 512 × 512 cells each.
    std::vector<attention::Map> maps;
};
/// Needs load_inputs() before.
AttentionOutcome compute_attention(const AttentionJob& job, JobContext& context);
/// The figure of the panel that `figure` names, in detail where it is zoomed into; needs load_inputs() before.
Figure attention_figure(const AttentionJob& job, const FigureSpec& figure, JobContext& context);

std::string attention_result_json(const AttentionJob& job, const AttentionOutcome& outcome);
std::string attention_result_csv(const AttentionJob& job,
                                 const AttentionOutcome& outcome); ///< a row a head, or a row of it
std::string attention_result_text(const AttentionJob& job, const AttentionOutcome& outcome); ///< for people
std::string attention_result_npz(const AttentionJob& job, const AttentionOutcome& outcome);
std::vector<Warning> attention_warnings(const AttentionJob& job, const AttentionOutcome& outcome);

} // namespace attnscope
