// How a model is built, read from config.json of a Hugging Face folder or from the header of a GGUF file: the one place
// that knows what either calls things.
#pragma once

#include "files/gguf.h"

#include <attnscope/model.h>

#include <filesystem>
#include <string>
#include <string_view>

namespace attnscope {

/// From the text of a config.json; `subject` names it in errors. Throws Error{input} naming the member: an architecture
/// not known (the known ones listed), a size out of range, sizes that contradict each other, a variant of the
/// architecture that no forward pass here computes.
ModelConfig parse_model_config(std::string_view text, const std::string& subject);
ModelConfig read_model_config(const std::filesystem::path& path);

/// From a GGUF header; `weights` are the tensors of the same file, for what the header leaves to them: the vocabulary,
/// biases, a head of its own, rotary frequencies. Throws as above.
ModelConfig gguf_model_config(const GgufMetadata& metadata, const TensorFile& weights);
/// Every general.architecture that can be read.
std::string gguf_architectures();

/// Throws Error{input} naming the tensor: token embeddings of another vocabulary or width, queries and keys of another
/// number of heads, fewer layers than the configuration says.
void check_model_sizes(const ModelConfig& config, const TensorFile& weights);

// Widths and counts of any model there is; no product of two of them overflows.
inline constexpr std::int64_t widest = 1 << 20, most_rows = 1 << 26, most_layers = 1024, most_positions = 1 << 30;

} // namespace attnscope
