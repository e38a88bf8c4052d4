// One undoable command for each field of a workspace's options.
#pragma once

#include "base/describe.h"
#include "state/commands.h"

#include <functional>
#include <string>

namespace attnscope::ui {

/// Options of a workspace that describe() knows.
struct DescribedOptions {
    std::string prefix;                  ///< of the ids of its commands: residual
    Workspace workspace;                 ///< whose menu has its flags
    std::function<Fields(View&)> fields; ///< those of the view, which they refer to
    /// What they cannot be together, or with what is open; throws Error{usage} naming the field. May be empty.
    std::function<void(const AppState&, const View&)> check;
};

/// A command for each field with a title. A flag is switched; every other takes the value: numbers as `value`, choices
/// and lists under the command's own name. Undone by the former value.
void add_field_commands(CommandRegistry& registry, const DescribedOptions& options);

/// Changes several fields at once, under the same check. The inverse; nothing where nothing changed.
std::optional<Command> change_view(AppState& state, const DescribedOptions& options,
                                   const std::function<void(View&)>& change);

} // namespace attnscope::ui
