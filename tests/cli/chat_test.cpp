// --chat of tokenize, logits, attention and figure, on a tiny model that knows ChatML.
#include "support/chat_model.h"
#include "support/run_program.h"
#include "support/temporary_folder.h"

#include <attnscope/figure.h>

#include <gtest/gtest.h>

namespace attnscope::test {
namespace {

using Json = nlohmann::ordered_json;

class Chat : public testing::Test {
protected:
    Chat() { write_chat_model(folder / "model"); }
    Outcome run(std::vector<std::string> arguments) const {
        for (const char* more : {"--progress", "none", "--quiet"}) arguments.emplace_back(more);
        return run_program(arguments);
    }
    std::string model() const { return folder / "model"; }
    TemporaryFolder folder;
};

TEST_F(Chat, IsOffUnlessAskedFor) {
    const auto tokens = [&](std::vector<std::string> more) {
        std::vector<std::string> arguments{"tokenize", "--model", model(), "--prompt", "hello"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        const Outcome outcome = run(arguments);
        EXPECT_EQ(outcome.status, 0) << outcome.error;
        return Json::parse(outcome.out);
    };
    const Json plain = tokens({}), chat = tokens({"--chat"});
    EXPECT_EQ(plain["result"]["tokens"].size(), 1u);
    EXPECT_FALSE(plain["recipe"]["params"].contains("chat"));
    const Json& list = chat["result"]["tokens"];
    EXPECT_EQ(list[0]["id"], chat_token("<|im_start|>"));
    EXPECT_EQ(list[0]["text"], "<|im_start|>");
    EXPECT_EQ(chat["recipe"]["params"]["chat"], true);
}

TEST_F(Chat, IsPartOfTheRecipe) {
    for (const char* command : {"logits", "attention"}) {
        const std::string out = folder / (std::string(command) + ".json");
        const Outcome outcome = run({command, "--model", model(), "--prompt", "hello", "--chat", "--out", out});
        ASSERT_EQ(outcome.status, 0) << outcome.error;
        EXPECT_EQ(Json::parse(read_all(out))["recipe"]["params"]["tokens"]["chat"], true);
        EXPECT_EQ(run({"replay", out, "--format", "text"}).out, "agrees: equal numbers\n") << command;
    }
    const std::string figure = folder / "map.svg";
    ASSERT_EQ(
        run({"figure", "--model", model(), "--prompt", "hello", "--chat", "--panel", "map", "--out", figure}).status,
        0);
    EXPECT_EQ(run({"replay", figure, "--format", "text"}).out, "agrees: equal bytes\n");
    EXPECT_NE(read_all(figure).find("im_start"), std::string::npos) << "the markers are tokens of the text";
}

TEST_F(Chat, ReadsAFileAsAMessage) {
    const std::string text = folder.put("text.txt", "hello world");
    EXPECT_EQ(run({"attention", "--model", model(), "--text", text, "--chat"}).status, 0);
    EXPECT_EQ(run({"attention", "--model", model(), "--texts", text, "--chat"}).status, 0);
}

TEST_F(Chat, WithoutATemplateThatIsKnownIsRefused) {
    const auto said = [&](std::vector<std::string> arguments, int status) {
        const Outcome outcome = run(std::move(arguments));
        EXPECT_EQ(outcome.status, status) << outcome.error;
        EXPECT_EQ(outcome.error_lines(), 1) << outcome.error;
        return outcome.error;
    };
    const std::string ids = folder.put("ids.txt", "1 2 3");
    said({"logits", "--model", model(), "--ids", ids, "--chat"}, 2);
    write_chat_model(folder / "model", "{{ messages[0]['content'] }}");
    EXPECT_NE(said({"logits", "--model", model(), "--prompt", "x", "--chat"}, 3).find("Zephyr"), std::string::npos);
    write_chat_model(folder / "model", "");
    EXPECT_NE(said({"tokenize", "--model", model(), "--prompt", "x", "--chat"}, 3).find("base model"),
              std::string::npos);
}

} // namespace
} // namespace attnscope::test
