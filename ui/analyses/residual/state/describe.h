// The options of the low-rank workspace, said once: those of the sweep, and what is looked at.
#pragma once

#include "analyses/residual/describe.h"
#include "state/app_state.h"

namespace attnscope::ui {

template <class Visitor>
void describe(Visitor& field, ResidualOptions& options) {
    describe(field, options.parameters);
    field(options.block, {.name = "block", .help = "block whose text is shown", .title = "Look at a block of the text"},
          {{0, static_cast<int>(residual::most_blocks)}});
    field(options.click, {.name = "click",
                          .help = "select a head, or switch it or its layer",
                          .title = "Choose what a click on the map does"});
}

} // namespace attnscope::ui
