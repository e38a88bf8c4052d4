// What the panels of a workspace are drawn from, whichever workspace it is.
#pragma once

#include "cli/context.h"
#include "state/analysis.h"

#include <attnscope/alignment_recipe.h>
#include <attnscope/attention_recipe.h>
#include <attnscope/cv_experiment_recipe.h>
#include <attnscope/cv_recipe.h>
#include <attnscope/figure.h>
#include <attnscope/jacobian_experiment_recipe.h>
#include <attnscope/jacobian_recipe.h>
#include <attnscope/recipe.h>
#include <attnscope/residual_recipe.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace attnscope::cli {

class PanelSource {
public:
    virtual ~PanelSource() = default;
    /// Ids of the workspace's panels.
    virtual const std::vector<std::string>& panels() const = 0;
    /// Whether there is something for the panel to show. Needs load() before.
    virtual bool can_draw(const std::string& panel) const = 0;
    /// Opens the inputs, hashes nothing yet.
    virtual void load(JobContext& context, std::vector<Warning>& warnings) = 0;
    /// The panel that the specification names, in detail where it is zoomed into; zooming is left to the caller. Needs
    /// load() before.
    virtual Figure draw(const FigureSpec& figure, JobContext& context) const = 0;
    /// The recipe that draws a figure from this. Needs load() before.
    virtual Recipe recipe(const FigureSpec& figure) const = 0;
};

std::unique_ptr<PanelSource> panel_source(RetrievalJob job);
std::unique_ptr<PanelSource> panel_source(AttentionJob job);
/// Of a session, which draws the map of heads and the panels of one head from different jobs; a layer, head or query
/// that the model or text does not have is the nearest there is.
std::unique_ptr<PanelSource> panel_source(AttentionJob of_heads, AttentionJob of_one_head);

std::unique_ptr<PanelSource> panel_source(CvJob job);
std::unique_ptr<PanelSource> panel_source(CvExperimentJob job);
std::unique_ptr<PanelSource> panel_source(AlignmentJob job);
std::unique_ptr<PanelSource> panel_source(ResidualJob job);
std::unique_ptr<PanelSource> panel_source(JacobianExperimentJob job);
std::unique_ptr<PanelSource> panel_source(JacobianJob job);
/// The panels of `shown`, compared with those of A: see compare_with_pinned().
std::unique_ptr<PanelSource> compared(std::unique_ptr<PanelSource> shown, std::unique_ptr<PanelSource> pinned,
                                      bool beside);

/// The workspace of a panel named with or without it (attention.heads, heads); of two with one name the first, so that
/// `map` is attention.map. Throws Error{usage} naming them all.
using ui::Workspace;
Workspace workspace_of(const std::string& panel);
/// Ids of the panels of every workspace.
std::vector<std::string> all_panels();
/// The id of a panel named with or without its workspace. Throws Error{usage} naming those of the source.
std::string panel_id(const PanelSource& source, const std::string& panel);

} // namespace attnscope::cli
