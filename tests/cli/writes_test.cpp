// What commands write: never over an input, whole or not at all, and what they keep to go on from.
#include "support/run_program.h"
#include "support/temporary_folder.h"
#include "support/tiny_bert.h"
#include "support/tiny_models.h"

#include <attnscope/bank.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace attnscope::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using Arguments = std::vector<std::string>;

Arguments operator+(Arguments all, const Arguments& more) {
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

class Writes : public testing::Test {
protected:
    Writes() {
        setenv("ATTNSCOPE_CACHE", (folder / "cache").c_str(), 1);
        fs::create_directory(folder / "model");
        TinyModel("LlamaForCausalLM").write(folder / "model");
        fs::create_directory(folder / "encoder");
        TinyBert().write(folder / "encoder");
        std::vector<float> values;
        for (int i = 0; i < 40 * 8; ++i)
            values.push_back(static_cast<float>(random_uniform(3, 0, static_cast<std::uint64_t>(i))));
        save_bank(folder / "bank.safetensors", *make_bank("bank", 40, 8, values, {}));
        std::string ids;
        for (std::uint64_t i = 0; i < 110; ++i)
            ids += std::to_string(random_bits(8, 1, i) % TinySizes::vocabulary) + " ";
        folder.put("ids.txt", ids);
        folder.put("few.txt", "1 2 3 4 5 6 7 8 9 10");
        folder.put("texts.txt", "a\nb a\na b\n");
        std::string text;
        for (int i = 0; i < 60; ++i) text += "Line " + std::to_string(i * i) + ": the quick fox.\n";
        folder.put("story.txt", text);
    }
    ~Writes() override { unsetenv("ATTNSCOPE_CACHE"); }

    std::string at(const std::string& name) const { return (folder / name).string(); }
    Arguments retrieval() const {
        return {"retrieval", "--bank", at("bank.safetensors"), "--rows", "0,1", "--device", "cpu"};
    }
    Arguments attention() const {
        return {"attention", "--model", at("model"), "--ids", at("few.txt"), "--device", "cpu"};
    }
    Arguments align() const { return {"align", "--model", at("model"), "--progress", "none"}; }
    Arguments embed() const { return {"embed", "--encoder", at("encoder"), "--texts", at("texts.txt"), "--quiet"}; }

    /// Every file and what is in it, the cache left out.
    std::map<std::string, std::string> contents() const {
        std::map<std::string, std::string> all;
        for (const auto& entry : fs::recursive_directory_iterator(folder.path()))
            if (const std::string name = entry.path().string(); name.find("/cache") == std::string::npos)
                all[name] = entry.is_regular_file() ? read_all(entry.path()) : std::string();
        return all;
    }
    void expect_refused(const Arguments& arguments) const {
        const auto before = contents();
        const Outcome run = run_program(arguments);
        const std::string said = arguments.front() + " " + arguments.back() + ": " + run.error;
        EXPECT_EQ(run.status, 2) << said;
        EXPECT_EQ(run.error_lines(), 1) << said;
        EXPECT_NE(run.error.find("expected another file than"), std::string::npos) << said;
        EXPECT_TRUE(run.out.empty()) << said;
        EXPECT_TRUE(contents() == before) << said;
    }

    const TemporaryFolder folder;
};

TEST_F(Writes, AnInputIsNeverWrittenOver) {
    fs::create_symlink(at("bank.safetensors"), folder / "link");
    fs::create_hard_link(at("bank.safetensors"), folder / "hard");
    for (const char* const name : {"bank.safetensors", "link", "hard"})
        expect_refused(retrieval() + Arguments{"--out", at(name)});
    expect_refused({"retrieval", "--bank", at("hard"), "--rows", "0", "--out", at("bank.safetensors")});
    for (const char* const name : {"few.txt", "model/config.json", "model/model.safetensors"})
        expect_refused(attention() + Arguments{"--out", at(name)});
    expect_refused({"--out", at("ids.txt"), "logits", "--model", at("model"), "--ids", at("ids.txt")});
    expect_refused({"cv", "--tensor", at("bank.safetensors") + ":embeddings", "--out", at("bank.safetensors")});
    expect_refused({"cv", "--tensor", at("bank.safetensors"), "--tex", at("link")});
    expect_refused({"cv", "--tensor", at("bank.safetensors"), "--tex", at("t"), "--out", at("t")});
    expect_refused(embed() + Arguments{"--out", at("texts.txt")});
    expect_refused(embed() + Arguments{"--out", at("encoder/config.json")});
    expect_refused({"bank", "--texts", at("texts.txt"), "--encoder", at("encoder"), "--out", at("texts.txt")});
    expect_refused({"inspect", at("texts.txt"), at("bank.safetensors"), "--out", at("bank.safetensors")});
    expect_refused({"tokenize", "--model", at("encoder"), "--text", at("texts.txt"), "--out", at("texts.txt")});
    expect_refused({"jacobian", "--experiment", "--text", at("story.txt"), "--out", at("story.txt")});
    expect_refused({"residual", "--model", at("model"), "--ids", at("ids.txt"), "--layers", "0", "--ranks", "1",
                    "--out", at("ids.txt")});
    // The next result of a command is no input of it.
    ASSERT_EQ(run_program(attention() + Arguments{"--out", at("model/result.json")}).status, 0);
    EXPECT_EQ(run_program(attention() + Arguments{"--out", at("model/result.json")}).status, 0);
}

TEST_F(Writes, WhatARecipeOrGramsLeadToIsAnInputToo) {
    ASSERT_EQ(run_program(align() + Arguments{"--write-grams", at("g.json"), "--out", at("align.json")}).status, 0);
    expect_refused({"align", "--grams", at("g.json"), "--out", at("g.json")});
    expect_refused({"align", "--grams", at("g.json"), "--out", at("g-eigdirs.safetensors")});
    expect_refused(align() + Arguments{"--write-grams", at("g.json"), "--out", at("g-eigdirs.safetensors")});
    ASSERT_EQ(run_program(retrieval() + Arguments{"--out", at("r.json")}).status, 0);
    expect_refused({"replay", at("r.json"), "--out", at("r.json")});
    expect_refused({"replay", at("r.json"), "--out", at("bank.safetensors")});
    expect_refused({"figure", at("r.json"), "--panel", "entropy", "--out", at("r.json")});
    ASSERT_EQ(
        run_program({"figure", at("r.json"), "--panel", "spectrum", "--out", at("retrieval.spectrum.svg")}).status, 0);
    expect_refused({"figure", at("retrieval.spectrum.svg"), "--panel", "all", "--out", folder.path().string()});
}

TEST_F(Writes, WhereNothingCanBeWrittenIsSaidBeforeAnythingIsRead) {
    const auto before = contents();
    const auto expect_said = [&](const Arguments& arguments, const std::string& line) {
        const Outcome run = run_program(arguments);
        EXPECT_EQ(run.status, 4) << run.error;
        EXPECT_EQ(run.error, line + "\n");
        EXPECT_TRUE(contents() == before);
    };
    const std::string absent = at("none/result.json"), missing = absent +
                                                                 ": expected a folder to write into, got No such "
                                                                 "file or directory";
    // The inputs are not there either: had they been looked at, they would be what is missing.
    for (const Arguments& command :
         {Arguments{"retrieval", "--bank", at("b"), "--rows", "0"},
          Arguments{"attention", "--model", at("m"), "--prompt", "a"}, Arguments{"align", "--model", at("m")},
          Arguments{"residual", "--model", at("m"), "--ids", at("i"), "--layers", "0", "--ranks", "1"},
          Arguments{"embed", "--encoder", at("m"), "--texts", at("t")},
          Arguments{"tokenize", "--model", at("m"), "--prompt", "a"}, Arguments{"replay", at("r")},
          Arguments{"inspect", at("r")}})
        expect_said(command + Arguments{"--out", absent}, missing);
    expect_said({"cv", "--tensor", at("b"), "--tex", absent}, missing);
    expect_said({"align", "--model", at("m"), "--write-grams", absent}, missing);
    expect_said({"jacobian", "--model", at("m"), "--ids", at("i"), "--write-captures", absent}, missing);
    expect_said({"retrieval", "--bank", at("b"), "--rows", "0", "--out", at("model")},
                at("model") + ": expected a file to write, got Is a directory");
    const std::string svg = at("none/f.svg");
    expect_said({"figure", "--bank", at("b"), "--panel", "spectrum", "--out", svg},
                svg + ": expected a folder to write into, got No such file or directory");
    expect_said({"figure", "--bank", at("b"), "--panel", "all", "--out", at("ids.txt")},
                at("ids.txt") + ": expected a folder that can be written, got a file");
}

TEST_F(Writes, AFullQuotaIsAWriteErrorThatLeavesNothing) {
    ASSERT_EQ(run_program(align()).status, 0); // fills the cache, whose file would be too large as well
    const std::string wide = at("wide.txt");
    folder.put("wide.txt", [] {
        std::string lines;
        for (int i = 0; i < 400; ++i) lines += "a b a\n";
        return lines;
    }());
    const std::vector<Limit> quota{{RLIMIT_FSIZE, 2048}};
    const auto before = contents();
    const Arguments spectrum{"figure", "--bank", at("bank.safetensors"), "--panel", "spectrum", "--device", "cpu"};
    const Arguments captures{"jacobian",   "--model",         at("model"), "--ids",      at("ids.txt"), "--seq-len",
                             "16",         "--blocks",        "2",         "--progress", "none",        "--out",
                             at("j.json"), "--write-captures"};
    for (const Arguments& command :
         {retrieval() + Arguments{"--out", at("r.json")},
          retrieval() + Arguments{"--format", "npz", "--out", at("r.npz")}, spectrum + Arguments{"--out", at("f.svg")},
          spectrum + Arguments{"--out", at("f.pdf")}, spectrum + Arguments{"--out", at("f.png")},
          spectrum + Arguments{"--out", at("f.py")},
          Arguments{"figure", "--bank", at("bank.safetensors"), "--panel", "all", "--device", "cpu", "--types",
                    "json,svg", "--out", at("made/panels")},
          align() + Arguments{"--out", at("a.json"), "--write-grams", at("g.json")}, captures + Arguments{at("c.npz")},
          captures + Arguments{at("c.safetensors")},
          Arguments{"embed", "--encoder", at("encoder"), "--texts", wide, "--quiet", "--out", at("e.safetensors")},
          Arguments{"jacobian", "--experiment", "--text", at("story.txt"), "--steps", "1", "--every", "0", "--progress",
                    "none", "--out", at("x.json"), "--export", at("exported/model")}}) {
        const Outcome run = run_limited(command + Arguments{"--quiet"}, quota);
        const std::string said = command.front() + " " + command.back() + ": " + run.error;
        EXPECT_EQ(run.status, 4) << said;
        EXPECT_EQ(run.error_lines(), 1) << said;
        EXPECT_NE(run.error.find("got File too large"), std::string::npos) << said;
        EXPECT_TRUE(contents() == before) << said;
    }
}

TEST_F(Writes, LittleMemoryEndsInOneLine) {
    if (!limits_on_memory_work) GTEST_SKIP() << "the sanitizer needs more address space";
    const std::vector<Arguments> commands{retrieval(),
                                          attention(),
                                          {"cv", "--tensor", at("bank.safetensors"), "--device", "cpu"},
                                          align(),
                                          {"residual", "--model", at("model"), "--ids", at("ids.txt"), "--seq-len",
                                           "16", "--blocks", "2", "--layers", "0", "--ranks", "1", "--device", "cpu",
                                           "--progress", "none"},
                                          {"jacobian", "--model", at("model"), "--ids", at("ids.txt"), "--seq-len",
                                           "16", "--blocks", "2", "--device", "cpu"},
                                          {"logits", "--model", at("model"), "--ids", at("few.txt"), "--device", "cpu"},
                                          embed() + Arguments{"--out", at("e.safetensors")}};
    const auto expect_one_line = [](const Arguments& command, const Limit& limit, const char* name) {
        const Outcome run = run_limited(command + Arguments{"--quiet"}, {limit});
        const std::string said =
            command.front() + " under " + name + " " + std::to_string(limit.bytes >> 20) + " MiB: " + run.error;
        EXPECT_TRUE(run.status == 0 || run.status == 4) << run.status << " " << said;
        if (run.status == 4) {
            EXPECT_EQ(std::count(run.error.begin(), run.error.end(), '\n'), 1) << said;
        }
    };
    for (const Arguments& command : commands)
        for (const rlim_t mebibytes : {60, 90, 200})
            expect_one_line(command, {RLIMIT_DATA, mebibytes << 20}, "ulimit -d");
    for (const rlim_t mebibytes : {300, 900}) expect_one_line(commands[1], {RLIMIT_AS, mebibytes << 20}, "ulimit -v");
}

TEST_F(Writes, ADamagedCacheChangesNoResult) {
    const auto result = [&] {
        const Outcome run = run_program(align() + Arguments{"--spectra"});
        EXPECT_EQ(run.status, 0) << run.error;
        return Json::parse(run.out)["result"];
    };
    const Json first = result();
    const auto entry = [&] { return fs::directory_iterator(folder / "cache" / "alignment")->path(); };
    const std::string whole = read_all(entry());
    ASSERT_GT(whole.size(), 4000u);
    for (std::size_t part = 1; part < 6; ++part) {
        std::string damaged = whole;
        // The lowest bit of a mantissa and a whole stretch, in each of the arrays.
        const std::size_t from = whole.size() * part / 6;
        for (std::size_t i = 0; i < (part % 2 ? 1u : 400u); ++i)
            damaged[from + i] = static_cast<char>(damaged[from + i] ^ 1);
        std::ofstream(entry(), std::ios::binary) << damaged;
        EXPECT_EQ(result(), first) << part;
        EXPECT_EQ(read_all(entry()), whole) << "computed and kept anew";
    }
}

TEST_F(Writes, NumbersOfOtherArithmeticAreNotUsed) {
    const Outcome first = run_program(align() + Arguments{"--spectra"});
    ASSERT_EQ(first.status, 0) << first.error;
    const fs::path entry = fs::directory_iterator(folder / "cache" / "alignment")->path();
    const std::string whole = read_all(entry);
    std::string other = whole;
    const std::size_t key = other.find("\"key\":\"");
    ASSERT_NE(key, std::string::npos) << "an entry names the arithmetic it was computed with";
    char& digit = other[key + 7];
    digit = digit == '0' ? '1' : '0';
    std::ofstream(entry, std::ios::binary) << other;
    EXPECT_EQ(run_program(align() + Arguments{"--spectra"}).status, 0);
    EXPECT_EQ(read_all(entry), whole) << "computed and kept anew";
}

TEST_F(Writes, AReplayOfAnAlignmentComputesItAgain) {
    ASSERT_EQ(run_program(align() + Arguments{"--spectra", "--out", at("result.json")}).status, 0);
    fs::remove_all(folder / "cache");
    const Outcome agrees = run_program({"replay", at("result.json"), "--format", "text"});
    EXPECT_EQ(agrees.status, 0) << agrees.error;
    EXPECT_EQ(agrees.out, "agrees: equal numbers\n");
    EXPECT_FALSE(fs::exists(folder / "cache" / "alignment")) << "nothing that was kept is compared with";
    Json changed = Json::parse(read_all(folder / "result.json"));
    changed["result"]["diag_mean"] = changed["result"]["diag_mean"].get<double>() * 1.01;
    std::ofstream(folder / "result.json") << changed.dump();
    const Outcome disagrees = run_program({"replay", at("result.json"), "--format", "text"});
    EXPECT_EQ(disagrees.status, 3);
    EXPECT_NE(disagrees.out.find("diag_mean"), std::string::npos) << disagrees.out;
}

/// A copy of the program and its libraries beside the original, where relative paths to LibTorch hold.
class CopiedProgram {
public:
    CopiedProgram() {
        const fs::path built = fs::path(ATTNSCOPE_BIN).parent_path().parent_path();
        std::string name = (built / "copy-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) std::abort();
        root_ = name;
        for (const char* const part : {"bin", "lib"}) fs::create_directory(root_ / part);
        fs::copy_file(ATTNSCOPE_BIN, root_ / "bin/attnscope");
        for (const char* const library : {"libattnscope_base.so", "libattnscope_compute.so"})
            fs::copy_file(built / "lib" / library, root_ / "lib" / library);
    }
    ~CopiedProgram() {
        std::error_code ignored;
        fs::remove_all(root_, ignored);
    }
    fs::path operator/(const char* name) const { return root_ / name; }

private:
    fs::path root_;
};

TEST_F(Writes, AModuleOfAnotherBuildIsNotLoaded) {
    const fs::path library = fs::path(ATTNSCOPE_BIN).parent_path().parent_path() / "lib/libattnscope_compute.so";
    if (!fs::exists(library)) GTEST_SKIP() << "no compute module beside the program";
    const CopiedProgram copy;
    // The copied program finds its base library beside itself.
    setenv("LD_LIBRARY_PATH", (copy / "lib").c_str(), 1);
    const std::string base = read_all(copy / "lib/libattnscope_base.so");
    std::string module = read_all(copy / "lib/libattnscope_compute.so");
    // The id is the one text of 64 hexadecimal digits that both have.
    const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    std::size_t changed = 0;
    for (std::size_t i = 1, run = 0; i < module.size(); ++i) {
        run = is_hex(module[i]) ? run + 1 : 0;
        if (run != 64 || (i + 1 < module.size() && module[i + 1] != '\0')) continue;
        if (base.find(module.substr(i - 63, 64)) == std::string::npos) continue;
        module[i] = module[i] == '0' ? '1' : '0';
        ++changed;
    }
    ASSERT_EQ(changed, 1u);
    std::ofstream(copy / "lib/libattnscope_compute.so", std::ios::binary) << module;
    const Outcome run = Program(retrieval(), {}, {}, copy / "bin/attnscope").wait();
    unsetenv("LD_LIBRARY_PATH");
    EXPECT_EQ(run.status, 4) << run.error;
    EXPECT_EQ(run.error_lines(), 1);
    EXPECT_NE(run.error.find("libattnscope_compute.so: expected the build "), std::string::npos) << run.error;
}

} // namespace
} // namespace attnscope::test
