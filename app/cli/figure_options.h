// What `figure` is asked on the command line: what to draw from, what of it to show, how to write it.
#pragma once

#include "cli/cv_experiment.h"
#include "cli/retrieval_options.h"

#include <attnscope/alignment_recipe.h>
#include <attnscope/attention_recipe.h>
#include <attnscope/cv_experiment_recipe.h>
#include <attnscope/cv_recipe.h>
#include <attnscope/jacobian_experiment_recipe.h>
#include <attnscope/jacobian_recipe.h>
#include <attnscope/recipe.h>
#include <attnscope/residual_recipe.h>

#include <filesystem>
#include <string>
#include <vector>

namespace attnscope::cli {

struct FigureOptions {
    RetrievalOptions retrieval;
    AttentionJob attention; // `request.gain` is --beta of either workspace
    CvJob cv;               // its inputs, layer and head are those of `attention`
    AlignmentJob alignment; // so are its model, layer and head
    ResidualJob residual;   // its inputs, layer and head are those of `attention`
    ExperimentOptions experiment;
    CvExperimentJob shown; // of the experiment
    JacobianJob jacobian;  // its model, layer and head are those of `attention`
    std::filesystem::path ids;
    std::string prompt;
    bool chat = false;
    FigureSpec spec;
    std::filesystem::path file, recipe, session;
    std::vector<std::filesystem::path> folders;
    std::vector<std::string> types{"svg"}; // of --panel all
};

/// They must live as long as the command.
void add_figure_options(CLI::App& command, FigureOptions& options);
/// Whether an option was given, so that it outweighs what the recipe or session says.
bool given(const CLI::App& command, const char* option);

// What was given, over what a recipe or a session says.
void override_job(const CLI::App& command, const FigureOptions& asked, RetrievalJob& job);
void override_job(const CLI::App& command, const FigureOptions& asked, AttentionJob& job);
void override_job(const CLI::App& command, const FigureOptions& asked, CvJob& job);
void override_job(const CLI::App& command, const FigureOptions& asked, CvExperimentJob& job);
void override_job(const CLI::App& command, const FigureOptions& asked, AlignmentJob& job);
void override_job(const CLI::App& command, const FigureOptions& asked, JacobianJob& job);
void override_job(const CLI::App& command, const FigureOptions& asked, JacobianExperimentJob& job);
void override_job(const CLI::App& command, const FigureOptions& asked, ResidualJob& job);
void override_writing(const CLI::App& command, const FigureSpec& asked, FigureSpec& spec);

/// What to draw when no recipe or session was named; without a bank the sample's, or the letters. Throws Error{usage}.
RetrievalJob retrieval_inputs(RetrievalOptions& options);
/// The same of a model; without one the sample's.
AttentionJob attention_inputs(const CLI::App& command, const FigureOptions& options);
/// The same for CV bands; a text is not needed.
CvJob cv_inputs(const CLI::App& command, const FigureOptions& options);
/// The same for alignment; grams instead of a model where they are given.
AlignmentJob alignment_inputs(const CLI::App& command, const FigureOptions& options);
/// The same for a residual sweep, which needs a text.
ResidualJob residual_inputs(const CLI::App& command, const FigureOptions& options);
/// The same for the softmax gradient, of a model or of captures.
JacobianJob jacobian_inputs(const CLI::App& command, const FigureOptions& options);
CvExperimentJob experiment_inputs(const CLI::App& command, const FigureOptions& options, const CommonOptions& common);

} // namespace attnscope::cli
