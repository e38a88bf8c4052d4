// GGUF files: what they hold, and what is refused.
#include "files/gguf.h"

#include "files/dequantise.h"
#include "support/error_of.h"
#include "support/temporary_folder.h"
#include "support/tiny_gguf.h"

#include <attnscope/bank.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

namespace attnscope {
namespace {

using test::message_of;
using test::raw;
using test::TinyGguf;

class Gguf : public testing::Test {
protected:
    std::unique_ptr<TensorFile> open(const TinyGguf& file) {
        return open_tensor_file(folder.put("m.gguf", file.str()));
    }
    std::string refusal(const TinyGguf& file) {
        return message_of([&] { open(file); });
    }
    GgufMetadata metadata(const TinyGguf& file) { return read_gguf_metadata(folder.put("m.gguf", file.str())); }

    const test::TemporaryFolder folder;
    TinyGguf file;
};

TEST_F(Gguf, GivesTensorsRowMajorAndInPlace) {
    const std::vector<float> values{1, 2, 3, 4, 5, 6};
    for (const std::uint32_t version : {2u, 3u}) {
        file = TinyGguf();
        file.version = version;
        file.tensor("w", {2, 3}, values).tensor("empty", {0, 3}, {}).tensor("scalar", {}, {7});
        const auto opened = open(file);
        EXPECT_EQ(opened->format(), "gguf");
        ASSERT_EQ(opened->tensors().size(), 3u);
        const FloatTensor read = opened->read(*opened->find("w"));
        EXPECT_EQ(read.shape, (std::vector<std::int64_t>{2, 3}));
        EXPECT_EQ(std::vector<float>(read.values.begin(), read.values.end()), values);
        EXPECT_TRUE(read.mapped);
        EXPECT_EQ(opened->read(*opened->find("scalar")).values[0], 7);
        EXPECT_TRUE(opened->read(*opened->find("empty")).values.empty());
    }
}

TEST_F(Gguf, GivesTypedValues) {
    file.text("t", "β").integer("i", 7).number("n", 1.5f).flag("f", true).texts("ts", {"a", "", "ccc"});
    file.integers("is", {-1, 2}).numbers("ns", {.5f}).raw_value("u64", 10, raw<std::uint64_t>(1ull << 40));
    file.raw_value("i8", 1, raw<std::int8_t>(-3)).raw_value("f64", 12, raw(.25));
    file.list("nested", 9, 1, raw<std::uint32_t>(4) + raw<std::uint64_t>(1) + raw<std::uint32_t>(9));
    const GgufMetadata values = metadata(file);
    EXPECT_EQ(values.text("t"), "β");
    EXPECT_EQ(values.text("absent", "x"), "x");
    EXPECT_EQ(values.integer("i", 0, 10), 7);
    EXPECT_EQ(values.integer("u64", 0, INT64_MAX), std::int64_t{1} << 40);
    EXPECT_EQ(values.integer("i8", -10, 10), -3);
    EXPECT_EQ(values.number("n", 0), 1.5);
    EXPECT_EQ(values.number("i", 0), 7);
    EXPECT_EQ(values.number("f64", 0), .25);
    EXPECT_TRUE(values.flag("f", false));
    EXPECT_EQ(values.texts("ts").size(), 3u);
    EXPECT_EQ(values.texts("ts")[2], "ccc");
    EXPECT_EQ(values.integers("is")[0], -1);
    EXPECT_EQ(values.numbers("ns")[0], .5);
    EXPECT_TRUE(values.texts("absent").empty());
    EXPECT_FALSE(values.contains("nested"));

    const std::string path = (folder / "m.gguf").string();
    EXPECT_EQ(message_of([&] { values.integer("i", 8, 9); }), path + ": expected an integer from 8 to 9, got 7 (i)");
    EXPECT_EQ(message_of([&] { values.text("i"); }), path + ": expected a text, got 7 (i)");
    EXPECT_EQ(message_of([&] { values.text("absent"); }), path + ": expected a text, got none (absent)");
    EXPECT_EQ(message_of([&] { values.texts("is"); }),
              path + ": expected a list of texts, got a list of integers (is)");

    const auto shown = open(file)->metadata();
    EXPECT_EQ(shown.at("n"), "1.5");
    EXPECT_EQ(shown.at("ts"), "3 texts");
    EXPECT_EQ(shown.at("f"), "true");
}

TEST_F(Gguf, DequantisesToTheWholeTensor) {
    // Two rows of one Q8_0 block each: scale 0.5 and 2 (float16), numbers −16 … 15.
    std::string data;
    for (const std::uint16_t scale : {std::uint16_t{0x3800}, std::uint16_t{0x4000}}) {
        data += raw(scale);
        for (int i = -16; i < 16; ++i) data += raw(static_cast<std::int8_t>(i));
    }
    file.tensor({"w", {2, 32}, 8, data});
    const auto opened = open(file);
    const TensorInfo& info = opened->tensors()[0];
    EXPECT_EQ(info.dtype, DType::q8_0);
    EXPECT_STREQ(dtype_name(info.dtype), "Q8_0");
    EXPECT_EQ(info.bytes(), 68u);
    const FloatTensor read = opened->read(info);
    EXPECT_EQ(read.values[0], -8);
    EXPECT_EQ(read.values[63], 30);
    EXPECT_FALSE(read.mapped);
    const std::int64_t second = 1;
    const FloatTensor row = opened->read_rows(info, {&second, 1});
    EXPECT_EQ(row.values.size(), 32u);
    EXPECT_TRUE(std::equal(row.values.begin(), row.values.end(), read.values.begin() + 32));
    EXPECT_NE(message_of([&] { opened->read_integers(info); }).find("expected whole numbers, got Q8_0"),
              std::string::npos);

    const auto bank = open_bank(folder / "m.gguf", Layout::columns);
    EXPECT_EQ(bank->n, 32u);
    EXPECT_EQ(bank->keys[1], -32) << "a transposed view of blocks";
}

TEST_F(Gguf, RefusesHeadersThatLie) {
    file.text("general.architecture", "llama").tensor("w", {2, 3}, {1, 2, 3, 4, 5, 6}).tensor("v", {1}, {0});
    ASSERT_EQ(refusal(file), "no error");
    const auto says = [&](auto change, const std::string& expected) {
        TinyGguf lying = file;
        change(lying);
        const std::string message = refusal(lying);
        EXPECT_NE(message.find(expected), std::string::npos) << message;
    };
    says([](TinyGguf& f) { f.version = 1; }, "expected GGUF version 2 or 3, got 1");
    says([](TinyGguf& f) { f.version = 0x03000000; }, "expected a little-endian file, got a big-endian one");
    says([](TinyGguf& f) { f.claimed_tensors = 1'000'000'000; }, "at most 100000 tensors, got 1000000000");
    says([](TinyGguf& f) { f.claimed_values = INT64_MAX; }, "at most 65536 values");
    says([](TinyGguf& f) { f.claimed_values = 2; }, "expected");
    says([](TinyGguf& f) { f.claimed_tensors = 3; }, "expected");
    says([](TinyGguf& f) { f.raw_value("k", 13, ""); }, "a type of value from 0 to 12, got 13 (k, byte");
    says([](TinyGguf& f) { f.raw_value("k", 8, raw<std::uint64_t>(UINT64_MAX)); }, "(k, byte");
    says([](TinyGguf& f) { f.raw_value("k", 8, raw<std::uint64_t>(1 << 20)); }, "more of the header");
    says([](TinyGguf& f) { f.list("k", 8, 1 << 20, ""); }, "expected 1048576 elements, got a file that ends before");
    says([](TinyGguf& f) { f.list("k", 0, UINT64_MAX, ""); }, "elements in lists, got more");
    says([](TinyGguf& f) { f.list("k", 13, 1, ""); }, "a type of value");
    says([](TinyGguf& f) { f.raw_value("k", 10, raw(UINT64_MAX)); }, "a number below 2^63");
    says([](TinyGguf& f) { f.repeat_value("general.architecture", 4, raw<std::uint32_t>(1)); }, "keys once");
    says(
        [](TinyGguf& f) {
            std::string nested;
            for (int i = 0; i < 50; ++i) nested += raw<std::uint32_t>(9) + raw<std::uint64_t>(1);
            f.list("k", 9, 1, nested);
        },
        "lists nested at most 4 deep");
    says([](TinyGguf& f) { f.tensors()[1].name = "w"; }, "names once, got the same twice (tensor w");
    says([](TinyGguf& f) { f.tensors()[0].type = 10; }, "got Q2_K (tensor w");
    says([](TinyGguf& f) { f.tensors()[0].type = 77; }, "got type 77 (tensor w");
    says([](TinyGguf& f) { f.tensors()[0].type = 2; }, "rows of whole blocks of 32, got rows of 3 (tensor w");
    says([](TinyGguf& f) { f.tensors()[0].shape.assign(17, 1); }, "at most 16 dimensions, got 17 (tensor w");
    says([](TinyGguf& f) { f.tensors()[0].shape = {1ull << 40, 1ull << 40}; }, "a shape beyond 2^63 bytes (tensor w)");
    says([](TinyGguf& f) { f.tensors()[0].shape = {UINT64_MAX}; }, "below 2^63");
    says([](TinyGguf& f) { f.tensors()[0].shape = {300}; }, "1200 bytes from offset 0 on (tensor w)");
    says([](TinyGguf& f) { f.tensors()[1].claimed_offset = 0; }, "overlap with tensor");
    says([](TinyGguf& f) { f.tensors()[1].claimed_offset = 4; }, "a multiple of 32, got 4 (tensor v");
    says([](TinyGguf& f) { f.tensors()[1].claimed_offset = 1 << 20; }, "from offset 1048576 on (tensor v)");
    says([](TinyGguf& f) { f.tensors()[1].claimed_offset = INT64_MAX - 31; }, "(tensor v)");
    says([](TinyGguf& f) { f.integer("general.alignment", 24); }, "a power of two, got 24 (general.alignment)");
    says([](TinyGguf& f) { f.integer("general.alignment", 0); }, "got 0 (general.alignment)");
    says([](TinyGguf& f) { f.text("general.alignment", "x"); }, "general.alignment");
}

TEST_F(Gguf, TakesAnyAlignmentThatIsAPowerOfTwo) {
    for (const std::uint64_t alignment : {1, 8, 32, 4096}) {
        file = TinyGguf();
        file.alignment = alignment;
        file.tensor("a", {1}, {1}).tensor("b", {1}, {2});
        const auto opened = open(file);
        EXPECT_EQ(opened->read(opened->tensors()[1]).values[0], 2);
    }
}

TEST_F(Gguf, RefusesEveryFileThatIsCutShort) {
    file = test::tiny_gguf_model();
    const std::string whole = file.str();
    const std::size_t header = file.header().size();
    for (std::size_t size = 4; size < whole.size(); size += size < header ? 7 : 4001) {
        const auto error = test::error_of([&] { open_tensor_file(folder.put("m.gguf", whole.substr(0, size))); });
        ASSERT_TRUE(error) << size;
        EXPECT_EQ(error->kind, ErrorKind::input);
    }
}

} // namespace
} // namespace attnscope
