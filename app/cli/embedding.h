// What `embed` and `bank` share: texts through an encoder into a file.
#pragma once

#include "cli/context.h"

#include <string>
#include <vector>

namespace attnscope::cli {

/// The encoder named on the command line, else the sample's. Throws Error{usage} when there is neither.
std::filesystem::path encoder_or_sample(const std::filesystem::path& encoder);

/// Embeds `texts` into --out with `lines` beside them. After a cancel the finished rows stay beside it, and a line says
/// so.
void embed_into_out(const std::filesystem::path& encoder, const std::vector<std::string>& lines,
                    const std::vector<std::string>& texts, const char* command, Context& context);

} // namespace attnscope::cli
