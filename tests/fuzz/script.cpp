// Command scripts are read whole before anything runs.
#include "state/script_entries.h"

#include "fuzz/support/read_all.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace attnscope;
    const std::string text(reinterpret_cast<const char*>(data), size);
    return fuzz::expect_error_or_result([&] {
        for (const ui::ScriptEntry& entry : ui::parse_script(text, "input"))
            if (const auto* const drag = std::get_if<ui::ScriptedDrag>(&entry); drag && drag->frames < 1)
                __builtin_trap();
    });
}
