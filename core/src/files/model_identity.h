// What a recipe knows a model or an encoder by. Its weights alone do not decide its numbers: the configuration says how
// they are used, the tokenizer which of them, the index of shards where they lie. A GGUF file holds all of that itself.
//
// In a recipe these files follow as inputs of their own, of the role model-file or encoder-file, each by its name in
// the folder. Recipes written before that have none of them, and name the weights alone.
#pragma once

#include <attnscope/recipe.h>

#include <filesystem>
#include <string>
#include <vector>

namespace attnscope {

class LanguageModel;

inline constexpr const char *model_role = "model", *encoder_role = "encoder";

/// The files of a folder that decide with the weights what a model or an encoder computes, in a fixed order; none of a
/// file. Reads and hashes them. `role` is that of the model itself.
std::vector<RecipeInput> companion_inputs(const std::string& role, const std::filesystem::path& model,
                                          const BytesDone& between = {});

/// Of a recipe, those that belong to its input of that role.
std::vector<RecipeInput> companions_of(const Recipe& recipe, const std::string& role);

/// Weights and companions as one hash, for what is kept under a model's name.
std::string model_identity(const LanguageModel& model);

/// Where an input of the recipe lies: locate(), but a model or an encoder has to have the recipe's companions too.
/// Throws Error{input} naming the file that differs where the weights alone were found.
std::filesystem::path locate(const Recipe& recipe, const RecipeInput& input,
                             const std::vector<std::filesystem::path>& places, const BytesDone& between);

/// What a recipe leaves open: one warning for every model of which it names the weights alone.
std::vector<Warning> recipe_warnings(const Recipe& recipe);

} // namespace attnscope
