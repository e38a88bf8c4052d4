// What a model is: how it is built, what its weights are stored as, how it cuts text.
#pragma once

#include "cli/inspect_file.h"

namespace attnscope::cli {

/// The fields of inspect_file() for a model's folder or GGUF file, and "config", "parameters", "weights", "storage",
/// "tokenizer". Throws Error{input} as open_model_files().
Json inspect_model(const std::filesystem::path& path);

/// As lines, without the tensors.
std::string model_text(const Json& model);

} // namespace attnscope::cli
