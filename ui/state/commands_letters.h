// Commands of the toy bank: drawing a query and adding a drawing to the bank.
#pragma once

#include "state/commands.h"

namespace attnscope::ui {

/// retrieval.letters_bank, retrieval.query_drawing {pixels}, retrieval.add_memory {pixels, label}.
void add_letter_commands(CommandRegistry& registry);

}  // namespace attnscope::ui
