// What version 0.1 wrote stays readable: results and figures are replayed, sessions drawn, command lines run again.
#include "support/run_program.h"
#include "support/temporary_folder.h"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

#include <iterator>

namespace attnscope::test {
namespace {

namespace fs = std::filesystem;

class WrittenFiles : public testing::Test {
protected:
    WrittenFiles() {
        fs::copy(fs::path(ATTNSCOPE_TEST_DATA) / "written_by_0.1", folder.path(),
                 fs::copy_options::recursive | fs::copy_options::overwrite_existing);
        commands = nlohmann::json::parse(read_all(folder / "commands.json"));
        before_ = fs::current_path();
        fs::current_path(folder.path());
    }
    ~WrittenFiles() override { fs::current_path(before_); }

    static std::vector<std::string> words(const std::string& line) {
        std::istringstream stream(line);
        return {std::istream_iterator<std::string>(stream), {}};
    }
    static void expect_done(std::vector<std::string> arguments) {
        std::string line;
        for (const std::string& argument : arguments) line += argument + " ";
        arguments.insert(arguments.end(), {"--progress", "none"});
        const Outcome run = run_program(arguments);
        EXPECT_EQ(run.status, 0) << line << ": " << run.error;
    }

    TemporaryFolder folder;
    nlohmann::json commands;

private:
    fs::path before_;
};

TEST_F(WrittenFiles, ResultsAreReplayed) {
    for (const auto& [file, line] : commands["commands"].items())
        if (file.ends_with(".json")) expect_done({"replay", file});
}

TEST_F(WrittenFiles, FiguresAreReplayed) {
    for (const auto& [file, line] : commands["figures"].items()) expect_done({"replay", file});
}

TEST_F(WrittenFiles, CommandLinesAreUnderstood) {
    for (const auto& [file, line] : commands["commands"].items()) {
        auto arguments = words(line);
        const std::string form = file.substr(file.find('.') + 1);
        arguments.insert(arguments.end(), {"--format", form, "--out", "again." + form});
        expect_done(arguments);
    }
    for (const auto& [file, line] : commands["figures"].items()) {
        auto arguments = words(line);
        arguments.insert(arguments.begin(), "figure");
        arguments.insert(arguments.end(), {"--out", "again." + file.substr(file.find('.') + 1)});
        expect_done(arguments);
    }
}

TEST_F(WrittenFiles, SessionsAreDrawn) {
    for (const std::string panel :
         {"weights", "entropy", "heads", "map", "band", "table", "profile", "jacobian.map", "curve"})
        expect_done({"figure", "--session", "session.json", "--panel", panel, "--out", panel + ".svg"});
}

} // namespace
} // namespace attnscope::test
