// The files that a job reads, whichever analysis it is of.
#pragma once

#include <attnscope/model_recipe.h>

#include <filesystem>
#include <optional>
#include <type_traits>
#include <vector>

namespace attnscope::cli {

/// By the names that jobs give them; what is not given is left out.
template <class Job>
std::vector<std::filesystem::path> input_files(const Job& job) {
    std::vector<std::filesystem::path> files;
    const auto add = [&files](const std::filesystem::path& path) {
        if (!path.empty()) files.push_back(path);
    };
    if constexpr (requires { job.bank; }) add(job.bank);
    if constexpr (requires { job.queries.file; }) add(job.queries.file);
    if constexpr (requires { job.queries.encoder; }) add(job.queries.encoder);
    if constexpr (requires { job.model; }) add(job.model);
    if constexpr (requires { job.grams; }) add(job.grams);
    if constexpr (requires { job.directions; }) add(job.directions);
    if constexpr (requires { job.captures; }) add(job.captures);
    if constexpr (requires { job.tensor; }) add(job.tensor);
    if constexpr (requires { job.tuples; }) add(job.tuples);
    if constexpr (requires { std::filesystem::path(job.text); }) add(job.text);
    if constexpr (requires { job.tokens; }) {
        if constexpr (std::is_same_v<std::remove_cvref_t<decltype(job.tokens)>, std::optional<TokenSource>>) {
            if (job.tokens) add(job.tokens->file);
        } else {
            add(job.tokens.file);
        }
    }
    return files;
}

} // namespace attnscope::cli
