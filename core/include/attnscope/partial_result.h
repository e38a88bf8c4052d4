// An unfinished result on disk, to go on from.
#pragma once

#include <attnscope/recipe.h>

#include <optional>
#include <string>
#include <vector>

namespace attnscope {

/// The envelope of a result, with what makes it safe to go on from: the key of the arithmetic that computed it and the
/// SHA-256 of the result.
std::string partial_json(const std::string& schema, const Recipe& recipe, const std::string& result,
                         const std::vector<Warning>& warnings, double total_seconds);

/// The result, as JSON, in a text that partial_json() made. None where it is of another recipe, version or arithmetic.
/// Throws Error{input} naming `subject`: no such text, or a result without its checksum.
std::optional<std::string> read_partial_json(const std::string& text, const Recipe& recipe, const std::string& subject);

} // namespace attnscope
