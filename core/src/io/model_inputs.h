// A model and its tokens as parts of a recipe; shared by every analysis of a model.
#pragma once

#include "io/json_text.h"

#include <attnscope/model_recipe.h>

#include <filesystem>
#include <vector>

namespace attnscope {

/// The model, and the file of the tokens where there is one.
std::vector<RecipeInput> model_inputs(const LanguageModel& model, const TokenSource& tokens);
/// What a recipe's params say of the tokens.
Json token_params(const TokenSource& tokens);

struct ModelInputs {
    std::filesystem::path model;
    TokenSource tokens;
};
/// The reverse of both: `params` are the recipe's. Throws Error{input}.
ModelInputs find_model_inputs(const Recipe& recipe, const Json& params,
                              const std::vector<std::filesystem::path>& folders);

} // namespace attnscope
