// A model and its tokens as parts of a recipe; shared by every analysis of a model.
#pragma once

#include "base/json_text.h"

#include <attnscope/job.h>
#include <attnscope/model_recipe.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace attnscope {

/// The model, and the file of the tokens where there is one.
std::vector<RecipeInput> model_inputs(const LanguageModel& model, const TokenSource& tokens);
/// Opens a model that a recipe will name, and hashes it while that can still be stopped.
ModelPtr open_input_model(const std::filesystem::path& path, JobContext& context);
/// Computes the hash of a model, unless it is known, with progress; a checkpoint every few megabytes.
void hash_model(const LanguageModel& model, JobContext& context);
/// What a recipe's params say of the tokens.
Json token_params(const TokenSource& tokens);

struct ModelInputs {
    std::filesystem::path model;
    TokenSource tokens;
};
/// The reverse of both: `params` are the recipe's. `between` is told of the hashing. Throws Error{input}.
ModelInputs find_model_inputs(const Recipe& recipe, const Json& params,
                              const std::vector<std::filesystem::path>& folders, const BytesDone& between);
/// The ids that a text means: one of the source, such as a line of its file. Checked against the model.
std::vector<std::int64_t> ids_of_text(const TokenSource& source, const LanguageModel& model, const std::string& text);
/// The first `most` ids that a source means, looking no further into a long text or list than that needs; unchecked.
/// `prepare` is given the text, or any beginning of it that ends with a word, and returns what is tokenised.
std::vector<std::int64_t> first_ids(const TokenSource& source, const LanguageModel& model, std::size_t most,
                                    std::string (*prepare)(std::string_view text) = nullptr);

} // namespace attnscope
