// Files that appear together or not at all, what may be written, and how much memory there is.
#include "base/build_id.h"
#include "base/kept_file.h"
#include "base/memory_limit.h"
#include "files/file_writer.h"
#include "files/write_check.h"
#include "support/error_of.h"
#include "support/memory_limits.h"
#include "support/temporary_folder.h"

#include <attnscope/partial_result.h>
#include <attnscope/tensor_file.h>

#include <gtest/gtest.h>

#include <csignal>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace attnscope {
namespace {

namespace fs = std::filesystem;
using test::error_of;
using test::message_of;

TEST(FileSet, NoFileAppearsUnlessAllAreWritten) {
    const test::TemporaryFolder folder;
    folder.put("second", "before");
    {
        FileSet files;
        files.add(folder / "first", "one");
        files.add(folder / "second", "two");
        EXPECT_EQ(folder.files(), 1u) << "an unfinished file has no name";
    }
    EXPECT_EQ(folder.files(), 1u);
    FileSet files;
    files.add(folder / "first", "one");
    files.add(folder / "second", "two");
    files.flush();
    EXPECT_EQ(read_file(folder / "second"), "before");
    files.commit();
    EXPECT_EQ(read_file(folder / "first"), "one");
    EXPECT_EQ(read_file(folder / "second"), "two");
    EXPECT_EQ(folder.files(), 2u);
}

TEST(FileWriter, AKilledProgramLeavesNothing) {
    const test::TemporaryFolder folder;
    const pid_t child = fork();
    if (child == 0) {
        FileWriter file(folder / "x");
        file.write("half");
        kill(getpid(), SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(FileWriter, AFileThatAppearsMeanwhileIsReplaced) {
    const test::TemporaryFolder folder;
    FileWriter file(folder / "x");
    file.write("mine");
    folder.put("x", "of another");
    file.commit();
    EXPECT_EQ(read_file(folder / "x"), "mine");
    EXPECT_EQ(folder.files(), 1u);
}

TEST(NewFolder, GoesAgainUnlessItIsKept) {
    const test::TemporaryFolder folder;
    { const NewFolder made(folder / "a/b/c"); }
    EXPECT_TRUE(fs::is_empty(folder.path()));
    {
        const NewFolder made(folder / "a/b");
        folder.put("a/b/x", "");
    }
    EXPECT_TRUE(fs::exists(folder / "a/b/x")) << "what somebody put there stays";
    { NewFolder(folder / "a/c").keep(); }
    EXPECT_TRUE(fs::is_directory(folder / "a/c"));
    EXPECT_EQ(message_of([&] { const NewFolder made(folder / "a/b/x/y"); }),
              (folder / "a/b/x/y").string() + ": expected a folder that can be written, got Not a directory");
}

TEST(CheckCanWrite, LeavesNothingAndOpensNoDevice) {
    const test::TemporaryFolder folder;
    check_can_write(folder / "x");
    check_can_write_into(folder / "a/b");
    check_can_write("/dev/full");
    EXPECT_TRUE(fs::is_empty(folder.path()));
    EXPECT_EQ(error_of([&] { check_can_write(folder.path()); })->kind, ErrorKind::resource);
    EXPECT_EQ(error_of([&] { check_can_write(folder / "none/x"); })->kind, ErrorKind::resource);
}

TEST(RefuseOverwriting, KnowsAFileByAllItsNames) {
    const test::TemporaryFolder folder;
    folder.put("input", "x");
    folder.put("other", "x");
    fs::create_symlink("input", folder / "link");
    fs::create_hard_link(folder / "input", folder / "hard");
    fs::create_directory(folder / "model");
    folder.put("model/config.json", "{}");
    folder.put("model/result.json", "{}");
    const std::vector<fs::path> inputs{folder / "hard", folder / "model", folder / "none"};
    for (const char* const name : {"input", "link", "hard", "model/config.json"}) {
        const auto error = error_of([&] { refuse_overwriting("--out", folder / name, inputs); });
        ASSERT_TRUE(error) << name;
        EXPECT_EQ(error->kind, ErrorKind::usage);
        EXPECT_EQ(error->subject, "--out");
    }
    for (const char* const name : {"other", "none", "model/result.json", "model/new.json"})
        EXPECT_NO_THROW(refuse_overwriting("--out", folder / name, inputs)) << name;
}

/// The files of a system with 8 GiB.
class MemoryLimit : public testing::Test {
protected:
    MemoryLimit() { put("proc/meminfo", "MemTotal:        8388608 kB\nMemFree: 1 kB\n"); }
    void put(const std::string& name, const std::string& text) const {
        fs::create_directories((folder / name).parent_path());
        folder.put(name, text);
    }
    std::uint64_t limit() const { return memory_limit_of_system(folder.path()); }
    static constexpr std::uint64_t mebibyte = 1 << 20;
    const test::TemporaryFolder folder;
};

TEST_F(MemoryLimit, IsTheMachinesWithoutGroups) {
    EXPECT_EQ(limit(), 8192 * mebibyte);
    put("proc/self/cgroup", "0::/user\n");
    put("sys/fs/cgroup/user/memory.max", "max\n");
    EXPECT_EQ(limit(), 8192 * mebibyte);
}

TEST_F(MemoryLimit, IsTheLeastOfAGroupAndThoseAbove) {
    put("proc/self/cgroup", "0::/a/b\n");
    put("sys/fs/cgroup/a/b/memory.max", std::to_string(900 * mebibyte) + "\n");
    EXPECT_EQ(limit(), 900 * mebibyte);
    put("sys/fs/cgroup/a/b/memory.high", std::to_string(700 * mebibyte) + "\n");
    EXPECT_EQ(limit(), 700 * mebibyte);
    put("sys/fs/cgroup/a/memory.max", std::to_string(500 * mebibyte) + "\n");
    EXPECT_EQ(limit(), 500 * mebibyte);
    // In a container the group is the root of what is mounted.
    put("sys/fs/cgroup/memory.max", std::to_string(400 * mebibyte) + "\n");
    EXPECT_EQ(limit(), 400 * mebibyte);
}

TEST_F(MemoryLimit, LeavesOutWhatOthersHold) {
    put("proc/self/cgroup", "0::/a\n");
    put("sys/fs/cgroup/a/memory.max", std::to_string(900 * mebibyte) + "\n");
    put("sys/fs/cgroup/a/memory.current", std::to_string(600 * mebibyte) + "\n");
    put("sys/fs/cgroup/a/memory.stat", "anon 5\ninactive_file " + std::to_string(150 * mebibyte) + "\n");
    EXPECT_EQ(limit(), 450 * mebibyte) << "pages of files make room";
    put("proc/self/statm", "100000 " +
                               std::to_string(250 * mebibyte / static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE))) +
                               " 5 5 0 100 0\n");
    EXPECT_EQ(limit(), 700 * mebibyte) << "what the process holds itself is its own";
}

TEST_F(MemoryLimit, KnowsTheFirstVersionOfGroups) {
    put("proc/self/cgroup", "12:cpu,cpuacct:/x\n5:memory:/docker/1\n");
    put("sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes", std::to_string(300 * mebibyte) + "\n");
    put("sys/fs/cgroup/memory/docker/1/memory.usage_in_bytes", std::to_string(100 * mebibyte) + "\n");
    put("sys/fs/cgroup/memory/docker/1/memory.stat", "total_inactive_file 0\n");
    EXPECT_EQ(limit(), 200 * mebibyte);
}

TEST(MemoryLimitOfTheProcess, RespectsTheLimitOfTheShell) {
    if (!test::limits_on_memory_work) GTEST_SKIP() << "the sanitizers need more memory than the limit";
    // In a child, as a limit that was lowered stays.
    const pid_t child = fork();
    if (child == 0) {
        const rlim_t bytes = rlim_t{123} << 20;
        const struct rlimit limit = {bytes, bytes};
        if (setrlimit(RLIMIT_DATA, &limit) != 0) _exit(2);
        _exit(memory_limit() == bytes ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(BuildId, IsAHashAndPartOfTheArithmetic) {
    EXPECT_EQ(std::string(build_id()).size(), 64u);
    EXPECT_EQ(arithmetic_key().find(build_id()), 0u);
}

TEST(KeptFile, IsUsedUnderItsKeyWhileItsBytesAreThose) {
    const test::TemporaryFolder folder;
    const fs::path file = folder.put("bank", "numbers");
    EXPECT_FALSE(is_kept(file, "key")) << "written, but not known to be whole";
    keep_file(file, "key");
    EXPECT_TRUE(is_kept(file, "key"));
    EXPECT_FALSE(is_kept(file, "other"));
    folder.put("bank", "Numbers");
    EXPECT_FALSE(is_kept(file, "key"));
    EXPECT_FALSE(is_kept(folder / "none", "key"));
}

TEST(PartialJson, IsTakenUpByTheSameRecipeAndArithmeticAlone) {
    Recipe recipe;
    recipe.analysis = "cv";
    recipe.params = "{\"x\":1}";
    const std::string text = partial_json("attnscope.cv/1", recipe, "{\"curve\":[0.1,2e-300,3]}", {}, 1);
    EXPECT_EQ(read_partial_json(text, recipe, "p"), "{\"curve\":[0.1,2e-300,3]}");
    Recipe other = recipe;
    other.seed = 5;
    EXPECT_EQ(read_partial_json(text, other, "p"), std::nullopt);
    const auto with = [&](const std::string& from, const std::string& to) {
        std::string changed = text;
        const std::size_t place = changed.find(from);
        EXPECT_NE(place, std::string::npos);
        return changed.replace(place, from.size(), to);
    };
    EXPECT_EQ(read_partial_json(with(build_id(), std::string(64, 'f')), recipe, "p"), std::nullopt);
    const auto error = error_of([&] { read_partial_json(with("2e-300", "2e-301"), recipe, "p"); });
    ASSERT_TRUE(error) << "a number that changed";
    EXPECT_EQ(error->kind, ErrorKind::input);
    EXPECT_EQ(error_of([&] { read_partial_json("{}", recipe, "p"); })->kind, ErrorKind::input);
}

} // namespace
} // namespace attnscope
