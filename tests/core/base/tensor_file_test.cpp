// Opening, mapping and converting, whatever the format.
#include <attnscope/tensor_file.h>

#include "files/elements.h"
#include "support/archives.h"
#include "support/error_of.h"
#include "support/golden.h"
#include "support/temporary_folder.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <numeric>
#include <unistd.h>

namespace attnscope {
namespace {

using test::message_of;
using testing::Test;

std::vector<float> counting(std::size_t count) {
    std::vector<float> values(count);
    std::iota(values.begin(), values.end(), 0.5f);
    return values;
}

std::vector<float> copied(const FloatTensor& tensor) {
    return {tensor.values.begin(), tensor.values.end()};
}

class TensorFiles : public Test {
protected:
    test::TemporaryFolder folder;
    const std::vector<float> values = counting(12);
    const std::string bytes =
        test::raw<float>({.5f, 1.5f, 2.5f, 3.5f, 4.5f, 5.5f, 6.5f, 7.5f, 8.5f, 9.5f, 10.5f, 11.5f});

    std::vector<TensorToWrite> to_write() const {
        return {{"text", DType::u8, {3}, std::as_bytes(std::span("abc", 3))},
                {"values", DType::f32, {3, 4}, std::as_bytes(std::span(values))}};
    }
};

TEST_F(TensorFiles, SafetensorsRoundTripIsMappedAndAligned) {
    const auto path = folder / "x.safetensors";
    write_safetensors(path, to_write(), {{"encoder", "MiniLM"}, {"note", "β"}});
    const auto file = open_tensor_file(path);
    EXPECT_EQ(file->format(), "safetensors");
    EXPECT_EQ(file->metadata().at("encoder"), "MiniLM");
    EXPECT_EQ(file->metadata().at("note"), "β");
    const FloatTensor read = file->read(*file->find("values"));
    EXPECT_EQ(copied(read), values);
    EXPECT_EQ(read.shape, (std::vector<std::int64_t>{3, 4}));
    EXPECT_TRUE(read.mapped);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(read.values.data()) % 64, 0u);
    EXPECT_EQ(file->read_text(*file->find("text")), "abc");
    EXPECT_EQ(folder.files(), 1u) << "the temporary is gone";
}

TEST_F(TensorFiles, NpzRoundTripIsMappedAndAlwaysTheSameBytes) {
    const std::string written = npz_bytes(to_write());
    EXPECT_EQ(written, npz_bytes(to_write()));
    const auto file = open_tensor_file(folder.put("x.npz", written));
    EXPECT_EQ(file->format(), "npz");
    ASSERT_EQ(file->tensors().size(), 2u);
    const FloatTensor read = file->read(*file->find("values"));
    EXPECT_EQ(copied(read), values);
    EXPECT_TRUE(read.mapped);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(read.values.data()) % 64, 0u);
}

TEST_F(TensorFiles, ReadsNpyOfEveryVersion) {
    for (const int version : {1, 2, 3}) {
        const auto path = folder.put("x.npy", test::npy(test::npy_text("<f4", "(3, 4)"), bytes, version));
        const auto file = open_tensor_file(path);
        EXPECT_EQ(file->format(), "npy");
        const FloatTensor read = file->read(file->tensors()[0]);
        EXPECT_EQ(copied(read), values);
        EXPECT_TRUE(read.mapped);
    }
}

TEST_F(TensorFiles, ReadsFortranOrderInLogicalOrder) {
    const auto file = open_tensor_file(folder.put("x.npy", test::npy(test::npy_text("<f4", "(3, 4)", true), bytes)));
    const FloatTensor read = file->read(file->tensors()[0]);
    EXPECT_FALSE(read.mapped);
    EXPECT_EQ(copied(read),
              (std::vector<float>{.5f, 3.5f, 6.5f, 9.5f, 1.5f, 4.5f, 7.5f, 10.5f, 2.5f, 5.5f, 8.5f, 11.5f}));
}

TEST_F(TensorFiles, ReadsDeflatedMembersIntoMemory) {
    const std::string array = test::npy(test::npy_text("<f4", "(3, 4)"), bytes);
    const auto file =
        open_tensor_file(folder.put("x.npz", test::zip({{"a.npy", array, true}, {"notes.txt", "hello"}})));
    ASSERT_EQ(file->tensors().size(), 1u);
    EXPECT_EQ(file->tensors()[0].name, "a");
    const FloatTensor read = file->read(file->tensors()[0]);
    EXPECT_EQ(copied(read), values);
    EXPECT_FALSE(read.mapped);
}

TEST_F(TensorFiles, CopiesStoredMembersThatAreNotAligned) {
    const std::string array = test::npy(test::npy_text("<f4", "(3, 4)"), bytes);
    for (std::size_t padding = 0; padding < 4; ++padding) {
        test::Member member{"a.npy", array};
        member.padding = padding;
        const auto file = open_tensor_file(folder.put("x.npz", test::zip({member})));
        const FloatTensor read = file->read(file->tensors()[0]);
        EXPECT_EQ(copied(read), values);
        EXPECT_EQ(read.mapped, (30 + 5 + padding) % 4 == 0);
    }
}

TEST_F(TensorFiles, ReadsPyTorchViews) {
    // Rows 1 and 2 of a (3, 4) storage, seen as columns.
    const std::string pickle = test::Pickle().tensor("0", 12, 4, {4, 2}, {1, 4}).str();
    const auto file = open_tensor_file(folder.put("x.pt", test::pytorch(pickle, {bytes})));
    EXPECT_EQ(file->format(), "pytorch");
    ASSERT_EQ(file->tensors().size(), 1u);
    EXPECT_EQ(file->tensors()[0].name, "tensor");
    EXPECT_EQ(copied(file->read(file->tensors()[0])),
              (std::vector<float>{4.5f, 8.5f, 5.5f, 9.5f, 6.5f, 10.5f, 7.5f, 11.5f}));
    const std::int64_t rows[] = {3, 0, 3};
    const FloatTensor some = file->read_rows(file->tensors()[0], rows);
    EXPECT_EQ(some.shape, (std::vector<std::int64_t>{3, 2}));
    EXPECT_EQ(copied(some), (std::vector<float>{7.5f, 11.5f, 4.5f, 8.5f, 7.5f, 11.5f}));
}

TEST_F(TensorFiles, ReadsNumPyObjectsInPyTorchFilesAsData) {
    const auto open = [&](const test::Pickle& pickle) {
        return open_tensor_file(folder.put("x.pt", test::pytorch(pickle.str(), {})));
    };
    const auto rows = open(test::Pickle().array({2, 3}, "u1", "|", false, "abcdef"));
    EXPECT_EQ(copied(rows->read(rows->tensors()[0])), (std::vector<float>{97, 98, 99, 100, 101, 102}));
    const auto fortran = open(test::Pickle().array({2, 3}, "u1", "|", true, "abcdef"));
    EXPECT_EQ(copied(fortran->read(fortran->tensors()[0])), (std::vector<float>{97, 99, 101, 98, 100, 102}));
    const auto scalar =
        open(test::Pickle().global("numpy._core.multiarray", "scalar").op("(").dtype("i2", "<").bytes("a ").op("tR"));
    EXPECT_TRUE(scalar->tensors()[0].shape.empty());
    EXPECT_EQ(scalar->read_integers(scalar->tensors()[0]), (std::vector<std::int64_t>{97 + 32 * 256}));
    const std::string path = (folder / "x.pt").string();
    EXPECT_EQ(message_of([&] {
                  open(test::Pickle().array({1}, "i2", ">", false, "ab"));
              }).find(path + ": expected little-endian numbers, got big-endian ones"),
              0u);
    EXPECT_NE(message_of([&] { open(test::Pickle().array({3}, "i2", "<", false, "ab")); }), "no error");
    EXPECT_NE(message_of([&] { open(test::Pickle().array({1}, "O", "|", false, "ab")); }), "no error");
}

TEST_F(TensorFiles, ConvertsEveryType) {
    const auto read = [&](const std::string& descr, const std::string& data) {
        const std::string array = test::npy(test::npy_text(descr, "(2,)"), data);
        const auto file = open_tensor_file(folder.put("x.npy", array));
        return copied(file->read(file->tensors()[0]));
    };
    const std::vector<float> expected{1, 3};
    EXPECT_EQ(read("<f8", test::raw<double>({1, 3})), expected);
    EXPECT_EQ(read("<f2", test::raw<std::uint16_t>({0x3c00, 0x4200})), expected);
    EXPECT_EQ(read("<i8", test::raw<std::int64_t>({1, 3})), expected);
    EXPECT_EQ(read("<i4", test::raw<std::int32_t>({1, 3})), expected);
    EXPECT_EQ(read("<i2", test::raw<std::int16_t>({1, 3})), expected);
    EXPECT_EQ(read("|i1", test::raw<std::int8_t>({1, 3})), expected);
    EXPECT_EQ(read("<u8", test::raw<std::uint64_t>({1, 3})), expected);
    EXPECT_EQ(read("<u4", test::raw<std::uint32_t>({1, 3})), expected);
    EXPECT_EQ(read("<u2", test::raw<std::uint16_t>({1, 3})), expected);
    EXPECT_EQ(read("|u1", test::raw<std::uint8_t>({1, 3})), expected);
    EXPECT_EQ(read("|b1", test::raw<std::uint8_t>({0, 7})), (std::vector<float>{0, 1}));
    const std::string header = R"({"a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}})";
    const std::string data = test::raw<std::uint16_t>({0x3f80, 0x4040});
    const auto file = open_tensor_file(folder.put("x.safetensors", test::safetensors(header, data)));
    EXPECT_EQ(copied(file->read(file->tensors()[0])), expected);
}

TEST_F(TensorFiles, ReadsIntegersExactly) {
    const auto read = [&](const std::string& descr, const std::string& data) {
        const auto file = open_tensor_file(folder.put("x.npy", test::npy(test::npy_text(descr, "(2,)"), data)));
        return file->read_integers(file->tensors()[0]);
    };
    const std::int64_t large = (std::int64_t{1} << 53) + 1;
    EXPECT_EQ(read("<i8", test::raw<std::int64_t>({-1, large})), (std::vector<std::int64_t>{-1, large}));
    EXPECT_EQ(read("|u1", test::raw<std::uint8_t>({0, 255})), (std::vector<std::int64_t>{0, 255}));
    const std::string path = (folder / "x.npy").string();
    EXPECT_EQ(message_of([&] {
                  read("<u8", test::raw<std::uint64_t>({0, ~std::uint64_t{0}}));
              }),
              path + ": expected whole numbers below 2^63, got a larger one (tensor array)");
    EXPECT_EQ(message_of([&] {
                  read("<f4", test::raw<float>({0, 1}));
              }),
              path + ": expected whole numbers, got float32 (tensor array)");
}

TEST_F(TensorFiles, RefusesTextThatIsNone) {
    const auto read = [&](const std::string& descr, const std::string& data) {
        const auto file = open_tensor_file(folder.put("x.npy", test::npy(test::npy_text(descr, "(2,)"), data)));
        return file->read_text(file->tensors()[0]);
    };
    const std::string path = (folder / "x.npy").string();
    EXPECT_EQ(read("|u1", "ok"), "ok");
    EXPECT_EQ(message_of([&] { read("|i1", "ok"); }), path + ": expected text as uint8, got int8 (tensor array)");
    EXPECT_EQ(message_of([&] { read("|u1", "\xff\xfe"); }),
              path + ": expected UTF-8 text, got other bytes at 0 (tensor array)");
}

TEST_F(TensorFiles, SurvivesTheDeletionOfTheFile) {
    const auto path = folder.put("x.npy", test::npy(test::npy_text("<f4", "(3, 4)"), bytes));
    auto file = open_tensor_file(path);
    std::filesystem::remove(path);
    const FloatTensor read = file->read(file->tensors()[0]);
    file.reset();
    EXPECT_EQ(copied(read), values) << "the tensor keeps the mapping alive";
}

TEST_F(TensorFiles, SaysWhatAFileIsThatItCannotRead) {
    const auto got = [&](std::string_view content) {
        return message_of([&] { open_tensor_file(folder.put("x", content)); });
    };
    const std::string start = (folder / "x").string() + ": expected ";
    const std::string wanted = start + "safetensors, GGUF, npy, npz or a PyTorch zip file, got ";
    EXPECT_EQ(got("x"), wanted + "a file of 1 byte");
    EXPECT_EQ(got("just some text, long enough"), wanted + "another kind of file");
    EXPECT_EQ(got("version https://git-lfs.github.com/spec/v1\n"),
              wanted + "a Git LFS pointer: the file itself was not downloaded");
    EXPECT_EQ(got("\x80\x02]q\x01."), wanted + "a bare pickle (torch.save of PyTorch 1.6 and later writes a zip file)");
    EXPECT_EQ(got("tjgg............"), wanted + "a GGML file, older than GGUF");
    EXPECT_EQ(got(""), start + "a file with content, got an empty file");
    EXPECT_EQ(message_of([&] { open_tensor_file(folder.path()); }),
              folder.path().string() + ": expected a file, got a folder");
    EXPECT_EQ(message_of([&] { open_tensor_file(folder / "absent"); }),
              (folder / "absent").string() + ": expected a readable file, got No such file or directory");
    EXPECT_EQ(message_of([&] { open_tensor_file("/dev/null"); }),
              "/dev/null: expected a regular file, got a device, pipe or socket");
}

TEST_F(TensorFiles, AShortenedFileReadsAsZerosAndIsReported) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const auto path = folder.put("x", std::string(3 * page, 'x'));
    const auto file = MappedFile::open(path);
    EXPECT_NO_THROW(file->check_intact());
    std::filesystem::resize_file(path, page);
    EXPECT_EQ(file->bytes()[0], std::byte{'x'});
    EXPECT_EQ(file->bytes()[2 * page], std::byte{0});
    EXPECT_EQ(message_of([&] { file->check_intact(); }), path.string() + ": expected the " + std::to_string(3 * page) +
                                                             " bytes it had when opened, got " + std::to_string(page) +
                                                             " bytes");
}

TEST_F(TensorFiles, ARewrittenFileIsReported) {
    const auto path = folder.put("x", "one");
    const auto file = MappedFile::open(path);
    const auto later = std::filesystem::last_write_time(path) + std::chrono::seconds(2);
    folder.put("x", "two");
    std::filesystem::last_write_time(path, later);
    EXPECT_EQ(message_of([&] { file->check_intact(); }),
              path.string() + ": expected the file as opened, got a file changed since by another program");
}

TEST_F(TensorFiles, AFileReplacedByAnotherOfItsNameStaysIntact) {
    const auto path = folder.put("x", "one");
    const auto file = MappedFile::open(path);
    write_file(path, "two, and longer");
    EXPECT_NO_THROW(file->check_intact());
    EXPECT_EQ(file->bytes().size(), 3u);
}

TEST(Elements, HalvesConvertAsTheStandardSays) {
    EXPECT_EQ(half_to_float(0x0000), 0.0f);
    EXPECT_TRUE(std::signbit(half_to_float(0x8000)));
    EXPECT_EQ(half_to_float(0x3c00), 1.0f);
    EXPECT_EQ(half_to_float(0xc000), -2.0f);
    EXPECT_EQ(half_to_float(0x7bff), 65504.0f);
    EXPECT_EQ(half_to_float(0x0001), 0x1p-24f) << "the smallest subnormal";
    EXPECT_EQ(half_to_float(0x03ff), 1023 * 0x1p-24f) << "the largest subnormal";
    EXPECT_EQ(half_to_float(0x0400), 0x1p-14f);
    EXPECT_TRUE(std::isinf(half_to_float(0x7c00)));
    EXPECT_TRUE(std::isinf(half_to_float(0xfc00)) && half_to_float(0xfc00) < 0);
    EXPECT_TRUE(std::isnan(half_to_float(0x7e01)));
    EXPECT_EQ(bfloat16_to_float(0x3f80), 1.0f);
    EXPECT_TRUE(std::isnan(bfloat16_to_float(0x7fc0)));
}

TEST(Elements, EveryHalfKeepsItsOrder) {
    for (std::uint16_t bits = 0; bits < 0x7c00; ++bits)
        ASSERT_LT(half_to_float(bits), half_to_float(static_cast<std::uint16_t>(bits + 1))) << bits;
}

TEST(GoldenFiles, PyTorchAndNpyHoldTheSameBank) {
    const auto golden = test::golden_folder();
    if (golden.empty()) GTEST_SKIP() << test::without_golden;
    for (const std::string name : {"clustered", "orthonormal"}) {
        const auto npy = open_tensor_file(golden / "retrieval" / (name + ".bank.npy"));
        const auto torch = open_tensor_file(golden / "retrieval" / (name + ".bank.pt"));
        const FloatTensor rows = npy->read(npy->tensors()[0]);
        const TensorInfo* columns = torch->find("embeddings");
        ASSERT_NE(columns, nullptr);
        EXPECT_EQ(copied(torch->read(transposed(*columns))), copied(rows)) << name;
        EXPECT_TRUE(rows.mapped);
    }
    const auto directions = open_tensor_file(golden / "alignment" / "gpt2-tiny-grams-eigdirs.pt");
    ASSERT_NE(directions->find("eig_dirs"), nullptr);
    EXPECT_EQ(directions->find("eig_dirs")->shape, (std::vector<std::int64_t>{4, 4, 8, 128}));
    EXPECT_TRUE(directions->read(*directions->find("sym_eigs")).mapped);
    const auto captures = open_tensor_file(golden / "jacobian" / "gpt2-tiny.npz");
    ASSERT_NE(captures->find("A"), nullptr);
    EXPECT_EQ(captures->find("A")->shape, (std::vector<std::int64_t>{4, 4, 32, 32}));
    const FloatTensor weights = captures->read(*captures->find("A"));
    EXPECT_NEAR(std::accumulate(weights.values.begin(), weights.values.begin() + 32, 0.0), 1.0, 1e-5);
}

} // namespace
} // namespace attnscope
