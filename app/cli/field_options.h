// Options of the command line out of the fields of an analysis.
#pragma once

#include "base/describe.h"

#include <CLI/CLI.hpp>

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

namespace attnscope::cli {

/// An option for each field that has one and is not left out, its default in the help. What the fields refer to must
/// live as long as the command. `given` is told of every option that was given. A value that a field does not take is
/// Error{usage} with the option.
void add_fields(CLI::App& app, Fields fields, const std::string& group,
                std::initializer_list<std::string_view> without = {}, const std::function<void()>& given = {});

} // namespace attnscope::cli
