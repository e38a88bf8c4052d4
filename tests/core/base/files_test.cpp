// Hashing, writing and reading whole files, text lines.
#include <attnscope/bank.h>
#include <attnscope/tensor_file.h>

#include "files/sha256.h"
#include "files/text_files.h"
#include "support/error_of.h"
#include "support/temporary_folder.h"

#include <gtest/gtest.h>

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

namespace attnscope {
namespace {

using test::error_of;
using test::message_of;
using Lines = std::vector<std::string>;

// ------------------------------------------------------------------------ SHA

TEST(Sha256, GivesTheVectorsOfTheStandard) {
    EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(sha256(std::string(1'000'000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, AgreesWithTheReferenceAtEveryLengthAndCut) {
    std::string bytes;
    for (int i = 0; i < 300; ++i) bytes += static_cast<char>(i * 37);
    for (std::size_t size = 0; size <= bytes.size(); ++size) {
        Sha256 plain = Sha256::plain(), pieces;
        plain.add(std::as_bytes(std::span(bytes.data(), size)));
        const std::size_t cut = size * 7 % (size + 1);
        pieces.add(std::as_bytes(std::span(bytes.data(), cut)));
        pieces.add(std::as_bytes(std::span(bytes.data() + cut, size - cut)));
        ASSERT_EQ(pieces.hex(), plain.hex()) << size;
    }
}

TEST(Sha256, OfAFileIsThatOfItsBytes) {
    const test::TemporaryFolder folder;
    EXPECT_EQ(sha256_file(folder.put("x", "abc")), sha256("abc"));
}

// -------------------------------------------------------------------- writing

TEST(WriteFile, ReplacesWholeFilesAndLeavesNothingElse) {
    const test::TemporaryFolder folder;
    const auto path = folder / "x";
    write_file(path, "one");
    write_file(path, "two");
    EXPECT_EQ(read_file(path), "two");
    EXPECT_EQ(folder.files(), 1u);
}

TEST(WriteFile, GivesNewFilesTheUsualModeAndKeepsThatOfOldOnes) {
    const test::TemporaryFolder folder;
    const auto mode = [](const std::filesystem::path& path) {
        struct stat status = {};
        stat(path.c_str(), &status);
        return status.st_mode & 0777;
    };
    const mode_t mask = umask(027);
    write_file(folder / "new", "x");
    umask(mask);
    EXPECT_EQ(mode(folder / "new"), 0640u);
    chmod((folder / "new").c_str(), 0600);
    write_file(folder / "new", "y");
    EXPECT_EQ(mode(folder / "new"), 0600u);
}

TEST(WriteFile, FollowsASymbolicLink) {
    const test::TemporaryFolder folder;
    folder.put("target", "old");
    std::filesystem::create_symlink("target", folder / "link");
    write_file(folder / "link", "new");
    EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
    EXPECT_EQ(read_file(folder / "target"), "new");
}

TEST(WriteFile, SaysWhenTheDiskIsFull) {
    const auto error = error_of([] { write_file("/dev/full", "x"); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind, ErrorKind::resource);
    EXPECT_STREQ(error->what(), "/dev/full: expected room for the file, got No space left on device");
}

TEST(WriteFile, LeavesThePreviousFileWhenItFailsHalfway) {
    const test::TemporaryFolder folder;
    write_file(folder / "x", "before");
    // A limit on the size of files stands in for a full disk.
    struct rlimit limit = {};
    getrlimit(RLIMIT_FSIZE, &limit);
    const struct rlimit small = {4096, limit.rlim_max};
    const auto previous = std::signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    const auto error = error_of([&] { write_file(folder / "x", std::string(1 << 20, 'y')); });
    setrlimit(RLIMIT_FSIZE, &limit);
    std::signal(SIGXFSZ, previous);
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind, ErrorKind::resource);
    EXPECT_EQ(read_file(folder / "x"), "before");
    EXPECT_EQ(folder.files(), 1u);
}

TEST(WriteFile, NamesFoldersThatAreNotThereAndFolders) {
    const test::TemporaryFolder folder;
    const std::string absent = (folder / "a" / "b").string();
    EXPECT_EQ(message_of([&] { write_file(absent, "x"); }),
              absent + ": expected a folder to write into, got No such file or directory");
    EXPECT_EQ(message_of([&] { write_file(folder.path(), "x"); }),
              folder.path().string() + ": expected a file to write, got Is a directory");
    EXPECT_EQ(folder.files(), 0u);
}

TEST(WriteFile, SaysWhenItMayNotWrite) {
    if (geteuid() == 0) GTEST_SKIP() << "everything is permitted here";
    const test::TemporaryFolder folder;
    std::filesystem::permissions(folder.path(),
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
    const auto error = error_of([&] { write_file(folder / "x", "x"); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind, ErrorKind::resource);
    EXPECT_EQ(error->got, "Permission denied");
}

// -------------------------------------------------------------------- reading

TEST(ReadFile, BoundsWhatItReads) {
    const test::TemporaryFolder folder;
    const auto path = folder.put("x", "12345");
    EXPECT_EQ(read_file(path, 5), "12345");
    EXPECT_EQ(message_of([&] { read_file(path, 4); }), path.string() + ": expected at most 4 bytes, got a larger file");
    EXPECT_EQ(message_of([] { read_file("/dev/zero", 1000); }),
              "/dev/zero: expected at most 1000 bytes, got a larger file");
    EXPECT_EQ(message_of([&] { read_file(folder.path()); }),
              folder.path().string() + ": expected a file, got a folder");
    EXPECT_EQ(read_file("/dev/null"), "");
}

TEST(TextFiles, LinesAreStrippedAndBlankOnesDropped) {
    EXPECT_EQ(parse_lines("\xef\xbb\xbfone\r\n\n \t\ntwo\tgloss\nthree", "f"), (Lines{"one", "two\tgloss", "three"}));
    EXPECT_EQ(parse_lines("", "f"), Lines{});
    EXPECT_EQ(message_of([] { parse_lines("one\ntw\xff", "f"); }), "f: expected UTF-8 text, got other bytes (line 2)");
}

TEST(TextFiles, ARowIsALine) {
    EXPECT_EQ(parse_rows("\xef\xbb\xbfone\r\ntwo\tgloss\n three \n\n \t\n", "f"),
              (Lines{"one", "two\tgloss", " three "}));
    EXPECT_EQ(parse_rows("\n\n", "f"), Lines{});
    const std::string wanted = "f: expected a text on every line, as row i is line i, got a blank line ";
    EXPECT_EQ(message_of([] { parse_rows("one\n\n \ntwo", "f"); }), wanted + "(line 2)");
    EXPECT_EQ(message_of([] { parse_rows("\n one", "f"); }), wanted + "(line 1)");
    EXPECT_EQ(message_of([] { parse_jsonl_questions("{\"question\":\"a\"}\n\n{\"question\":\"b\"}", "f"); }),
              wanted + "(line 2)");
    const test::TemporaryFolder folder;
    for (const char* name : {"q.txt", "q.jsonl"})
        EXPECT_NE(message_of([&] {
                      read_questions(folder.put(name, "{\"question\":\"a\"}\n\n{\"question\":\"b\"}\n"));
                  }).find("a blank line (line 2)"),
                  std::string::npos);
}

TEST(TextFiles, QuestionsComeFromTheirField) {
    EXPECT_EQ(parse_jsonl_questions(
                  "{\"question\":\"a β\",\"id\":{\"question\":1}}\n{\"x\":[1,[2]],\"question\":\"b\"}\n\n", "f"),
              (Lines{"a β", "b"}));
    const std::string wanted = "f: expected a JSON object with the text \"question\", got ";
    const auto got = [](const std::string& text) { return message_of([&] { parse_jsonl_questions(text, "f"); }); };
    EXPECT_EQ(got("{\"question\":\"a\"}\n{\"q\":\"b\"}"), wanted + "an object without one (line 2)");
    EXPECT_EQ(got("{\"question\":1}"), wanted + "a question that is no text (line 1)");
    EXPECT_EQ(got("{\"question\":[\"a\"]}"), wanted + "a question that is no text (line 1)");
    EXPECT_EQ(got("[\"question\",\"a\"]"), wanted + "JSON that is no object (line 1)");
    EXPECT_EQ(got("\"question\""), wanted + "JSON that is no object (line 1)");
    EXPECT_EQ(got("{\"question\":"), wanted + "a JSON syntax error at byte 13 (line 1)");
    EXPECT_EQ(got("{\"a\":" + std::string(100'000, '[')),
              "f: expected JSON nested at most 64 deep, got deeper nesting (line 1)");
}

TEST(TextFiles, TheNameSaysWhichQuestionsAFileHolds) {
    const test::TemporaryFolder folder;
    EXPECT_EQ(read_questions(folder.put("q.jsonl", "{\"question\":\"a\"}")), Lines{"a"});
    EXPECT_EQ(read_questions(folder.put("q.txt", "{\"question\":\"a\"}")), Lines{"{\"question\":\"a\"}"});
    EXPECT_EQ(message_of([&] { read_questions(folder.put("e.txt", "\n\n")); }),
              (folder / "e.txt").string() + ": expected at least one question, got none");
}

TEST(TextFiles, FindsTheFirstByteThatIsNoUtf8) {
    const std::size_t none = std::string_view::npos;
    EXPECT_EQ(invalid_utf8("plain ASCII of some length"), none);
    EXPECT_EQ(invalid_utf8("é β 日本 🙂"), none);
    EXPECT_EQ(invalid_utf8("12345678\x80"), 8u);
    EXPECT_EQ(invalid_utf8("\xc0\x80"), 0u) << "overlong";
    EXPECT_EQ(invalid_utf8("\xe0\x9f\xbf"), 0u) << "overlong";
    EXPECT_EQ(invalid_utf8("\xed\xa0\x80"), 0u) << "surrogate";
    EXPECT_EQ(invalid_utf8("\xf4\x90\x80\x80"), 0u) << "beyond U+10FFFF";
    EXPECT_EQ(invalid_utf8("a\xe6\x97"), 1u) << "cut short";
    EXPECT_EQ(invalid_utf8("\xf4\x8f\xbf\xbf"), none);
}

TEST(TextTables, KeepLabelsAndTexts) {
    const TextTable table = TextTable::from_lines("dog\ta barking animal\r\nplain\n\nlast");
    ASSERT_EQ(table.size(), 4u);
    EXPECT_EQ(table.line(0), "dog\ta barking animal");
    EXPECT_EQ(table.label(0), "dog");
    EXPECT_EQ(table.text(0), "a barking animal");
    EXPECT_EQ(table.label(1), "");
    EXPECT_EQ(table.text(1), "plain");
    EXPECT_EQ(table.text(2), "");
    EXPECT_EQ(table.text(3), "last");
    EXPECT_EQ(TextTable::from_lines("a\nb\n").size(), 2u);
    EXPECT_TRUE(TextTable::from_lines("").empty());
}

} // namespace
} // namespace attnscope
