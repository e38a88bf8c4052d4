// Where the inputs of a recipe lie, and the files by which it knows them.
#pragma once

#include <attnscope/recipe.h>

#include <filesystem>
#include <functional>
#include <vector>

namespace attnscope {

/// The weights in an encoder's folder, or its GGUF file; empty when there are none.
std::filesystem::path encoder_weights(const std::filesystem::path& path);

/// The last part of a path, a folder's name included.
std::string base_name(const std::filesystem::path& path);

/// `places` and the samples.
std::vector<std::filesystem::path> with_samples(std::vector<std::filesystem::path> places);

/// find_by_hash() of a model or an encoder, but only where `accept` agrees.
std::filesystem::path find_where(const RecipeInput& input, const std::vector<std::filesystem::path>& places,
                                 const std::function<bool(const std::filesystem::path&)>& accept,
                                 const BytesDone& between);

/// find_by_hash(), but throws Error{input} where nothing was found.
std::filesystem::path locate(const RecipeInput& input, const std::vector<std::filesystem::path>& places,
                             const BytesDone& between);

} // namespace attnscope
