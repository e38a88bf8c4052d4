// From a session of the window to the jobs that its workspaces show.
#pragma once

#include "cli/panel_source.h"

#include <attnscope/attention_recipe.h>
#include <attnscope/cv_experiment_recipe.h>
#include <attnscope/cv_recipe.h>
#include <attnscope/recipe.h>

#include <filesystem>
#include <memory>
#include <vector>

namespace attnscope::cli {

class SessionJobs {
public:
    /// Files that were moved are looked for by hash in `places`. Throws Error{input} for what is no session.
    SessionJobs(const std::filesystem::path& session, const std::vector<std::filesystem::path>& places);
    ~SessionJobs();

    /// Whether the workspace has something to show: a bank, a model and a text, a model.
    bool has(Workspace workspace) const;
    /// Throws Error{input} where something that is shown lies in no file.
    RetrievalJob retrieval() const;
    struct Attention {
        AttentionJob of_heads, of_one_head;  ///< what the panels show, compared with A if that is pinned
    };
    /// Throws Error{input}, as above.
    Attention attention() const;
    /// Of the model, and of the text if there is one. Throws Error{input}, as above.
    CvJob cv() const;
    CvExperimentJob cv_experiment() const;

private:
    class Reader;
    std::unique_ptr<const Reader> reader_;
};

}  // namespace attnscope::cli
