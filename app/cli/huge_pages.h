// Memory of the process in huge pages.
#pragma once

namespace attnscope::cli {

/// Has glibc ask for huge pages for all it hands out. In small pages, a gigabyte takes a tenth of a second to be taken
/// back when a cancelled program ends, and longer to be handed out: a fifth of the time of a backward pass. glibc reads
/// the setting before main() alone, so the process is started once more with it, in its place. Nothing happens without
/// glibc, nor where the user has tunables of his own. Called before any thread starts; `argv` as main() has it.
void ask_for_huge_pages(char** argv) noexcept;

/// What this process starts does not inherit the setting. Called first.
void forget_huge_pages() noexcept;

} // namespace attnscope::cli
