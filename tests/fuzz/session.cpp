// Sessions come from strangers: one that is read is written, and read again as what was written.
#include "state/session.h"
#include "state/command_json.h"

#include "fuzz/support/read_all.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace attnscope;
    const std::string text(reinterpret_cast<const char*>(data), size);
    return fuzz::expect_error_or_result([&] {
        const ui::Session session = ui::parse_session(text, "input");
        const std::string view =
            ui::to_json(session.view).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
        const ui::View again = ui::view_from_json(nlohmann::json::parse(view), "view");
        if (!(again == session.view)) __builtin_trap();
    });
}
