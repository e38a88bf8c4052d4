// From a recipe to figures and their files.
#pragma once

#include "cli/context.h"

#include <attnscope/figure.h>
#include <attnscope/recipe.h>

namespace attnscope::cli {

/// The recipe in a figure or result, or the file that is one itself. Throws Error{input}.
struct FoundRecipe {
    Recipe recipe;
    std::string text; ///< as it stood there
};
FoundRecipe open_recipe(const std::filesystem::path& path);
/// Where the inputs of a recipe may lie: beside its file, in the folders given, among the files opened recently.
std::vector<std::filesystem::path> input_places(const std::filesystem::path& recipe,
                                                const std::vector<std::filesystem::path>& folders);

/// The figure of a panel of the retrieval workspace. The job's inputs are loaded; its first query in its first mode is
/// drawn.
Figure draw_panel(const RetrievalJob& job, const std::string& panel, JobContext& context);

/// The style of a specification, from a file in `places` when it is no built-in one; the width is its own where it says
/// so.
Style find_style(const FigureSpec& spec, const std::vector<std::filesystem::path>& places = {});

/// The type a file's name says: its extension in lower case, without the dot.
std::string figure_type(const std::filesystem::path& path);
/// Throws Error{usage} unless figures are written as this: svg, pdf, png, csv, json, npz, py.
void require_figure_type(const std::string& type);
/// The bytes of a figure written as such a type.
std::string render(const Figure& figure, const FigureSpec& spec, const Style& style, const std::string& type,
                   const std::string& stem);

} // namespace attnscope::cli
