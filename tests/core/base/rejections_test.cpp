// What the readers refuse, and that they say why. None of these files may be believed, whatever they claim.
#include "files/npz.h"
#include "files/pytorch_zip.h"
#include "files/tensor_contents.h"
#include "support/archives.h"
#include "support/error_of.h"

#include <gtest/gtest.h>

namespace attnscope {
namespace {

using test::message_of;
using test::npy;
using test::npy_text;
using test::Pickle;
using test::safetensors;

SharedBytes shared(const std::string& bytes) {
    const auto owner = std::make_shared<const std::string>(bytes);
    return {std::as_bytes(std::span(*owner)), owner, false};
}

std::string parse(const std::string& bytes) {
    return message_of([&] { parse_tensors(shared(bytes), "f"); });
}

// ---------------------------------------------------------------- safetensors

std::string tensor(const std::string& name, const std::string& shape, int begin, int end,
                   const std::string& dtype = "F32") {
    return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":[" +
           std::to_string(begin) + "," + std::to_string(end) + "]}";
}

std::string with_header(const std::string& header, std::size_t data = 8) {
    return parse(safetensors(header, std::string(data, '\0')));
}

TEST(SafetensorsReader, AcceptsWhatItShould) {
    EXPECT_EQ(with_header("{" + tensor("a", "[2]", 0, 8) + "}"), "no error");
    EXPECT_EQ(with_header("{" + tensor("b", "[]", 4, 8) + "," + tensor("a", "[1,1]", 0, 4) + "}   "), "no error");
    EXPECT_EQ(with_header("{" + tensor("a", "[2]", 0, 8) + "," + tensor("empty", "[0,5]", 8, 8) + "}"), "no error");
    EXPECT_EQ(with_header("{}", 0), "no error");
    EXPECT_EQ(with_header(R"({"__metadata__":{"a":"b"},)" + tensor("a", "[2]", 0, 8) + "}"), "no error");
}

TEST(SafetensorsReader, RefusesHeadersThatAreNotThere) {
    EXPECT_EQ(parse(test::raw<std::uint64_t>(100'000'001) + "{}"),
              "f: expected a header of at most 100 MB, got 100000001 bytes (byte 0)");
    EXPECT_EQ(parse(test::raw(~std::uint64_t{0}) + "{}"),
              "f: expected a header of at most 100 MB, got 18446744073709551615 bytes (byte 0)");
    EXPECT_EQ(parse(test::raw<std::uint64_t>(3) + "{}"),
              "f: expected a header of 3 bytes, got 2 bytes (the file is cut short)");
    EXPECT_EQ(parse(test::raw<std::uint64_t>(0) + "{}"), "f: expected a JSON header, got a syntax error (byte 8)");
}

TEST(SafetensorsReader, RefusesOtherJson) {
    EXPECT_EQ(with_header("{\"a\":"), "f: expected a JSON header, got a syntax error (byte 13)");
    EXPECT_EQ(with_header("{} {}"), "f: expected a JSON header, got a syntax error (byte 11)");
    EXPECT_EQ(with_header("{\"a\":1}"), "f: expected an object for each tensor, got 1 (header)");
    EXPECT_EQ(with_header("{\"a\":[]}"), "f: expected an object for each tensor, got a list (header)");
    EXPECT_EQ(with_header("{\"a\":{}}"), "f: expected dtype, shape and data_offsets, got fewer (tensor a)");
    EXPECT_EQ(with_header(R"({"a":{"dtype":{}}})"), "f: expected text as dtype, got an object (tensor a)");
    EXPECT_EQ(with_header(R"({"a":{"shape":[[1]]}})"), "f: expected whole numbers in shape, got a list (tensor a)");
    EXPECT_EQ(with_header(R"({"a":{"shape":[1.5]}})"), "f: expected whole numbers in shape, got 1.5 (tensor a)");
    EXPECT_EQ(with_header(R"({"a":{"shape":[-1]}})"), "f: expected whole numbers in shape, got -1 (tensor a)");
    EXPECT_EQ(with_header(R"({"a":{"shape":[9223372036854775808]}})"),
              "f: expected numbers below 2^63, got 9223372036854775808 (tensor a)");
    EXPECT_EQ(with_header(R"({"a":{"dtype":"F8_E4M3"}})"),
              "f: expected a dtype of F64 to BOOL, got 'F8_E4M3' (tensor a)");
    EXPECT_EQ(with_header(R"({"a":{"extra":1}})"),
              "f: expected dtype, shape and data_offsets once each, got 'extra' (tensor a)");
    EXPECT_EQ(with_header(R"({"__metadata__":{"a":1}})"), "f: expected text as metadata, got 1 (__metadata__)");
    EXPECT_EQ(with_header("{\"\xff\":{}}"), "f: expected a JSON header, got a syntax error (byte 10)");
}

TEST(SafetensorsReader, RefusesNestingWithoutEnd) {
    std::string deep = "{\"a\":";
    for (int i = 0; i < 100'000; ++i) deep += "[";
    EXPECT_EQ(with_header(deep), "f: expected an object for each tensor, got a list (header)");
}

TEST(SafetensorsReader, RefusesNamesTwice) {
    EXPECT_EQ(with_header("{" + tensor("a", "[1]", 0, 4) + "," + tensor("a", "[1]", 4, 8) + "}"),
              "f: expected names once, got 'a' twice (header)");
    EXPECT_EQ(with_header(R"({"__metadata__":{"a":"b","a":"c"}})"),
              "f: expected metadata keys once, got 'a' twice (__metadata__)");
    EXPECT_EQ(with_header(R"({"__metadata__":{},"__metadata__":{}})"),
              "f: expected names once, got '__metadata__' twice (header)");
}

TEST(SafetensorsReader, RefusesDataThatDoesNotTile) {
    EXPECT_EQ(with_header("{" + tensor("a", "[1]", 4, 8) + "}"),
              "f: expected data from offset 0 on, got a gap up to 4 (tensor a)");
    EXPECT_EQ(with_header("{" + tensor("a", "[2]", 0, 8) + "," + tensor("b", "[1]", 4, 8) + "}"),
              "f: expected data from offset 8 on, got an overlap at 4 (tensor b)");
    EXPECT_EQ(with_header("{" + tensor("a", "[1]", 0, 4) + "}"),
              "f: expected 4 bytes of data as the header says, got 8 bytes (the file is longer)");
    EXPECT_EQ(with_header("{" + tensor("a", "[4]", 0, 16) + "}"),
              "f: expected 16 bytes of data as the header says, got 8 bytes (the file is cut short)");
    EXPECT_EQ(with_header("{" + tensor("a", "[3]", 0, 8) + "}"),
              "f: expected 12 bytes for its shape, got 8 bytes (tensor a)");
    EXPECT_EQ(with_header("{" + tensor("a", "[2]", 8, 0) + "}"),
              "f: expected data_offsets [begin, end], got another list (tensor a)");
}

TEST(SafetensorsReader, RefusesShapesThatOverflow) {
    EXPECT_EQ(with_header("{" + tensor("a", "[4294967296,4294967296]", 0, 8) + "}"),
              "f: expected a size that fits into memory, got a shape beyond 2^63 bytes (tensor a)");
    EXPECT_EQ(with_header("{" + tensor("a", "[0,4294967296,4294967296]", 0, 0) + "}", 0),
              "f: expected a size that fits into memory, got a shape beyond 2^63 bytes (tensor a)");
    EXPECT_EQ(with_header("{" + tensor("a", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", 0, 4) + "}"),
              "f: expected at most 16 dimensions, got more (tensor a)");
}

// ------------------------------------------------------------------------ npy

TEST(NpyReader, AcceptsWhatItShould) {
    const std::string data(8, '\0');
    EXPECT_EQ(parse(npy(npy_text("<f4", "(2,)"), data)), "no error");
    EXPECT_EQ(parse(npy(npy_text("<f8", "()"), data)), "no error");
    EXPECT_EQ(parse(npy(npy_text("=i4", "(2L, 1L)"), data)), "no error");
    EXPECT_EQ(parse(npy(R"({"shape":(1,2),"fortran_order":False,"descr":"<f4"})", data)), "no error");
    EXPECT_EQ(parse(npy(npy_text("<f4", "(0, 7)"), "")), "no error");
}

TEST(NpyReader, RefusesElementsThatAreNoLittleEndianNumbers) {
    const std::string data(8, '\0');
    const std::string end = " (tensor array)";
    EXPECT_EQ(parse(npy(npy_text(">f4", "(2,)"), data)),
              "f: expected little-endian numbers, got big-endian ones" + end);
    EXPECT_EQ(parse(npy(npy_text("|O", "(1,)"), data)),
              "f: expected numbers, got an object array (it would have to be unpickled)" + end);
    EXPECT_EQ(parse(npy(npy_text("<U2", "(1,)"), data)),
              "f: expected numbers; texts as a uint8 array of UTF-8 lines, got a text array (<U2)" + end);
    EXPECT_EQ(parse(npy(npy_text("<c8", "(1,)"), data)), "f: expected real numbers, got elements of type '<c8'" + end);
    EXPECT_EQ(parse(npy(npy_text("", "(1,)"), data)), "f: expected real numbers, got elements of type ''" + end);
    EXPECT_EQ(parse(npy("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,), }", data)),
              "f: expected numbers, got an array of records (tensor array, header character 10)");
}

TEST(NpyReader, RefusesHeadersThatAreNotThere) {
    const std::string good = npy(npy_text("<f4", "(2,)"), std::string(8, '\0'));
    for (std::size_t size = 6; size < good.size(); ++size) EXPECT_NE(parse(good.substr(0, size)), "no error") << size;
    EXPECT_EQ(parse(good.substr(0, 9)), "f: expected a whole header, got the end of the file (tensor array)");
    EXPECT_EQ(parse(good + "x"), "f: expected 8 bytes of elements for its shape, got 9 bytes (tensor array)");
    std::string version = good;
    version[6] = 4;
    EXPECT_EQ(parse(version), "f: expected npy version 1.0, 2.0 or 3.0, got 4.0 (tensor array)");
    EXPECT_EQ(parse("\x93NUMPY\x02" + std::string(1, '\0') + std::string(4, '\x7f')),
              "f: expected a header of at most 65536 bytes, got 2139062155 bytes (tensor array)");
}

TEST(NpyReader, RefusesOtherHeaders) {
    const auto header = [](const std::string& text) { return parse(npy(text, std::string(8, '\0'))); };
    EXPECT_NE(header("{'descr': '<f4', 'fortran_order': False}").find("got fewer"), std::string::npos);
    EXPECT_NE(header("{'descr': '<f4', 'descr': '<f4'}").find("once each, got 'descr'"), std::string::npos);
    EXPECT_NE(header("{'evil': 1}").find("got 'evil'"), std::string::npos);
    EXPECT_NE(header("{'descr': '\\x41'}").find("got an escape"), std::string::npos);
    EXPECT_NE(header("{'fortran_order': 1}").find("True or False"), std::string::npos);
    EXPECT_NE(header("{'shape': (2)}").find("a tuple"), std::string::npos);
    EXPECT_NE(header("{'shape': (-2,)}").find("sizes of 0 and more"), std::string::npos);
    EXPECT_NE(header("{'shape': (99999999999999999999,)}").find("below 2^63"), std::string::npos);
    EXPECT_NE(header("{'shape': (1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1)}").find("16 dimensions"), std::string::npos);
    EXPECT_NE(header("__import__('os')").find("expected '{'"), std::string::npos);
    EXPECT_NE(header(npy_text("<f4", "(2,)") + "more").find("more text"), std::string::npos);
    EXPECT_EQ(header(npy_text("<f4", "(4294967296, 4294967296)")),
              "f: expected a size that fits into memory, got a shape beyond 2^63 bytes (tensor array)");
}

// ------------------------------------------------------------------------ zip

const std::string array = npy(npy_text("<f4", "(2,)"), std::string(8, '\0'));

TEST(ZipReader, RefusesArchivesCutShort) {
    const std::string good = test::zip({{"a.npy", array}});
    EXPECT_EQ(parse(good), "no error");
    for (std::size_t size = 4; size < good.size(); ++size) ASSERT_NE(parse(good.substr(0, size)), "no error") << size;
    EXPECT_EQ(parse(good.substr(0, 100)),
              "f: expected a zip archive with its directory, got none: the file is cut short or damaged (byte 100)");
}

TEST(ZipReader, RefusesWhatItCannotTrust) {
    EXPECT_EQ(parse(test::zip({})), "f: expected npy arrays or a data.pkl in the zip archive, got neither");
    EXPECT_EQ(parse(test::zip({{"a.txt", "hello"}})),
              "f: expected npy arrays or a data.pkl in the zip archive, got neither");
    EXPECT_EQ(parse(test::zip({{"a.npy", array}, {"a.npy", array}})),
              "f: expected names once, got this one twice (member a.npy)");
    test::Member encrypted{"a.npy", array};
    encrypted.encrypted = true;
    EXPECT_EQ(parse(test::zip({encrypted})),
              "f: expected a member without encryption, got an encrypted one (member a.npy)");
    test::Member larger{"a.npy", array};
    larger.claimed_size = 1000;
    EXPECT_EQ(parse(test::zip({larger})), "f: expected a stored member of one size, got two sizes (member a.npy)");
}

TEST(ZipReader, RefusesInflatedSizesThatCannotBe) {
    test::Member bomb{"a.npy", array, true};
    bomb.claimed_size = 0xf0000000;
    EXPECT_EQ(parse(test::zip({bomb})),
              "f: expected a size that deflated data can have, got 4026531840 bytes (member a.npy)");
    for (const int wrong : {-1, 1}) {
        test::Member member{"a.npy", array, true};
        member.claimed_size = static_cast<std::int64_t>(array.size()) + wrong;
        EXPECT_NE(parse(test::zip({member})), "no error");
    }
}

TEST(ZipReader, ChecksInflatedDataAgainstItsSum) {
    test::Member member{"a.npy", array, true};
    member.claimed_crc = 1;
    const TensorContents contents = parse_tensors(shared(test::zip({member})), "f");
    EXPECT_EQ(message_of([&] { contents.tensors[0].load(); }),
              "f: expected data with the checksum of the directory, got damaged data (member a.npy)");
}

TEST(ZipReader, RefusesMembersThatOverlap) {
    // Two entries of the directory lead to the same data.
    std::string archive = test::zip({{"a.npy", array}, {"b.npy", array}});
    const std::size_t second = archive.rfind("PK\x01\x02");
    std::string renamed = archive;
    renamed.replace(second + 42, 4, std::string(4, '\0'));
    renamed.replace(second + 46, 5, "a.npy");
    EXPECT_EQ(parse(renamed), "f: expected names once, got this one twice (member a.npy)");
    archive.replace(second + 42, 4, std::string(4, '\0'));
    EXPECT_EQ(parse(archive), "f: expected one name, got another one in front of the data (member b.npy)");
}

TEST(NpzReader, BoundsWhatAllMembersInflateTo) {
    std::vector<ZipMember> members(2);
    for (ZipMember& member : members) {
        member.name = "a.npy";
        member.deflated = true;
        member.size = max_inflated + 1;
    }
    EXPECT_EQ(message_of([&] { parse_npz(members, {}, "f"); }),
              "f: expected at most 8 GiB of inflated arrays, got more (member a.npy)");
}

// -------------------------------------------------------------------- PyTorch

std::string parse_torch(const Pickle& pickle, std::size_t storage = 48) {
    return parse(test::pytorch(pickle.str(), {std::string(storage, '\0')}));
}

TEST(PickleReader, AcceptsWhatPyTorchWrites) {
    const auto plain = Pickle().op("}").text("a").tensor("0", 12, 0, {3, 4}, {4, 1}).op("s");
    EXPECT_EQ(parse_torch(plain), "no error");
    const auto parameter = Pickle()
                               .global("torch._utils", "_rebuild_parameter")
                               .op("(")
                               .tensor("0", 12, 0, {12}, {1})
                               .op("\x88")
                               .global("collections", "OrderedDict")
                               .op(")RtR");
    EXPECT_EQ(parse_torch(parameter), "no error");
}

TEST(PickleReader, NamesWhatItDoesNotKnow) {
    const std::string end = " (data.pkl, byte 2)";
    EXPECT_EQ(parse_torch(Pickle().global("os", "system").text("rm").op("\x85R")),
              "f: expected tensors and plain data, got the Python object os.system" + end);
    EXPECT_EQ(parse_torch(Pickle().global("builtins", "eval").text("1").op("\x85R")),
              "f: expected tensors and plain data, got the Python object builtins.eval" + end);
    EXPECT_EQ(parse_torch(Pickle().global("torch", "ComplexFloatStorage")),
              "f: expected tensors and plain data, got the Python object torch.ComplexFloatStorage" + end);
    EXPECT_EQ(parse_torch(Pickle().op("i__main__\nX\n")),
              "f: expected the opcodes of tensors and plain data, got opcode 105" + end);
}

TEST(PickleReader, ChecksViewsAgainstTheirStorage) {
    const auto view = [](int offset, std::initializer_list<int> shape, std::initializer_list<int> strides) {
        return parse_torch(Pickle().tensor("0", 12, offset, shape, strides));
    };
    EXPECT_EQ(view(0, {12}, {1}), "no error");
    EXPECT_EQ(view(12, {0}, {1}), "no error");
    EXPECT_NE(view(1, {12}, {1}), "no error");
    EXPECT_NE(view(13, {0}, {1}), "no error");
    EXPECT_NE(view(-1, {1}, {1}), "no error");
    EXPECT_NE(view(0, {3, 4}, {5, 1}), "no error");
    EXPECT_NE(view(0, {2}, {-1}), "no error");
    EXPECT_NE(view(0, {-1}, {1}), "no error");
    EXPECT_NE(view(0, {2, 2}, {1}), "no error");
    EXPECT_NE(view(0, {1000000, 1000000}, {0, 0}), "no error") << "repeats without end cost no file";
    EXPECT_NE(view(0, {2147483647, 2147483647}, {2147483647, 2147483647}), "no error");
}

TEST(PickleReader, ChecksStorages) {
    EXPECT_EQ(parse_torch(Pickle().tensor("1", 12, 0, {12}, {1})),
              "f: expected member bank/data/1, got none of that name");
    EXPECT_NE(parse_torch(Pickle().tensor("0", 12, 0, {12}, {1}), 47), "no error");
    EXPECT_NE(parse_torch(Pickle().tensor("0", 12, 0, {12}, {1}), 49), "no error");
    EXPECT_NE(parse_torch(Pickle().tensor("0", -1, 0, {0}, {1}), 0), "no error");
    EXPECT_NE(parse_torch(Pickle().tensor("0", 12, 0, {12}, {1}, "DoubleStorage")), "no error");
    const std::string pickle = Pickle().tensor("0", 12, 0, {12}, {1}).str();
    EXPECT_EQ(parse(test::zip({{"x/data.pkl", pickle}, {"x/data/0", std::string(48, '\0'), true}})),
              "f: expected stored members, got a compressed one (member x/data/0)");
    EXPECT_EQ(parse(test::zip({{"x/data.pkl", pickle}, {"x/byteorder", "big"}, {"x/data/0", std::string(48, '\0')}})),
              "f: expected little-endian storages, got another byte order (member byteorder)");
    EXPECT_EQ(parse(test::zip({{"x/data.pkl", pickle}, {"y/data.pkl", pickle}})),
              "f: expected one data.pkl, got two (member y/data.pkl)");
}

TEST(PickleReader, SurvivesEveryCutAndEveryByte) {
    const std::string good = Pickle().op("}").text("a").tensor("0", 12, 0, {3, 4}, {4, 1}).op("s").str();
    for (std::size_t size = 0; size < good.size(); ++size)
        EXPECT_NE(parse(test::pytorch(good.substr(0, size), {std::string(48, '\0')})), "no error") << size;
    for (std::size_t at = 0; at < good.size(); ++at) {
        for (int value = 0; value < 256; value += 3) {
            std::string changed = good;
            changed[at] = static_cast<char>(value);
            parse(test::pytorch(changed, {std::string(48, '\0')})); // an error or not, but nothing else
        }
    }
}

TEST(PickleReader, BoundsNestingSharingAndCircles) {
    const auto doubled = [](int levels) {
        // Each list holds the one before twice.
        Pickle pickle;
        pickle.op("]q").op(std::string(1, '\0'));
        for (int i = 1; i <= levels; ++i) {
            const std::string before(1, static_cast<char>(i - 1)), now(1, static_cast<char>(i));
            pickle.op("](h").op(before).op("h").op(before).op("eq").op(now);
        }
        return pickle;
    };
    EXPECT_EQ(parse_torch(doubled(5)), "f: expected tensors, got a PyTorch file without one");
    EXPECT_NE(parse_torch(doubled(30)).find("at most a million values"), std::string::npos);
    EXPECT_NE(parse_torch(doubled(100)).find("at most 32 levels"), std::string::npos);
    EXPECT_NE(parse_torch(Pickle().op("]q").op(std::string(1, '\0')).op("h").op(std::string(1, '\0')).op("a"))
                  .find("at most 32 levels"),
              std::string::npos);
}

TEST(PickleReader, KeepsItsStackAndMemo) {
    EXPECT_NE(parse_torch(Pickle().op("t")).find("expected a mark"), std::string::npos);
    EXPECT_NE(parse_torch(Pickle().op("(\x85")).find("expected a value on the stack"), std::string::npos);
    EXPECT_NE(parse_torch(Pickle().op("h\x05")).find("expected a remembered value, got number 5"), std::string::npos);
    EXPECT_NE(parse_torch(Pickle().op("X\xff\xff\xff\xff")).find("expected a whole pickle"), std::string::npos);
    EXPECT_NE(parse_torch(Pickle().op("}NNs").integer(1).op("R")).find("a constructor"), std::string::npos);
}

} // namespace
} // namespace attnscope
