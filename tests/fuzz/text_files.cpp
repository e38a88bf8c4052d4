#include "files/text_files.h"

#include <attnscope/bank.h>

#include "fuzz/support/read_all.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace attnscope;
    const std::string text(reinterpret_cast<const char*>(data), size);
    fuzz::expect_error_or_result([&] { parse_lines(text, "input"); });
    fuzz::expect_error_or_result([&] { parse_rows(text, "input"); });
    fuzz::expect_error_or_result([&] { parse_jsonl_questions(text, "input"); });
    const TextTable table = TextTable::from_lines(text);
    std::size_t total = 0;
    for (std::size_t i = 0; i < table.size(); ++i) total += table.label(i).size() + table.text(i).size();
    if (total > size) std::abort();
    return 0;
}
