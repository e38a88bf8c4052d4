// The options of the softmax gradient workspace and of its training, said once.
#pragma once

#include "analyses/jacobian/describe.h"
#include "state/app_state.h"
#include "state/commands.h"

namespace attnscope::ui {

template <class Visitor>
void describe(Visitor& field, JacobianOptions& options) {
    constexpr int most_tokens = 8192, most_blocks = 100'000;
    field(options.metric, {.name = "metric", .help = "which", .title = "Show a metric of the softmax gradient"});
    field(options.length,
          {.name = "length", .help = "tokens, as many as the text has at most", .title = "Tokens of a sequence"},
          {{1, most_tokens}});
    field(options.blocks,
          {.name = "blocks", .help = "sequences, as many as the text has at most", .title = "Sequences of the text"},
          {{1, most_blocks}});
}

template <class Visitor>
void describe(Visitor& field, JacobianTrainingOptions& options) {
    constexpr int most_steps = jacobian::most_training_steps;
    field(options.methods, {.name = "methods", .help = "how errors go back"});
    field(options.gradients, {.name = "gradients", .help = "gradients of the softmax"});
    field(options.steps, {.name = "steps", .help = "updates", .title = "Steps of the training"}, {{1, most_steps}});
    field(options.every, {.name = "every", .help = "updates from one measurement to the next"}, {{0, most_steps}});
    field(options.learning_rate, {.name = "learning_rate", .help = "of AdamW"},
          {{std::numeric_limits<double>::min(), std::numeric_limits<double>::max()}});
    field(options.seed, {.name = "seed", .help = "of the training", .title = "Seed of the training"}, {{0, INT64_MAX}});
    field(options.shown.method, {.name = "method", .help = "of the run looked at"});
    field(options.shown.gradient, {.name = "gradient", .help = "of the run looked at"});
    field(options.step,
          {.name = "step", .help = "counted from 0; -1 = the newest", .title = "Look at a step of the training"},
          {{-1, most_steps}});
}

/// The commands of the training, and the next frame of it.
void add_jacobian_training_commands(CommandRegistry& registry);
std::optional<Command> advance_training(AppState& state, Services& services, int frames, bool wrap);

/// Methods and gradients in the order that they are listed in everywhere.
void put_in_order(JacobianTrainingOptions& options);

} // namespace attnscope::ui
