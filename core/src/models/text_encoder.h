// Sentence encoders as computed here; the public <attnscope/text_encoder.h> says what they are.
#pragma once

#include <attnscope/text_encoder.h>

#include <filesystem>
#include <memory>

namespace attnscope::compute {

/// What the compute module's table points at.
std::shared_ptr<const TextEncoder> open_text_encoder(const std::filesystem::path& path);

} // namespace attnscope::compute
