// JSON that is nested 100,000 deep, wherever a file may hold any: one line, exit status 3, and nothing crashes.
#include "support/chat_model.h"
#include "support/run_program.h"
#include "support/temporary_folder.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <ostream>

namespace attnscope::test {
namespace {

constexpr const char* deeper = "JSON nested at most 64 deep, got deeper nesting";

/// A document with a member, or an entry, that is nested too deep: whole otherwise, so that one which is read whole
/// reaches whatever walks it.
std::string deep_json(const std::string& before = "", const std::string& open = "[") {
    constexpr int depth = 100'000;
    const char* const close = open.front() == '[' ? "]" : "}";
    std::string text = before;
    for (int i = 0; i < depth; ++i) text += open;
    text += "1";
    for (int i = 0; i < depth; ++i) text += close;
    std::string still_open;
    for (const char c : before) {
        if (c == '[' || c == '{') still_open += c;
        if (c == ']' || c == '}') still_open.pop_back();
    }
    for (auto c = still_open.rbegin(); c != still_open.rend(); ++c) text += *c == '[' ? ']' : '}';
    return text;
}

std::string little_endian(std::uint64_t number, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) text += static_cast<char>(number >> 8 * i);
    return text;
}

std::string png_with_text(const std::string& key, const std::string& text) {
    const auto big_endian = [](std::size_t number) {
        std::string bytes = little_endian(number, 4);
        return std::string(bytes.rbegin(), bytes.rend());
    };
    const std::string data = key + '\0' + text;
    return "\x89PNG\r\n\x1a\n" + big_endian(data.size()) + "tEXt" + data + "\0\0\0\0" + big_endian(0) + "IEND" +
           std::string(4, '\0');
}

/// A place where JSON enters: puts the files into a folder and gives back the command that reads them.
struct JsonEntry {
    const char* name;
    std::function<std::vector<std::string>(const TemporaryFolder& folder)> prepare;
};
void PrintTo(const JsonEntry& entry, std::ostream* out) {
    *out << entry.name;
}

std::vector<std::string> inspect(const std::filesystem::path& path) {
    return {"inspect", path.string()};
}
std::vector<std::string> replay(const std::filesystem::path& path) {
    return {"replay", path.string()};
}
std::filesystem::path model_in(const TemporaryFolder& folder) {
    write_chat_model(folder / "model");
    return folder / "model";
}

const JsonEntry json_entries[] = {
    {"script",
     [](auto& f) {
         return std::vector<std::string>{"--run", f.put("s.json", deep_json()).string()};
     }},
    {"script_value",
     [](auto& f) {
         const auto path = f.put("s.json", deep_json(R"([{"command":"retrieval.beta","args":{"value":)"));
         return std::vector<std::string>{"--run", path.string()};
     }},
    {"session",
     [](auto& f) {
         const auto path = f.put("s.json", deep_json(R"({"schema":"attnscope.session/1","view":)", "{\"a\":"));
         return std::vector<std::string>{"figure", "--session", path.string(), "--panel", "map"};
     }},
    {"result", [](auto& f) { return replay(f.put("r.json", deep_json())); }},
    {"result_objects", [](auto& f) { return replay(f.put("r.json", deep_json("", "{\"recipe\":"))); }},
    {"result_inspected", [](auto& f) { return inspect(f.put("r.json", deep_json("{\"result\":"))); }},
    {"recipe",
     [](auto& f) {
         const auto path = f.put("r.json", deep_json(R"({"analysis":"retrieval","inputs":[],"params":)", "{\"a\":"));
         return std::vector<std::string>{"figure", "--recipe", path.string(), "--out", (f / "o.svg").string()};
     }},
    {"recipe_in_json",
     [](auto& f) {
         nlohmann::json file{{"recipe", deep_json()}};
         return replay(f.put("r.json", file.dump()));
     }},
    {"recipe_in_svg",
     [](auto& f) {
         return replay(f.put("r.svg", "<svg><attnscope:recipe>" + deep_json() + "</attnscope:recipe></svg>"));
     }},
    {"recipe_in_png", [](auto& f) { return replay(f.put("r.png", png_with_text("attnscope-recipe", deep_json()))); }},
    {"recipe_in_pdf",
     [](auto& f) { return replay(f.put("r.pdf", "%PDF-1.7\n<< /Keywords (" + deep_json("", "[") + ") >>")); }},
    {"recipe_in_python",
     [](auto& f) { return replay(f.put("r.py", "RECIPE = " + nlohmann::json(deep_json()).dump() + "\n")); }},
    {"python_text", [](auto& f) { return replay(f.put("r.py", "RECIPE = " + deep_json() + "\n")); }},
    {"style",
     [](auto& f) {
         return std::vector<std::string>{"figure",  "--letters",
                                         "--panel", "weights",
                                         "--style", f.put("s.json", deep_json("{\"font_pt\":")).string(),
                                         "--out",   (f / "o.svg").string()};
     }},
    {"token_ids",
     [](auto& f) {
         return std::vector<std::string>{"logits", "--model", model_in(f).string(), "--ids",
                                         f.put("ids.json", deep_json()).string()};
     }},
    {"grams",
     [](auto& f) {
         return std::vector<std::string>{"align", "--grams", f.put("g.json", deep_json("{\"x\":")).string()};
     }},
    {"tokenizer",
     [](auto& f) {
         const auto path = f.put("tokenizer.json", deep_json("{\"model\":"));
         return std::vector<std::string>{"tokenize", "--model", path.string(), "--text", f.put("a.txt", "a").string()};
     }},
    {"tokenizer_inspected",
     [](auto& f) {
         const auto model = model_in(f);
         write_file(model / "tokenizer.json", deep_json("{\"model\":", "{\"a\":"));
         return inspect(model);
     }},
    {"model_config",
     [](auto& f) {
         const auto model = model_in(f);
         write_file(model / "config.json", deep_json("{\"rope_scaling\":", "{\"a\":"));
         return inspect(model);
     }},
    {"chat_template",
     [](auto& f) {
         const auto model = model_in(f);
         write_file(model / "tokenizer_config.json", deep_json("{\"chat_template\":"));
         return std::vector<std::string>{"tokenize", "--model", model.string(),
                                         "--chat",   "--text",  f.put("a.txt", "a").string()};
     }},
    {"shard_index",
     [](auto& f) {
         const auto model = model_in(f);
         std::filesystem::remove(model / "model.safetensors");
         write_file(model / "model.safetensors.index.json", deep_json("{\"weight_map\":", "{\"a\":"));
         return inspect(model);
     }},
    {"question",
     [](auto& f) {
         return std::vector<std::string>{"inspect", f.put("q.jsonl", deep_json("{\"x\":") + "\n").string()};
     }},
};

class HostileJson : public testing::Test {
protected:
    HostileJson() {
        for (const char* variable : {"XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"})
            setenv(variable, folder.path().c_str(), 1);
        unsetenv("DISPLAY");
    }
    TemporaryFolder folder;
};

class DeepJson : public HostileJson, public testing::WithParamInterface<JsonEntry> {};

TEST_P(DeepJson, IsOneLineAndExitStatus3) {
    std::vector<std::string> command = GetParam().prepare(folder);
    if (command.front() != "--run") command.insert(command.end(), {"--progress", "none"});
    const Outcome run = run_program(command);
    EXPECT_EQ(run.status, 3) << run.error;
    EXPECT_EQ(run.error_lines(), 1) << run.error;
    EXPECT_NE(run.error.find(deeper), std::string::npos) << run.error;
    EXPECT_FALSE(std::filesystem::exists(folder / "o.svg"));
}

INSTANTIATE_TEST_SUITE_P(Everywhere, DeepJson, testing::ValuesIn(json_entries),
                         [](const auto& instance) { return std::string(instance.param.name); });

/// Headers of tensors know what they hold and refuse a list before any depth is reached.
TEST_F(HostileJson, AHeaderOfTensorsIsRefusedAtTheFirstThingItCannotHold) {
    const std::string header = deep_json("{\"a\":");
    const Outcome run = run_program(inspect(folder.put("m.safetensors", little_endian(header.size(), 8) + header)));
    EXPECT_EQ(run.status, 3) << run.error;
    EXPECT_EQ(run.error_lines(), 1) << run.error;
}

TEST_F(HostileJson, PreferencesThatAreNoneAreLeftAside) {
    std::filesystem::create_directories(folder / "attnscope");
    folder.put("attnscope/preferences.json", deep_json("{\"recent\":"));
    const Outcome run = run_program(
        {"figure", "--letters", "--rows", "2", "--panel", "spectrum", "--out", (folder / "o.svg").string()});
    EXPECT_EQ(run.status, 0) << run.error;
}

TEST_F(HostileJson, APartialResultThatIsNoneIsBegunAnew) {
    const std::string out = folder / "run.json";
    folder.put("run.json.partial", deep_json("{\"recipe\":"));
    const Outcome run = run_program(
        {"cv", "--experiment", "--dims", "8", "--heads", "1", "--epochs", "1", "--out", out, "--progress", "none"});
    EXPECT_EQ(run.status, 0) << run.error;
    EXPECT_TRUE(std::filesystem::exists(out));
    EXPECT_FALSE(std::filesystem::exists(out + ".partial"));
}

TEST_F(HostileJson, ASchemaOfAVersionToComeIsRefused) {
    const std::string out = folder / "r.json";
    ASSERT_EQ(run_program({"retrieval", "--letters", "--rows", "2", "--steps", "2", "--out", out}).status, 0);
    ASSERT_EQ(run_program({"replay", out}).status, 0);
    auto envelope = nlohmann::ordered_json::parse(read_all(out));
    envelope["schema"] = "attnscope.retrieval/9";
    const std::string changed = folder.put("changed.json", envelope.dump());
    for (const char* command : {"replay", "inspect"}) {
        const Outcome run = run_program({command, changed});
        EXPECT_EQ(run.status, 3) << command;
        EXPECT_EQ(run.error_lines(), 1) << run.error;
        EXPECT_NE(run.error.find("expected schema attnscope.retrieval/1, got attnscope.retrieval/9 (schema)"),
                  std::string::npos)
            << run.error;
    }
}

} // namespace
} // namespace attnscope::test
