// The options of the attention workspace, said once.
#pragma once

#include "base/describe.h"
#include "state/app_state.h"

namespace attnscope::ui {

template <class Visitor>
void describe(Visitor& field, AttentionOptions& options) {
    field(options.colour,
          {.name = "colour", .help = "a statistic of each head", .argument = "by", .title = "Colour the map of heads"});
    field(options.top_one, {.name = "top_one",
                            .help = "all weight on the largest score",
                            .title = "Infinite gain (top-1)",
                            .toggle = "top_one_toggle"});
    field(options.every_layer, {.name = "every_layer", .help = "the gain turns every layer of a forward pass"});
    field(options.without_sink, {.name = "without_sink",
                                 .help = "leave the column of token 0 blank",
                                 .title = "Map without the first column",
                                 .toggle = "without_sink_toggle"});
    field(options.renormalize, {.name = "renormalize",
                                .help = "without the first column, let the rest of a row sum to 1",
                                .title = "Renormalise the rest of each row",
                                .toggle = "renormalize_toggle"});
    field(options.chat, {.name = "chat",
                         .help = "written as the model's chat template has them",
                         .title = "Texts as messages of a chat",
                         .toggle = "chat_toggle"});
    field(options.whole_set, {.name = "whole_set",
                              .help = "means over the texts of the chosen set",
                              .title = "Heads over all texts of the set",
                              .toggle = "whole_set_toggle"});
    field(options.beside, {.name = "beside",
                           .help = "rather than the difference to A",
                           .title = "A beside the maps",
                           .toggle = "beside_toggle",
                           .menu = "View"});
}

} // namespace attnscope::ui
