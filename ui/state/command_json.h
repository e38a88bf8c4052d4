// Commands, their arguments and the view as JSON, for scripts, sessions and the undo of compound changes.
#pragma once

#include "state/commands.h"

#include <nlohmann/json.hpp>

#include <string>

namespace attnscope::ui {

std::string value_text(const Value& value); ///< as a message shows it
nlohmann::json to_json(const Value& value);
nlohmann::json to_json(const Command& command); ///< {"command": id, "args": {…}}
/// Throws Error{input} naming `where` when it is no command.
Command command_from_json(const nlohmann::json& json, const std::string& where);

nlohmann::json to_json(const View& view);
/// Unknown fields are ignored, missing ones keep their default; throws Error{input} for a field of a wrong type.
View view_from_json(const nlohmann::json& json, const std::string& where);
/// A view as the argument of a command. What of its texts is no UTF-8, such as a part of a character that is a token,
/// is replaced.
std::string view_text(const View& view);
View view_from_text(const std::string& text, const std::string& where);

/// What turns `from` into `to`, as JSON text of the fields that differ; a field that `to` lacks is null.
std::string view_changes(const View& from, const View& to);
/// The view with such fields put in. Throws as view_from_text().
View changed_view(const View& view, const std::string& changes, const std::string& where);

} // namespace attnscope::ui
