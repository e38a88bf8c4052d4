// Files of grams, whose numbers are then compared as if there had been nothing wrong with them.
#include <attnscope/alignment_recipe.h>

#include "fuzz/support/read_all.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace attnscope;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    return fuzz::expect_error_or_result([&] {
        std::vector<Warning> warnings;
        std::string path;
        AlignmentResult result;
        auto operators = parse_grams(text, "grams", path, warnings);
        ThreadPool pool(1);
        JobContext context(pool);
        result.comparison = alignment::compare(operators, context);
        result.profile = alignment::profile(operators, result.comparison, 0);
        result.operators = std::make_shared<const alignment::Operators>(std::move(operators));
        alignment_result_json({}, result);
        alignment_result_csv(result);
    });
}
