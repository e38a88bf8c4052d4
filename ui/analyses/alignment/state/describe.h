// The options of the Alignment workspace, said once.
#pragma once

#include "base/describe.h"
#include "state/app_state.h"

namespace attnscope::ui {

template <class Visitor>
void describe(Visitor& field, AlignmentOptions& options) {
    constexpr int most_directions = 256;
    field(options.grams, {.name = "grams", .help = "the number of a file of grams; 0 = the model"});
    field(options.kind,
          {.name = "operator", .help = "which", .argument = "name", .title = "Compare QK or OV operators"});
    field(options.basis,
          {.name = "directions", .help = "which", .argument = "name", .title = "Directions of operators"});
    field(options.norm_gain, {.name = "norm_gain",
                              .help = "fold the gain of the norm before attention into the operators",
                              .title = "Fold the norm's gain into operators"});
    field(options.topk, {.name = "topk", .help = "directions kept of a head", .title = "Directions kept of a head"},
          {{1, most_directions}});
    field(options.anchor, {.name = "anchor", .help = "layer, counted from 0; -1 = the last"},
          {{-1, std::numeric_limits<int>::max()}});
    field(options.all_heads, {.name = "all_heads", .help = "means over heads rather than the selected head"});
    field(options.quantity,
          {.name = "quantity", .help = "which", .argument = "name", .title = "What maps of layers show"});
}

} // namespace attnscope::ui
