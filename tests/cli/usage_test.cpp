#include "support/run_program.h"
#include "support/temporary_folder.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace attnscope::test {
namespace {

using Arguments = std::vector<std::string>;

/// One line on standard error, nothing on standard output.
void expect_refused(const Arguments& arguments, int status) {
    // A slow machine would add lines of progress.
    Arguments silent = arguments;
    if (std::find(silent.begin(), silent.end(), "--progress") == silent.end()) {
        silent.insert(silent.begin(), {"--progress", "none"});
    }
    const Outcome run = run_program(silent);
    std::string line;
    for (const std::string& argument : arguments) line += argument + " ";
    EXPECT_EQ(run.status, status) << line << "\n" << run.error;
    EXPECT_EQ(run.error_lines(), 1) << line << "\n" << run.error;
    EXPECT_EQ(run.out, "") << line;
}

TEST(CommandLine, SaysItsVersion) {
    for (const Arguments& arguments : {Arguments{"--version"}, Arguments{"--quiet", "--version"}}) {
        const Outcome run = run_program(arguments);
        EXPECT_EQ(run.status, 0);
        EXPECT_EQ(run.out.rfind("attnscope ", 0), 0u);
        EXPECT_EQ(run.error, "");
    }
}

TEST(CommandLine, HelpsWithItselfAndEveryCommand) {
    const Outcome run = run_program({"--help"});
    EXPECT_EQ(run.status, 0);
    for (const char* command : {"inspect", "tokenize", "embed", "bank", "retrieval", "logits", "attention", "cv",
                                "residual", "jacobian", "align", "figure", "replay"}) {
        EXPECT_NE(run.out.find(command), std::string::npos) << command;
        const Outcome help = run_program({command, "--help"});
        EXPECT_EQ(help.status, 0) << command;
        for (const char* option : {"--out", "--format", "--device", "--threads", "--seed", "--progress", "--quiet"}) {
            EXPECT_NE(help.out.find(option), std::string::npos) << command << " " << option;
        }
    }
}

TEST(CommandLine, RefusesWrongUsageWithOneLine) {
    for (const Arguments& arguments : std::vector<Arguments>{
             {"retrieval"},
             {"retrieval", "--letters"},
             {"retrieval", "--letters", "--rows", "0", "--nonsense"},
             {"retrieval", "--letters", "--rows", "0", "superfluous"},
             {"retrieval", "--letters", "--rows", "26"},
             {"retrieval", "--letters", "--rows", "-1"},
             {"retrieval", "--letters", "--rows", "1,,2"},
             {"retrieval", "--letters", "--rows", ""},
             {"retrieval", "--letters", "--rows", "0", "--beta", "0"},
             {"retrieval", "--letters", "--rows", "0", "--beta", "-1"},
             {"retrieval", "--letters", "--rows", "0", "--beta", "nan"},
             {"retrieval", "--letters", "--rows", "0", "--beta", "inf"},
             {"retrieval", "--letters", "--rows", "0", "--beta", "ten"},
             {"retrieval", "--letters", "--rows", "0", "--beta", "1 2"},
             {"retrieval", "--letters", "--rows", "0", "--beta"},
             {"retrieval", "--letters", "--rows", "0", "--steps", "0"},
             {"retrieval", "--letters", "--rows", "0", "--steps", "1.5"},
             {"retrieval", "--letters", "--rows", "0", "--steps", "99999999999"},
             {"retrieval", "--letters", "--rows", "0", "--mode", "sideways"},
             {"retrieval", "--letters", "--rows", "0", "--tol", "-1"},
             {"retrieval", "--letters", "--rows", "0", "--lambda", "2"},
             {"retrieval", "--letters", "--rows", "0", "--layout", "diagonal"},
             {"retrieval", "--letters", "--rows", "0", "--format", "yaml"},
             {"retrieval", "--letters", "--rows", "0", "--device", "abacus"},
             {"retrieval", "--letters", "--rows", "0", "--threads", "0"},
             {"retrieval", "--letters", "--rows", "0", "--seed", "x"},
             {"retrieval", "--letters", "--rows", "0", "--progress", "loud"},
             {"retrieval", "--letters", "--bank", "b.npy", "--rows", "0"},
             {"retrieval", "--letters", "--queries", "q.npy", "--questions", "q.txt"},
             {"retrieval", "--letters", "--rows", "0", "--steps", "3", "--steps", "4"},
             {"inspect"},
             {"inspect", "--format", "npz", "/dev/null"},
             {"tokenize", "--prompt", "x"},
             {"tokenize", "--model", "m"},
             {"tokenize", "--model", "m", "--prompt", "x", "--text", "t"},
             {"embed", "--out", "x"},
             {"bank", "dictionary", "--out", "x"},
             {"bank", "--out", "x"},
             {"bank", "wordnet", "--texts", "t", "--out", "x"},
             {"figure", "--letters"},
             {"figure", "--letters", "--panel", "nonsense"},
             {"figure", "--letters", "--panel", "all"},
             {"figure", "--letters", "--panel", "spectrum", "--out", "x.bmp"},
             {"figure", "--letters", "--panel", "spectrum", "--width", "wide"},
             {"figure", "--letters", "--panel", "spectrum", "--style", "baroque", "--out", "x.svg"},
             {"figure", "--letters", "--session", "s.json", "--panel", "spectrum"},
             {"replay"},
             {"--size", "big"},
             {"--theme", "pink"},
             {"--nonsense"},
         }) {
        expect_refused(arguments, 2);
    }
}

TEST(CommandLine, RefusesInputsWithOneLine) {
    TemporaryFolder folder;
    const std::string empty = folder.put("empty.npy", ""), noise = folder.put("noise.safetensors", "nothing of value");
    const std::string text = folder.put("text.txt", "one\ntwo\n"), json = folder.put("plain.json", "{}");
    const std::string odd = folder.put("odd\nname.npy", "x");
    for (const Arguments& arguments : std::vector<Arguments>{
             {"retrieval", "--bank", folder / "missing.npy", "--rows", "0"},
             {"retrieval", "--bank", empty, "--rows", "0"},
             {"retrieval", "--bank", noise, "--rows", "0"},
             {"retrieval", "--bank", odd, "--rows", "0"},
             {"retrieval", "--bank", folder.path(), "--rows", "0"},
             {"retrieval", "--letters", "--queries", folder / "missing.npy"},
             {"retrieval", "--letters", "--text", "x", "--encoder", folder.path()},
             {"retreival"},
             {folder / "missing.npy"},
             {"inspect", folder / "missing.npy"},
             {"inspect", noise},
             {"inspect", folder.path()},
             {"tokenize", "--model", folder.path(), "--prompt", "x"},
             {"embed", "--encoder", folder.path(), "--texts", text, "--out", folder / "b.safetensors"},
             {"embed", "--encoder", folder.path(), "--texts", folder / "missing.txt", "--out",
              folder / "b.safetensors"},
             {"figure", json, "--panel", "spectrum"},
             {"figure", "--session", json, "--panel", "spectrum"},
             {"replay", json},
             {"replay", folder / "missing.json"},
         }) {
        expect_refused(arguments, 3);
    }
    EXPECT_EQ(folder.files(), 5u); // nothing was left behind
}

TEST(CommandLine, WithoutADisplayTheWindowSaysSo) {
    unsetenv("DISPLAY");
    unsetenv("WAYLAND_DISPLAY");
    expect_refused({}, 4);
    expect_refused({"--quiet", "--progress", "none"}, 4);
}

} // namespace
} // namespace attnscope::test
