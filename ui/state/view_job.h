// From a view to the job that draws it, whether it is on the screen or in a session file.
#pragma once

#include "state/app_state.h"

#include <attnscope/attention_recipe.h>

#include <filesystem>
#include <optional>

namespace attnscope::ui {

/// What a view of the attention workspace shows, as the command line would be asked for it: of the map of heads, or of
/// the panels of one head. Layer, head and query are as selected, whether the model has them or not. None where texts
/// come from no file. A model without a tokenizer reads ids.
std::optional<AttentionJob> attention_job_of(const View& view, const std::filesystem::path& model, bool has_tokenizer,
                                             const Source& text, bool of_heads);

}  // namespace attnscope::ui
