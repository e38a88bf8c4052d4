// What the process itself is protected from: signals and exceptions that would end it without a word or with a wrong
// status.
#pragma once

namespace attnscope::cli {

/// Called once, before any thread starts. A file that reaches the limit on its size is then a write that fails, like a
/// full disk. What ends the program past every handler says so in one line: lack of memory or threads with status 4,
/// also where a library ends the process because of it, and a bug with 70.
void install_process_guards();

/// Says in one line that memory did not suffice, without needing any; the exit status for it.
int report_no_memory() noexcept;

} // namespace attnscope::cli
