// From a session of the window to the job its retrieval workspace shows.
#pragma once

#include <attnscope/recipe.h>

#include <filesystem>
#include <vector>

namespace attnscope::cli {

/// Files that were moved are looked for by hash in `places`. Throws Error{input} for what is no session, or one whose
/// bank no file holds.
RetrievalJob session_job(const std::filesystem::path& session, const std::vector<std::filesystem::path>& places);

}  // namespace attnscope::cli
