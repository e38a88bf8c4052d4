// The C library's heap in huge pages.
#pragma once

namespace attnscope {

/// Starts the program anew with the C library told to ask for huge pages (2 MiB), unless it was told already, by us or
/// by the user; it takes this from the environment alone, before main(). Activations are many blocks of about a
/// megabyte: in pages of 4 KiB a pass waits for them a sixth of its time, and so does the end of a cancelled program,
/// whose memory the system takes back page by page. Call first in main(). Without effect where the program's file is not
/// known for certain.
void restart_with_huge_pages(char** arguments);

} // namespace attnscope
