// From a view to the job that draws it, whether it is on the screen or in a session file.
#pragma once

#include "state/app_state.h"

#include <attnscope/attention_recipe.h>
#include <attnscope/cv_experiment_recipe.h>
#include <attnscope/cv_recipe.h>

#include <filesystem>
#include <optional>

namespace attnscope::ui {

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

}  // namespace attnscope::ui
