// Under which name a recipe lies in each kind of file.
#pragma once

namespace attnscope::recipe_keys {

inline constexpr const char* png = "attnscope-recipe";
inline constexpr const char* svg_element = "attnscope:recipe";
inline constexpr const char* svg_namespace = "urn:attnscope:figure";
inline constexpr const char* npz_member = "recipe";
inline constexpr const char* python_variable = "RECIPE = ";

} // namespace attnscope::recipe_keys
