// What a file is and what it holds, found out on a worker.
#pragma once

#include "state/app_state.h"

#include <attnscope/alignment_recipe.h>
#include <attnscope/attention_recipe.h>
#include <attnscope/cv_experiment_recipe.h>
#include <attnscope/cv_recipe.h>
#include <attnscope/jacobian_experiment_recipe.h>
#include <attnscope/jacobian_recipe.h>
#include <attnscope/job.h>
#include <attnscope/residual_recipe.h>

#include <filesystem>
#include <string>
#include <vector>

namespace attnscope::ui {

/// What to load, as the row in Sources asks for it.
struct LoadRequest {
    std::filesystem::path path;
    SourceKind kind = SourceKind::bank;
    bool kind_chosen = false;                   ///< a folder that could be an encoder is opened as a model all the same
    std::string sha256;                         ///< as a session remembers it; empty = any
    std::size_t selected_d = 0, selected_n = 0; ///< of the bank selected now: a few rows of its width are queries
    std::vector<std::filesystem::path> recipe_folders; ///< where the inputs of a recipe are looked for
};

struct Session;

/// A run of the CV experiment; its results where the file has them.
struct LoadedExperiment {
    CvExperimentJob job;
    cv::ExperimentPtr experiment;
};

/// Runs of the softmax-gradient experiment; their curves where the file has them.
struct LoadedTraining {
    JacobianExperimentJob job;
    jacobian::ExperimentPtr experiment;
};

/// What came out; `kind` may differ from the asked one.
struct Loaded {
    SourceKind kind = SourceKind::bank;
    std::string detail, warning;
    std::shared_ptr<const Bank> bank;
    std::shared_ptr<const TextEncoder> encoder;
    std::shared_ptr<const Queries> queries;
    ModelPtr model;
    std::vector<std::string> prompts;
    std::shared_ptr<const std::vector<std::string>> texts;
    std::shared_ptr<const Session> session; ///< of a session file
    alignment::OperatorsPtr grams;
    std::filesystem::path companion; ///< the file of their directions
    // of a result or a figure: the state it was made in, one of them
    std::optional<RetrievalJob> job;
    std::optional<AttentionJob> attention_job;
    std::optional<CvJob> cv_job;
    std::optional<AlignmentJob> alignment_job;
    std::optional<ResidualJob> residual_job;
    std::optional<JacobianJob> jacobian_job;
    jacobian::CapturesPtr captures;
    std::optional<LoadedExperiment> cv_experiment;
    std::optional<LoadedTraining> training;
    std::shared_ptr<const Loaded> pinned; ///< and the state of A, which a figure is compared with
    bool beside = false;                  ///< A stands beside a map
    std::uint64_t seed = 0;               ///< of the recipe
    std::optional<Device> device;         ///< of the recipe, where there is such a one here
};

/// By name alone: folders and .gguf are models, .txt and .jsonl prompts, .json .svg .pdf .png .py results, else a bank.
SourceKind guess_kind(const std::filesystem::path& path);
/// Throws Error{input}, and Cancelled from every long part of it, hashing included.
Loaded load_source(const LoadRequest& request, JobContext& context);

std::string bank_detail(const Bank& bank);         ///< 20 000 × 384 · float32 · 31 MB mapped
std::string model_detail(const ModelFiles& files); ///< llama · 30 × 9 heads (3 KV), then parameters and size
std::string megabytes(std::uint64_t bytes);        ///< 94 MB
std::string grouped(std::size_t number);           ///< 117 659

} // namespace attnscope::ui
