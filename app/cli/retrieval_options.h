// The options that say what a retrieval runs on; shared by `retrieval` and `figure`.
#pragma once

#include "cli/common_options.h"

#include <attnscope/recipe.h>

namespace attnscope::cli {

/// What was given on the command line, besides the job's own fields.
struct RetrievalOptions {
    RetrievalJob job;
    std::filesystem::path queries, questions;
    std::vector<std::string> texts;
};

/// --bank --letters --layout --key --queries --questions --text --rows --encoder
void add_input_options(CLI::App& app, RetrievalOptions& options);

bool has_bank(const RetrievalOptions& options);
bool has_queries(const RetrievalOptions& options);
/// Settles the query specification. Throws Error{usage} for sources that exclude each other or an encoder that is
/// missing.
void settle_queries(RetrievalOptions& options);

} // namespace attnscope::cli
