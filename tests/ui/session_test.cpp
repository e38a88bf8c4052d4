// Sessions, preferences and the layout: what is kept comes back; what cannot be used is said.
#include "support/error_of.h"
#include "ui/support/window_test.h"

#include "state/session.h"

#include <attnscope/recipe.h>
#include <attnscope/tensor_file.h>

namespace attnscope::ui {
namespace {

using Sessions = WindowTest;

std::string input_error(const std::function<void()>& action) {
    try {
        action();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind, ErrorKind::input);
        return error.what();
    }
    ADD_FAILURE() << "no error";
    return "";
}

TEST_F(Sessions, ASessionComesBackAsItWasLeft) {
    open_letters();
    run_alone("retrieval.beta", {{"value", 12.5}});
    run_alone("retrieval.step", {{"value", std::int64_t{4}}});
    run_alone("retrieval.mode", {{"mode", std::string("renormalized")}});
    run_alone("selection.memory", {{"index", std::int64_t{7}}});
    run_alone("view.panel", {{"panel", std::string("retrieval.origin")}, {"open", false}});
    run_alone("view.pin", {{"title", std::string("before")}});
    run_alone("retrieval.beta", {{"value", 30.0}});
    const View view = state().view;
    const auto path = folder_ / "here.json";
    run_alone("session.save", {{"path", path.string()}});
    settle();
    ASSERT_TRUE(std::filesystem::exists(path));

    run_alone("retrieval.beta", {{"value", 1.0}});
    run_alone("view.unpin");
    run_alone("session.open", {{"path", path.string()}});
    settle();
    EXPECT_EQ(state().view.selection, view.selection);
    EXPECT_EQ(state().view.retrieval, view.retrieval);
    EXPECT_EQ(state().view.open_panels, view.open_panels);
    ASSERT_TRUE(runner().can_undo()) << "what could be undone can be undone";
    runner().undo();
    EXPECT_EQ(state().view.selection.beta, 12.5);
    ASSERT_TRUE(state().pinned.has_value());
    EXPECT_EQ(state().pinned->title, "before");
    EXPECT_EQ(state().pinned->view.selection.beta, 12.5);
    ASSERT_NE(state().bank(), nullptr);
    EXPECT_EQ(state().bank()->n, 26u);
}

TEST_F(Sessions, ADrawnBankIsKeptWithItsValues) {
    open_letters();
    const auto letters = state().bank();
    std::vector<double> drawn(letters->d, -1.0);
    drawn[5] = 1;
    run_alone("retrieval.add_memory", {{"values", drawn}});
    const auto bank = state().bank();
    const auto path = folder_ / "drawn.json";
    run_alone("session.save", {{"path", path.string()}});
    settle();
    reopen();
    run_alone("session.open", {{"path", path.string()}});
    settle();
    ASSERT_NE(state().bank(), nullptr);
    ASSERT_EQ(state().bank()->keys.size(), bank->keys.size());
    EXPECT_TRUE(std::equal(bank->keys.begin(), bank->keys.end(), state().bank()->keys.begin()));
    EXPECT_EQ(state().bank()->picture_width, letters->picture_width);
}

TEST_F(Sessions, AnOpenSourceIsNotWrittenOver) {
    std::vector<float> keys(12 * 5);
    for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = float((i * 7919) % 23) - 11;
    const auto bank_path = folder_ / "bank.safetensors", link = folder_ / "link.json", svg = folder_ / "link.svg";
    save_bank(bank_path, *make_bank("bank", 12, 5, keys));
    std::filesystem::create_symlink(bank_path, link);
    std::filesystem::create_hard_link(bank_path, svg);
    run_alone("file.open", {{"path", bank_path.string()}});
    settle();
    ASSERT_NE(state().bank(), nullptr);
    const std::string before = read_file(bank_path);
    for (const auto& path : {bank_path, link, svg}) {
        const auto error = test::error_of([&] {
            if (path == svg)
                run_alone("figure.export", {{"panel", std::string("retrieval.spectrum")}, {"path", path.string()}});
            else
                run_alone("session.save", {{"path", path.string()}});
        });
        settle();
        EXPECT_TRUE(read_file(bank_path) == before) << path;
        ASSERT_TRUE(error) << path;
        EXPECT_EQ(error->kind, ErrorKind::usage) << error->what();
        EXPECT_EQ(error->expected, "another file than the inputs");
    }
}

TEST_F(Sessions, AFileBankIsFoundByItsPathAndItsChangeIsNoticed) {
    std::vector<float> keys(12 * 5);
    for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = float((i * 7919) % 23) - 11;
    const auto bank_path = folder_ / "bank.safetensors";
    save_bank(bank_path, *make_bank("bank", 12, 5, keys));
    run_alone("file.open", {{"path", bank_path.string()}});
    settle();
    ASSERT_NE(state().bank(), nullptr);
    const auto path = folder_ / "file.json";
    run_alone("session.save", {{"path", path.string()}});
    settle();
    keys[0] = 99;
    save_bank(bank_path, *make_bank("bank", 12, 5, keys));
    run_alone("session.open", {{"path", path.string()}});
    settle();
    ASSERT_NE(state().bank(), nullptr);
    bool noticed = false;
    for (const auto& notice : state().notices)
        noticed = noticed || notice.text.find("has changed") != std::string::npos;
    EXPECT_TRUE(noticed);

    std::filesystem::rename(bank_path, folder_ / "moved.safetensors");
    run_alone("session.open", {{"path", path.string()}});
    settle();
    const auto lost =
        std::find_if(state().sources.begin(), state().sources.end(), [](const Source& s) { return s.error; });
    ASSERT_NE(lost, state().sources.end()) << "a moved bank keeps its row";
    run_alone("source.locate",
              {{"source", std::int64_t{lost->id}}, {"path", (folder_ / "moved.safetensors").string()}});
    settle();
    EXPECT_TRUE(std::none_of(state().sources.begin(), state().sources.end(), [](const Source& s) { return s.error; }));
}

TEST_F(Sessions, WhatIsNoSessionIsRefusedAndChangesNothing) {
    open_letters();
    const View before = state().view;
    const auto count = state().sources.size();
    for (const char* content :
         {"", "{", "[1, 2]", "{\"schema\": \"attnscope.session/9\"}", "{\"schema\": 7}",
          "{\"schema\": \"attnscope.session/1\"}",
          "{\"schema\": \"attnscope.session/1\", \"sources\": [{\"id\": 0}], \"view\": {}}",
          "{\"schema\": \"attnscope.session/1\", \"sources\": [], \"view\": {\"selection\": 3}}",
          "{\"schema\": \"attnscope.session/1\", \"sources\": [{\"id\": 1, \"kind\": \"bank\", "
          "\"name\": \"x\", \"values\": {\"n\": 900, \"d\": 900, \"keys\": [1], \"texts\": []}}], "
          "\"view\": {}}"}) {
        const auto path = write("bad.json", content);
        const auto said = input_error([&] { run("session.open", {{"path", path.string()}}); });
        EXPECT_NE(said.find("bad.json"), std::string::npos) << said;
    }
    EXPECT_EQ(state().view, before);
    EXPECT_EQ(state().sources.size(), count);
}

TEST_F(Sessions, PreferencesAndLayoutAreKeptBetweenRuns) {
    frame();
    run_alone("view.theme_light");
    run_alone("view.zoom", {{"value", 1.25}});
    run_alone("help.rebind", {{"command", std::string("view.palette")}, {"keys", std::string("Ctrl+K")}});
    for (int i = 0; i < 400; ++i) frame();
    reopen();
    EXPECT_EQ(state().preferences.theme, Theme::light);
    EXPECT_FLOAT_EQ(state().preferences.zoom, 1.25f);
    EXPECT_EQ(state().preferences.shortcuts.at("view.palette"), "Ctrl+K");
    EXPECT_NE(load_layout(folder_ / "config").find("sources"), std::string::npos);
}

TEST_F(Sessions, BrokenPreferencesDoNotKeepTheWindowFromOpening) {
    std::filesystem::create_directories(folder_ / "config");
    write("config/preferences.json", "{\"zoom\": \"large\"");
    write("config/layout.ini", "[Window][nonsense\nPos=");
    reopen();
    frame();
    frame();
    EXPECT_EQ(state().preferences.theme, Theme::dark);
}

TEST_F(Sessions, SeedAndDeviceComeBack) {
    open_letters();
    run_alone("compute.seed", {{"value", std::int64_t{31}}});
    run_alone("compute.device", {{"device", std::string("cpu")}});
    const auto path = folder_ / "seeded.json";
    run_alone("session.save", {{"path", path.string()}});
    settle();
    run_alone("compute.seed", {{"value", std::int64_t{2}}});
    run_alone("compute.device", {{"device", std::string("auto")}});
    run_alone("session.open", {{"path", path.string()}});
    settle();
    EXPECT_EQ(state().view.seed, 31u);
    EXPECT_EQ(shell_->services().jobs().device().name(), "cpu");
}

TEST_F(Sessions, AResultBringsBackItsSeed) {
    RetrievalJob job;
    job.letters = true;
    job.queries.rows = {3};
    job.request.bank = letters_bank();
    job.seed = 9;
    Recipe recipe = retrieval_recipe(job);
    const auto path = write("result.json", envelope_json("attnscope.retrieval/1", recipe, "{}", {}, 0));
    run_alone("file.open", {{"path", path.string()}});
    settle();
    EXPECT_EQ(state().view.seed, 9u);
    EXPECT_EQ(shell_->services().jobs().device().name(), "cpu") << "the recipe's device";
}

TEST_F(Sessions, BlankLinesOfAnOpenedTextAreNoErrors) {
    const auto path = write("prose.txt", "one paragraph\n\nand another\n");
    run_alone("file.open", {{"path", path.string()}});
    settle();
    std::vector<std::string> prompts;
    for (const Source& source : state().sources) {
        EXPECT_FALSE(source.error) << source.error->what();
        if (source.kind == SourceKind::prompt) prompts.push_back(source.prompt);
    }
    EXPECT_EQ(prompts, (std::vector<std::string>{"one paragraph", "and another"}));
}

TEST_F(Sessions, NumbersThatNoFieldHoldsAreRefusedByName) {
    const auto said = [&](const std::string& view) {
        return input_error(
            [&] { parse_session(R"({"schema":"attnscope.session/1","sources":[],"view":)" + view + "}", "s.json"); });
    };
    EXPECT_EQ(said(R"({"training":{"steps":4294967306}})"),
              "s.json view: expected an integer from 1 to 100000, got 4294967306 (training.steps)");
    EXPECT_EQ(said(R"({"retrieval":{"steps":4294967306}})"),
              "s.json view: expected an integer from 1 to 100, got 4294967306 (retrieval.steps)");
    EXPECT_NE(said(R"({"selection":{"bank":4294967297}})").find("(selection.bank)"), std::string::npos);
    EXPECT_NE(said(R"({"selection":{"memory":-1}})").find("(selection.memory)"), std::string::npos);
    EXPECT_NE(said(R"({"selection":{"beta":-2}})").find("(selection.beta)"), std::string::npos);
    EXPECT_NE(said(R"({"residual":{"heads":[[0,4294967296]]}})").find("(residual.heads)"), std::string::npos);
    EXPECT_NE(said(R"({"seed":-1})").find("(seed)"), std::string::npos);
    EXPECT_NE(said(R"({"cv":{"epochs":0}})").find("s.json view"), std::string::npos);
    EXPECT_EQ(input_error([] {
                  parse_session(
                      R"({"schema":"attnscope.session/1","view":{},"sources":[{"id":1,"kind":"bank","name":"b",)"
                      R"("values":{"n":2,"d":2,"keys":[1e300,0,1,2],"texts":[]}}]})",
                      "s.json");
              }).substr(0, 40),
              "s.json: expected a number, got 1e+300 (s");
}

} // namespace
} // namespace attnscope::ui
