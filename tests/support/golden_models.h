// The models that reference results were computed on, where they and their results are at hand.
#pragma once

#include "support/golden.h"

#include <attnscope/bank.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace attnscope::test {

/// Why a test is skipped where golden_model() gives none.
inline constexpr const char* without_golden_model = "the model or its golden results are not here";

struct GoldenModel {
    std::filesystem::path model;   ///< a folder, or a GGUF file
    std::filesystem::path results; ///< logits.json, attention.json …
    std::vector<std::int64_t> ids; ///< of the reference text
    std::vector<std::int64_t> first_ids(std::size_t count) const { return {ids.begin(), ids.begin() + count}; }
};

/// None where the model or the file `results` of it is not at hand, or where there are no golden results: the test is
/// then skipped.
inline std::optional<GoldenModel> golden_model(const std::string& name, const char* results) {
    const std::filesystem::path golden = golden_folder();
    if (golden.empty()) return std::nullopt;
    GoldenModel found{golden.parent_path() / "models" / name, golden / "models" / name, {}};
    if (name == "kquant-llama") found.model += ".gguf";
    if (name == "smollm2-135m-q4_1") found.model = find_samples().model;
    if (found.model.empty() || !std::filesystem::exists(found.model) ||
        !std::filesystem::exists(found.results / results))
        return std::nullopt;
    std::ifstream file(found.results / "ids.txt");
    for (std::int64_t id = 0; file >> id;) found.ids.push_back(id);
    return found;
}

inline auto golden_models() {
    return testing::Values("gpt2-tiny", "neox-tiny", "qwen3-tiny", "kquant-llama", "smollm2-135m-q4_1");
}

/// Those with results of every analysis.
inline auto golden_models_with_text() {
    return testing::Values("gpt2-tiny", "neox-tiny", "qwen3-tiny", "smollm2-135m-q4_1");
}

/// The model's name as that of a test.
inline std::string golden_test_name(const testing::TestParamInfo<const char*>& info) {
    std::string name = info.param;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

} // namespace attnscope::test
