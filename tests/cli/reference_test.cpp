// What the program says of itself is what is installed and what docs/ has.
#include "support/run_program.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <regex>
#include <set>
#include <string>

namespace attnscope::test {
namespace {

namespace fs = std::filesystem;

const fs::path source = fs::path(ATTNSCOPE_TEST_DATA).parent_path().parent_path();

std::string reference(const std::string& kind) {
    const Outcome outcome = run_program({"reference", kind});
    EXPECT_EQ(outcome.status, 0) << outcome.error;
    return outcome.out;
}

std::set<std::string> all_matches(const std::string& text, const char* pattern) {
    const std::regex expression(pattern);
    std::set<std::string> found;
    for (std::sregex_iterator at(text.begin(), text.end(), expression), end; at != end; ++at) found.insert((*at)[1]);
    return found;
}

TEST(Reference, IsWhatIsInstalledAndWhatTheDocsHave) {
    for (const auto& [kind, file] : {std::pair{"man", "packaging/attnscope.1"},
                                     {"bash", "packaging/completions/attnscope.bash"},
                                     {"zsh", "packaging/completions/_attnscope"},
                                     {"fish", "packaging/completions/attnscope.fish"},
                                     {"options", "docs/options.md"},
                                     {"commands", "docs/commands.md"}})
        EXPECT_TRUE(reference(kind) == read_all(source / file))
            << file << " is not what the program says: ./scripts/reference.sh";
}

TEST(Reference, HasEveryOptionAndCommandThatTheDocsName) {
    const std::set<std::string> options = all_matches(reference("options"), R"((--[a-z][a-z-]*))");
    std::set<std::string> commands = all_matches(reference("commands"), R"(\n\| `([a-z_.]+)`)");
    for (const fs::directory_entry& file : fs::directory_iterator(source / "docs")) {
        if (file.path().extension() != ".md") continue;
        const std::string text = read_all(file.path());
        // In a table, an option stands for one of the program.
        for (const std::string& option : all_matches(text, R"(\n\| `(--[a-z][a-z-]*))"))
            EXPECT_TRUE(options.contains(option)) << file.path().filename() << ": " << option;
        for (const std::string& command : all_matches(text, R"x("command": "([a-z_.]+)")x"))
            EXPECT_TRUE(commands.contains(command)) << file.path().filename() << ": " << command;
    }
    EXPECT_GT(options.size(), 100u);
    EXPECT_GT(commands.size(), 100u);
}

TEST(Reference, SaysWhichKindsThereAre) {
    const Outcome outcome = run_program({"reference", "html"});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(outcome.error, "attnscope reference: expected man, bash, zsh, fish, options or commands, got html\n");
}

} // namespace
} // namespace attnscope::test
