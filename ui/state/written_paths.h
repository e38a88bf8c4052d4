// What the window must not write over.
#pragma once

#include "state/app_state.h"

#include <filesystem>

namespace attnscope::ui {

/// Throws Error{usage} where writing `path` would overwrite a file that an open source is read from, by whatever name
/// or link. An opened figure is none: its view was taken from it, and may be exported into it again. A figure's script
/// is written with arrays of the same name, which count as well.
void refuse_source_file(const AppState& state, const std::filesystem::path& path);

/// The same of every file that a model exported into `folder` has.
void refuse_source_folder(const AppState& state, const std::filesystem::path& folder);

} // namespace attnscope::ui
