// The one JSON reader: what it takes, and how it refuses what would harm whoever walks the document.
#include "base/json_members.h"
#include "base/json_reader.h"

#include "support/error_of.h"
#include "support/temporary_folder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace attnscope {
namespace {

using SortedJson = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

std::string nested(std::size_t depth, const char* open = "[", const char* close = "]") {
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) text += open;
    for (std::size_t i = 0; i < depth; ++i) text += close;
    return text;
}

std::string refusal_of(std::string_view text, const JsonKind& kind = json_kinds::recipe) {
    const auto ordered = test::error_of([&] { parse_json(text, "f", kind); });
    const auto sorted = test::error_of([&] { parse_json<SortedJson>(text, "f", kind); });
    EXPECT_EQ(ordered.has_value(), sorted.has_value());
    if (!ordered || !sorted) return "no error";
    EXPECT_EQ(ordered->kind, ErrorKind::input);
    EXPECT_STREQ(ordered->what(), sorted->what());
    return ordered->what();
}

TEST(JsonReader, ReadsWhatTheLibraryReads) {
    const std::string text =
        R"({"b":[1,-2,3.5,true,null,"ä\n",{}],"a":{"c":[[],{"d":[0]}],"e":18446744073709551615},"z":-9223372036854775808})";
    EXPECT_EQ(parse_json(text, "f", json_kinds::recipe), OrderedJson::parse(text));
    EXPECT_EQ(parse_json(text, "f", json_kinds::recipe).dump(), text) << "members stay in their order";
    EXPECT_EQ(parse_json<SortedJson>(text, "f", json_kinds::recipe), SortedJson::parse(text));
    for (const char* scalar : {"1", "\"x\"", "null", "true", "[]", "{}"})
        EXPECT_EQ(parse_json(scalar, "f", json_kinds::recipe).dump(), OrderedJson::parse(scalar).dump());
}

TEST(JsonReader, NestingIsBoundedWhileReading) {
    EXPECT_EQ(refusal_of(nested(64)), "no error");
    EXPECT_EQ(refusal_of(nested(65)), "f: expected JSON nested at most 64 deep, got deeper nesting");
    for (const auto& [open, close] : {std::pair{"[", "]"}, {"{\"a\":", "}"}, {"[{\"a\":", "}]"}}) {
        EXPECT_EQ(refusal_of(nested(100'000, open, close)),
                  "f: expected JSON nested at most 64 deep, got deeper nesting");
        // Never closed: what is open is let go all the same.
        EXPECT_EQ(refusal_of(nested(100'000, open, "")), "f: expected JSON nested at most 64 deep, got deeper nesting");
    }
}

TEST(JsonReader, WhatIsNoJsonIsRefusedWithItsByte) {
    EXPECT_EQ(refusal_of(""), "f: expected JSON, got something else (byte 1)");
    EXPECT_EQ(refusal_of("{\"a\":1"), "f: expected JSON, got something else (byte 7)");
    EXPECT_EQ(refusal_of("[1] 2"), "f: expected JSON, got something else (byte 5)");
    EXPECT_EQ(refusal_of("[NaN]"), "f: expected JSON, got something else (byte 2)");
    EXPECT_EQ(refusal_of("[\"\xff\"]").substr(0, 36), "f: expected JSON, got something else");
}

TEST(JsonReader, ANumberThatNoDoubleHoldsIsRefused) {
    for (const char* text : {"1e400", "-1e400", "[1, 1e309]"})
        EXPECT_EQ(refusal_of(text).find("f: expected numbers that fit into 64 bits, got one out of range (byte "), 0u)
            << text;
    EXPECT_EQ(refusal_of("1e-400"), "f: expected numbers that fit into 64 bits, got 1e-400") << "it is not zero";
    EXPECT_EQ(parse_json("-0.0e7", "f", json_kinds::recipe).get<double>(), 0);
    EXPECT_GT(parse_json("5e-324", "f", json_kinds::recipe).get<double>(), 0);
}

TEST(JsonReader, OwnDocumentsNameAMemberOnce) {
    EXPECT_EQ(refusal_of(R"({"a":1,"b":2,"a":3})"), "f: expected each member once, got a second one (a)");
    std::string many = "{";
    for (int i = 0; i < 100; ++i) many += "\"k" + std::to_string(i) + "\":0,";
    EXPECT_EQ(refusal_of(many + "\"k3\":1}"), "f: expected each member once, got a second one (k3)");
    EXPECT_EQ(refusal_of(many + "\"k\":{\"k3\":1}}"), "no error") << "another object's";
    // As the libraries that write configurations read them.
    EXPECT_EQ(parse_json<SortedJson>(R"({"a":1,"a":[3]})", "f", json_kinds::model_config).dump(), R"({"a":[3]})");
    EXPECT_EQ(parse_json(many + "\"k3\":1}", "f", json_kinds::model_config)["k3"], 1);
}

TEST(JsonReader, ManyMembersOfAnObjectDoNotTakeQuadraticTime) {
    std::string text = "{";
    for (int i = 0; i < 200'000; ++i) text += (i ? ",\"" : "\"") + std::to_string(i) + "\":0";
    text += "}";
    EXPECT_EQ(parse_json<SortedJson>(text, "f", json_kinds::tokenizer).size(), 200'000u);
    EXPECT_EQ(test::message_of([&] { parse_json(text, "f", json_kinds::result); }),
              "f: expected at most 65536 members, got more (65536)");
}

TEST(JsonReader, ATextLongerThanItsKindIsRefused) {
    const std::string text(json_kinds::style.most_bytes + 1, ' ');
    EXPECT_EQ(refusal_of(text, json_kinds::style), "f: expected a style of at most 1048576 bytes, got 1048577");
    const test::TemporaryFolder folder;
    const auto path = folder.put("style.json", text);
    EXPECT_EQ(test::error_of([&] { read_json(path, json_kinds::style); })->kind, ErrorKind::input);
}

TEST(JsonReader, ASchemaOfAVersionToComeIsRefusedByName) {
    const auto said = [](const char* text) {
        return test::message_of([&] { check_schema(parse_json(text, "f", json_kinds::result), "f"); });
    };
    EXPECT_EQ(said(R"({"schema":"attnscope.cv/1"})"), "no error");
    EXPECT_EQ(said(R"({"recipe":1})"), "no error");
    EXPECT_EQ(said(R"({"schema":"attnscope.cv/9"})"), "f: expected schema attnscope.cv/1, got attnscope.cv/9 (schema)");
    EXPECT_EQ(said(R"({"schema":"attnscope.cv/11"})"),
              "f: expected schema attnscope.cv/1, got attnscope.cv/11 (schema)");
    for (const char* other : {R"("other/1")", R"("attnscope./1")", "1", "null", R"("")", R"("attnscope.cv")"})
        EXPECT_NE(said((R"({"schema":)" + std::string(other) + "}").c_str()).find("(schema)"), std::string::npos)
            << other;
}

TEST(JsonNumber, IsCheckedBeforeItIsNarrowed) {
    const auto value = [](const char* text) { return parse_json<SortedJson>(text, "f", json_kinds::recipe); };
    EXPECT_EQ(number_in<int>(value("10")), 10);
    EXPECT_EQ(number_in<int>(value("-10")), -10);
    for (const char* text : {"4294967306", "2147483648", "-2147483649", "18446744073709551615", "10.0", "1e3", "\"10\"",
                             "true", "null", "[10]", "36893488147419103232"})
        EXPECT_FALSE(number_in<int>(value(text))) << text;
    EXPECT_EQ(number_in<int>(value("7"), {1, 7}), 7);
    EXPECT_FALSE(number_in<int>(value("8"), {1, 7}));
    EXPECT_FALSE(number_in<int>(value("0"), {1, 7}));
    EXPECT_FALSE(number_in<std::size_t>(value("-1")));
    EXPECT_FALSE(number_in<std::uint32_t>(value("4294967296")));
    EXPECT_EQ(number_in<std::uint32_t>(value("4294967295")), 4294967295u);
    EXPECT_EQ(number_in<std::uint64_t>(value("18446744073709551615")), std::numeric_limits<std::uint64_t>::max());
    EXPECT_FALSE(number_in<std::int64_t>(value("9223372036854775808")));
    EXPECT_EQ(number_in<std::int64_t>(value("-9223372036854775808")), std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(number_in<double>(value("2")), 2.0);
    EXPECT_EQ(number_in<float>(value("1e38")), 1e38f);
    EXPECT_FALSE(number_in<float>(value("1e39"))) << "no float holds it";
    EXPECT_FALSE(number_in<double>(value("0.5"), {1.0, 2.0}));
    EXPECT_FALSE(number_in<double>(SortedJson(std::nan("")))) << "no file has it, yet a value can";
    EXPECT_FALSE(number_in<double>(SortedJson(HUGE_VAL)));
}

TEST(JsonMembers, NameTheMemberThatIsWrong) {
    const auto document = parse_json<SortedJson>(
        R"({"n":4294967306,"list":[1,2,-3],"texts":["a",1],"sub":{"x":-1,"mode":"no"},"none":null})", "f",
        json_kinds::session);
    const JsonMembers members(document, "f");
    const auto said = [](const auto& call) { return test::message_of(call); };
    EXPECT_EQ(said([&] { members.value<int>("n"); }),
              "f: expected an integer from -2147483648 to 2147483647, got 4294967306 (n)");
    EXPECT_EQ(said([&] {
                  members.value_or("n", 3, {1, 10});
              }),
              "f: expected an integer from 1 to 10, got 4294967306 (n)");
    EXPECT_EQ(said([&] { members.values<std::size_t>("list"); }),
              "f: expected an integer from 0 to 18446744073709551615, got -3 (list)");
    EXPECT_EQ(said([&] { members.texts("texts"); }), "f: expected a list of texts, got 1 (texts)");
    EXPECT_EQ(said([&] { members.find_object("sub")->value<std::uint32_t>("x"); }),
              "f: expected an integer from 0 to 4294967295, got -1 (sub.x)");
    const auto parse = [](const std::string& name) -> int { throw Error(ErrorKind::usage, "mode", "a or b", name); };
    EXPECT_EQ(said([&] { members.object("sub").named("mode", "a", parse); }), "f: expected a or b, got no (sub.mode)");
    EXPECT_EQ(said([&] { members.find_object("n"); }), "f: expected a JSON object, got 4294967306 (n)");
    EXPECT_EQ(members.value_or("absent", 5), 5);
    EXPECT_EQ(members.value_or("none", 5), 5) << "null is as good as nothing";
    EXPECT_FALSE(members.find_object("absent"));
    EXPECT_EQ(members.values_or<int>("absent", {4}), std::vector<int>{4});
}

} // namespace
} // namespace attnscope
