// Residual excitations as a recipe: what was asked on the command line or in the window, and its results as text.
#pragma once

#include <attnscope/model_recipe.h>
#include <attnscope/recipe.h>
#include <attnscope/residual.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace attnscope {

/// The non-blank paragraphs of a text, each without the empty lines around it, joined by an empty line: what is
/// evaluated of a text.
std::string joined_paragraphs(std::string_view text);
/// The first ids of a source that a sweep with these parameters can use. Throws Error{input}.
std::vector<std::int64_t> residual_tokens(const TokenSource& source, const residual::Parameters& parameters,
                                          const LanguageModel& model);

/// Everything `attnscope residual` was asked, before files are opened.
struct ResidualJob {
    std::filesystem::path model;
    TokenSource tokens;
    residual::Request request; ///< model and ids still empty
    // what figures show of it
    struct Cursor {
        int layer = -1, head = 0; ///< −1 = the last replaced one
        int rank = -1;            ///< −1 = that of the verdict; else the nearest there is
        int block = 0;            ///< whose text is shown
        bool operator==(const Cursor&) const = default;
    } cursor;
    std::optional<FigureSpec> figure; ///< none for a result
    std::uint64_t seed = 0;
};
/// Opens the model, unless request.model is there, and reads the tokens: fills request.model and request.ids.
void load_inputs(ResidualJob& job, JobContext& context, std::vector<Warning>& warnings);
/// The model is hashed here. Needs load_inputs() before.
Recipe residual_recipe(const ResidualJob& job);
/// The reverse: finds the inputs by hash in `folders`. Throws Error{input} naming the input that was not found.
/// `between` is told of the hashing.
ResidualJob residual_job(const Recipe& recipe, const std::vector<std::filesystem::path>& folders,
                         const BytesDone& between = {});

/// The figure of a panel; needs load_inputs() before.
Figure residual_figure(const ResidualJob& job, const std::string& panel, const residual::Result& result,
                       const residual::Spectra* spectra);

std::string residual_result_json(const ResidualJob& job, const residual::Result& result);
/// The reverse for what a sweep can go on from (Request::from): plan, losses and finished ranks, with the losses of
/// tokens where the job writes them. Needs load_inputs() before. Throws Error{input} naming `subject` and the field.
residual::Result read_residual_partial(const ResidualJob& job, const std::string& result_json,
                                       const std::string& subject);
std::string
residual_result_csv(const residual::Result& result); ///< a row an attention output: baseline, top1, full, ranks
std::string residual_result_text(const residual::Result& result); ///< for people
std::string residual_result_npz(const residual::Result& result);
std::vector<Warning> residual_warnings(const ResidualJob& job, const residual::Result& result);

} // namespace attnscope
