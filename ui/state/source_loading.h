// What a file is and what it holds, found out on a worker.
#pragma once

#include "state/app_state.h"

#include <attnscope/job.h>

#include <filesystem>
#include <string>
#include <vector>

namespace attnscope::ui {

/// What to load, as the row in Sources asks for it.
struct LoadRequest {
    std::filesystem::path path;
    SourceKind kind = SourceKind::bank;
    std::string sha256;                   ///< as a session remembers it; empty = any
    std::size_t selected_d = 0, selected_n = 0;  ///< of the bank selected now: a few rows of its width are queries
    std::vector<std::filesystem::path> recipe_folders;  ///< where the inputs of a recipe are looked for
};

/// What came out; `kind` may differ from the asked one.
struct Loaded {
    SourceKind kind = SourceKind::bank;
    std::string detail, warning;
    std::shared_ptr<const Bank> bank;
    std::shared_ptr<const TextEncoder> encoder;
    std::shared_ptr<const Queries> queries;
    std::vector<std::string> prompts;
    bool is_session = false;
    std::optional<RetrievalJob> job;      ///< of a result or a figure: the state it was made in
};

/// By name alone: folders are encoders, .txt and .jsonl prompts, .json .svg .pdf .png .py results, else a bank.
SourceKind guess_kind(const std::filesystem::path& path);
/// Throws Error{input}.
Loaded load_source(const LoadRequest& request, JobContext& context);

std::string bank_detail(const Bank& bank);            ///< 20 000 × 384 · float32 · 31 MB mapped
std::string grouped(std::size_t number);              ///< 117 659

}  // namespace attnscope::ui
