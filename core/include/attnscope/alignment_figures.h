// The pictures of the Alignment workspace as Figures, made from results; shared by the window and the command line.
#pragma once

#include <attnscope/alignment.h>
#include <attnscope/choices.h>
#include <attnscope/figure.h>

#include <string>
#include <string_view>
#include <vector>

namespace attnscope::alignment {

/// What a map of pairs of layers shows.
enum class Quantity { cos, mean_cos_pa, min_cos_pa, top1_overlap };
/// As fields of results are called.
constexpr auto choices_of(Quantity) {
    return std::array{Choice<Quantity>{Quantity::cos, "cos"}, Choice<Quantity>{Quantity::mean_cos_pa, "mean_cos_pa"},
                      Choice<Quantity>{Quantity::min_cos_pa, "min_cos_pa"},
                      Choice<Quantity>{Quantity::top1_overlap, "top1_overlap"}};
}
const char* quantity_title(Quantity quantity) noexcept; ///< cosine, mean principal cosine …
const std::vector<double>& table_of(const Comparison& comparison, Quantity quantity);

/// What is selected when a figure is drawn.
struct View {
    int anchor = -1; ///< negative ones from the end
    int head = -1;   ///< −1 = means over all heads
    int layer = 0;   ///< selected: marked in maps and profiles, its spectra shown
    Quantity quantity = Quantity::cos;
    bool operator==(const View&) const = default;
};

/// Everything a figure may need.
struct Shown {
    const Operators& operators;
    const Comparison& comparison;
    const Chance& chance;
    const Matching* matching = nullptr; ///< of the anchor, where there is one
    const SignChance* signs = nullptr;  ///< behind the sign agreement, where it is there
};

/// Panel ids in the order of the View menu, each with one function below: alignment.map profile signs angles heads
/// spectra matched verdict.
const std::vector<std::string>& panel_ids();
const char* panel_title(std::string_view panel_id);

/// layers × layers; the anchor's row and column are outlined. A cell's x is the column's layer, its y the row's.
Figure map_figure(const View& view, const Shown& shown);
Figure profile_figure(const View& view, const Shown& shown); ///< cos, t_opt and residual of every layer to the anchor
Figure signs_figure(const View& view, const Shown& shown);   ///< sign agreement against k
Figure angles_figure(const View& view, const Shown& shown);  ///< principal cosines and overlap to the anchor
Figure heads_figure(const View& view, const Shown& shown);   ///< one map a head, tiled
/// How: head h lies at column h mod columns, row h / columns from the top, in tiles of width × height cells whose first
/// `gap` rows hold its number and whose last column is empty.
struct Tiles {
    int columns = 0, rows = 0, width = 0, height = 0, gap = 0;
};
Tiles tiles_of(int layers, int heads) noexcept;
Figure spectra_figure(const View& view, const Shown& shown); ///< every head of the layer, the anchor's beside
Figure matched_figure(const View& view, const Shown& shown); ///< |cos| with the best partner and by index
Figure verdict_figure(const View& view,
                      const Shown& shown); ///< mean cos with and without the anchor on the scale of labels

} // namespace attnscope::alignment
