// Command scripts: what runs, what is refused, what a recorded drag holds.
#include "ui/support/window_test.h"

#include "shell/script.h"

#include <attnscope/tensor_file.h>

#include <nlohmann/json.hpp>

namespace attnscope::ui {
namespace {

class Scripts : public WindowTest {
protected:
    void perform(const std::string& text) {
        Script script = Script::parse(text, "script.json");
        frames_until([&] {
            const bool done = script.advance(*shell_);
            script.frame_drawn(0.001);
            if (const auto picture = script.take_screenshot_wish(); !picture.empty()) pictures_.push_back(picture);
            return done;
        });
    }
    std::vector<std::filesystem::path> pictures_;
};

TEST_F(Scripts, CommandsRunInOrder) {
    perform(R"([{"command": "file.sample"}, {"wait": "settled"},
                {"command": "retrieval.beta", "args": {"value": 17}},
                {"command": "retrieval.step", "args": {"value": 3}},
                {"wait_frames": 2}, {"screenshot": "a.png"}, {"wait": "settled"}])");
    EXPECT_EQ(state().view.selection.beta, 17);
    EXPECT_EQ(state().view.selection.step, 3);
    EXPECT_EQ(pictures_, std::vector<std::filesystem::path>{"a.png"});
    EXPECT_EQ(runner().undo_title(), "Undo Set the step");
}

TEST_F(Scripts, WhatIsNoScriptIsRefusedWithTheEntryNamed) {
    const auto said = [](const std::string& text) {
        try {
            Script::parse(text, "script.json");
        } catch (const Error& error) {
            EXPECT_EQ(error.kind, ErrorKind::input);
            return std::string(error.what());
        }
        ADD_FAILURE() << text;
        return std::string();
    };
    for (const char* text :
         {"", "{}", "[3]", "[{}]", R"([{"wait": "long"}])", R"([{"wait_frames": 0}])", R"([{"command": 5}])",
          R"([{"command": "a", "args": []}])", R"([{"command": "a", "args": {"x": null}}])",
          R"([{"drag": {"command": "a"}}])", R"([{"drag": {"command": "a", "from": 1, "to": "b", "frames": 3}}])"})
        EXPECT_NE(said(text).find("script.json"), std::string::npos) << text;
    EXPECT_NE(said(R"([{"wait": "settled"}, {"nothing": 1}])").find("entry 1"), std::string::npos);
}

TEST_F(Scripts, ACommandThatFailsEndsTheScriptWithItsError) {
    EXPECT_THROW(perform(R"([{"command": "retrieval.gamma"}])"), Error);
    EXPECT_THROW(perform(R"([{"command": "retrieval.beta", "args": {"value": 2}}])"), Error) << "no bank is open";
}

TEST_F(Scripts, ADragIsOneGestureAndRecordsWhatItTook) {
    const auto record = folder_ / "latencies.json";
    perform(R"([{"command": "file.sample"}, {"wait": "settled"},
                {"drag": {"command": "retrieval.beta", "from": 2, "to": 32, "frames": 40}, "record": ")" +
            record.string() + R"("}, {"wait": "settled"}])");
    EXPECT_NEAR(state().view.selection.beta, 32, 1e-9);
    EXPECT_FALSE(state().dragging);
    runner().undo();
    EXPECT_EQ(state().view.selection.beta, 0) << "one undo takes the whole drag back";
    const auto json = nlohmann::json::parse(read_file(record));
    EXPECT_EQ(json["drag"]["frames"], 40);
    EXPECT_EQ(json["bank"]["n"], 26);
    EXPECT_GE(json["request_to_result"]["count"].get<int>(), 30) << "every request has a result";
    EXPECT_LE(json["request_to_result"]["p50_ms"].get<double>(), json["request_to_result"]["p95_ms"].get<double>());
    EXPECT_GE(json["frame_cpu"]["count"].get<int>(), 40);
}

} // namespace
} // namespace attnscope::ui
