// From a view to the job that draws it, whether it is on the screen or in a session file.
#pragma once

#include "state/app_state.h"

#include <attnscope/alignment_recipe.h>
#include <attnscope/attention_recipe.h>
#include <attnscope/cv_experiment_recipe.h>
#include <attnscope/cv_recipe.h>
#include <attnscope/jacobian_experiment_recipe.h>
#include <attnscope/jacobian_recipe.h>
#include <attnscope/residual_recipe.h>

#include <filesystem>
#include <optional>

namespace attnscope::ui {

/// What is measured of a matrix at most, typed or out of a session.
inline constexpr std::size_t most_cv_samples = 100'000'000, most_cv_pool = 1'000'000'000;

/// What a view of the attention workspace shows, as the command line would be asked for it: of the map of heads, or of
/// the panels of one head. Layer, head and query are as selected, whether the model has them or not. None where texts
/// come from no file. A model without a tokenizer reads ids.
std::optional<AttentionJob> attention_job_of(const View& view, const std::filesystem::path& model, bool has_tokenizer,
                                             const Source& text, bool of_heads);

/// What a view of the CV bands workspace shows of a model, and of the text that it reads unless that is null.
CvJob cv_job_of(const View& view, const std::filesystem::path& model, bool has_tokenizer, const Source* text);
/// What the window's experiment is asked: measured at every epoch.
cv::ExperimentRequest experiment_request(const CvOptions& options);
/// What a view of the CV bands workspace shows of the experiment.
CvExperimentJob cv_experiment_job_of(const CvOptions& options);

/// What a view of the Alignment workspace shows of a model; without one, of grams, whose files are for the caller to
/// name.
AlignmentJob alignment_job_of(const View& view, const std::filesystem::path& model);

/// Sequences that lie one behind the other in a text.
struct Sequences {
    std::size_t length = 0, count = 0; ///< tokens of one; either may be 0 where the text is too short
};
/// Those that are wanted, as far as a text of so many tokens has them.
Sequences sequences_in(const JacobianOptions& options, std::size_t tokens);
/// What a view of the softmax gradient workspace looks at among such sequences.
JacobianJob::Cursor jacobian_cursor(const View& view, const Sequences& sequences);
/// What it shows of a model and the text that it reads; its cursor is for the caller to set, who knows the tokens.
JacobianJob jacobian_job_of(const View& view, const std::filesystem::path& model, bool has_tokenizer,
                            const Source& text);
/// What the window's training is asked; the text is still to be read.
jacobian::ExperimentRequest training_request(const JacobianTrainingOptions& options);
/// What a view of the softmax gradient workspace shows of the training on a text: a whole file, or a prompt.
JacobianExperimentJob training_job_of(const View& view, const Source& text);
/// The same of a file, or of a typed text where the path is empty.
JacobianExperimentJob training_job_of(const View& view, const std::filesystem::path& text, const std::string& typed);

/// The tokens that a sweep takes from a prompt or a set of prompts: all paragraphs of the file, or the typed text.
std::optional<TokenSource> swept_source(const Source& source, bool has_tokenizer);
/// What a view of the low-rank workspace shows; layer and rank are as selected, whether the model has them or not.
ResidualJob residual_job_of(const View& view, const std::filesystem::path& model, TokenSource tokens);

// What is shown of A is what is shown of the current view, as far as it can be compared. False where both show the same
// run, which is no comparison.
bool compare_alike(const RetrievalJob& shown, RetrievalJob& pinned);
bool compare_alike(const AttentionJob& shown, AttentionJob& pinned);
bool compare_alike(const CvJob& shown, CvJob& pinned);
bool compare_alike(const CvExperimentJob& shown, CvExperimentJob& pinned);
bool compare_alike(const AlignmentJob& shown, AlignmentJob& pinned);
bool compare_alike(const JacobianJob& shown, JacobianJob& pinned);
bool compare_alike(const JacobianExperimentJob& shown, JacobianExperimentJob& pinned);
bool compare_alike(const ResidualJob& shown, ResidualJob& pinned);

} // namespace attnscope::ui
