// Maps of attention come out of files from strangers: opened, and every layer read.
#include <attnscope/jacobian.h>

#include "fuzz/support/read_all.h"
#include "support/temporary_folder.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace attnscope;
    static const test::TemporaryFolder folder;
    static ThreadPool pool(1);
    const JobContext context(pool);
    const auto path = folder.put("captures", {reinterpret_cast<const char*>(data), size});
    return fuzz::expect_error_or_result([&] {
        constexpr std::size_t enough = std::size_t{1} << 22;
        const jacobian::CapturesPtr captures = jacobian::open_captures(path);
        for (std::size_t i = 0; i < captures->layers().size(); ++i) {
            const auto& layer = captures->layers()[i];
            // As many elements as a deflated member asks for need not be made here.
            if (layer.sequences > enough / layer.heads / layer.length / layer.length) continue;
            captures->read(i, context);
            captures->read(i, layer.sequences - 1, context);
        }
    });
}
