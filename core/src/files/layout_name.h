// What parse_layout() reads.
#pragma once

#include <attnscope/bank.h>

namespace attnscope {

inline const char* layout_name(Layout layout) {
    switch (layout) {
    case Layout::rows: return "rows";
    case Layout::columns: return "columns";
    case Layout::automatic: break;
    }
    return "auto";
}

} // namespace attnscope
