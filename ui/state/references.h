// What a view refers to: sources by their number. A view that comes back, from a file or by undo, may be older than
// what is open now.
#pragma once

#include "state/app_state.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace attnscope::ui {

/// The largest number of a source, in a session and of one that is added.
inline constexpr SourceId last_source_id = 2'000'000'000;

using SourceKinds = std::map<SourceId, SourceKind>; ///< of the sources that are open
SourceKinds source_kinds(const AppState& state);

/// The open source of that number, which need not fit a SourceId; null when there is none.
const Source* source_numbered(const AppState& state, std::int64_t number);

/// Throws Error{usage} naming the first source that the view's workspace shows and that is not among `open`.
void require_sources(const View& view, const SourceKinds& open);
/// Lets go of every reference to a source that is not among `open`, or of another kind. Returns what they were: "bank
/// 3".
std::vector<std::string> forget_missing(View& view, const SourceKinds& open);

} // namespace attnscope::ui
