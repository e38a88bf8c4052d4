// The options of the retrieval workspace, said once.
#pragma once

#include "analyses/retrieval/describe.h"
#include "state/app_state.h"

namespace attnscope::ui {

inline constexpr int most_retrieval_steps = 100;

template <class Visitor>
void describe(Visitor& field, RetrievalOptions& options) {
    field(options.steps, {.name = "steps", .help = "steps of a trace"}, {{1, most_retrieval_steps}});
    field(options.lambda, {.name = "lambda", .help = "q ← λq + (1−λ)·update", .title = "Set λ of mode residual"},
          {{0, 1}});
    field(options.plane_x, {.name = "plane_x", .help = "first direction of the plane"});
    field(options.plane_y, {.name = "plane_y", .help = "second direction of the plane"});
    field(options.basins,
          {.name = "basins", .help = "show them", .title = "Basins on the plane", .toggle = "toggle_basins"});
}

} // namespace attnscope::ui
