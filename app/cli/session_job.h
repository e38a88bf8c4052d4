// From a session of the window to the jobs that its workspaces show.
#pragma once

#include "cli/panel_source.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

namespace attnscope::cli {

class SessionJobs {
public:
    /// Files that were moved are looked for by hash in `places`. Throws Error{input} for what is no session.
    SessionJobs(const std::filesystem::path& session, const std::vector<std::filesystem::path>& places);
    ~SessionJobs();

    /// Whether the workspace has something to show: a bank, a model and a text, a model.
    bool has(Workspace workspace) const;
    /// What the panels show, and what A shows if it is pinned in the same workspace and can be compared.
    template <class Job>
    struct Sides {
        Job shown;
        std::optional<Job> pinned;
    };
    /// A stands beside a map rather than being subtracted from it.
    bool beside() const;
    /// With which seed the session draws at random, and where it was computed; no device = not said.
    std::uint64_t seed() const;
    std::optional<Device> device() const;

    // All throw Error{input} where something that is shown lies in no file.
    Sides<RetrievalJob> retrieval() const;
    Sides<AttentionJob> attention_heads() const; ///< the map of heads
    Sides<AttentionJob> attention_head() const;  ///< the panels of one head
    Sides<CvJob> cv() const;                     ///< of the model, and of the text if there is one
    Sides<CvExperimentJob> cv_experiment() const;
    Sides<AlignmentJob> alignment() const;
    Sides<JacobianJob> jacobian() const;
    Sides<JacobianExperimentJob> training() const;
    Sides<ResidualJob> residual() const;

private:
    class Reader;
    std::unique_ptr<const Reader> reader_;
};

} // namespace attnscope::cli
