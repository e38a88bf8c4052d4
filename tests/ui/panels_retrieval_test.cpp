// The panels of retrieval as a user meets them: what they show, what a click or a drag in them does.
#include "ui/support/window_test.h"

#include <attnscope/recipe.h>
#include <attnscope/retrieval_figures.h>
#include <attnscope/tensor_file.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace attnscope::ui {
namespace {

class Panels : public WindowTest {
protected:
    void open_panel(const std::string& id) {
        run("view.panel", {{"panel", id}});
        settle();
        run("view.panel", {{"panel", id}});
        settle();
    }
    static std::string window_of(const std::string& id) { return "//###" + id; }
    /// A place in a panel's window, as shares of its width and height.
    static ImVec2 place(ImGuiTestContext* ui, const std::string& id, float x, float y) {
        const ImGuiWindow* window = ui->GetWindowByRef(window_of(id).c_str());
        return {window->Pos.x + window->Size.x * x, window->Pos.y + window->Size.y * y};
    }
    static void drag(ImGuiTestContext* ui, ImVec2 from, ImVec2 to) {
        ui->MouseMoveToPos(from);
        ui->MouseDown(ImGuiMouseButton_Left);
        ui->Yield(2);
        ui->MouseMoveToPos(to);
        ui->Yield(2);
        ui->MouseUp(ImGuiMouseButton_Left);
        ui->Yield(2);
    }
    double beta() { return shell_->services().retrieval().view().beta; }
    std::string top_label() {
        const auto traces = shell_->services().retrieval().trace().result;
        const auto& top = traces->traces.front().steps.back().top.front();
        return std::string(state().bank()->texts.text(top.index));
    }
    static std::string read(const std::filesystem::path& path) {
        std::ifstream file(path, std::ios::binary);
        std::ostringstream text;
        text << file.rdbuf();
        return text.str();
    }
};

TEST_F(Panels, NoneIsEmptyWhenABankIsOpen) {
    open_letters();
    for (const auto& panel : shell_->panels()) {
        if (panel->workspace() != Workspace::retrieval) continue;
        SCOPED_TRACE(panel->id());
        open_panel(panel->id());
        const auto& visible = shell_->visible_panels();
        ASSERT_NE(std::find(visible.begin(), visible.end(), panel->id()), visible.end());
        const Figure figure = shell_->services().figure(panel->id());
        EXPECT_EQ(figure.id, panel->id());
        EXPECT_FALSE(figure.title.empty());
        ASSERT_FALSE(figure.axes.empty());
        for (const Axes& axes : figure.axes) EXPECT_FALSE(axes.elements.empty()) << axes.title;
        const PanelHelp help = panel->help();
        EXPECT_FALSE(help.definition.empty() || help.formula.empty() || help.source.empty());
    }
}

TEST_F(Panels, WithoutABankSayWhatToDo) {
    frame();
    frame();
    act([&](ImGuiTestContext* ui) {
        ui->SetRef("//###retrieval.entropy");
        EXPECT_TRUE(ui->ItemExists("Open the sample"));
        ui->ItemClick("Open the sample");
    });
    settle();
    EXPECT_NE(state().bank(), nullptr);
}

TEST_F(Panels, TheWheelZoomsAPlotAndADoubleClickFitsIt) {
    open_letters();
    open_panel("retrieval.spectrum");
    // A figure is exported as it is seen.
    const auto range = [&] { return shell_->services().figure("retrieval.spectrum").axes.front().x.range; };
    const auto before = range();
    act([&](ImGuiTestContext* ui) {
        ui->MouseMoveToPos(place(ui, "retrieval.spectrum", 0.3f, 0.4f));
        ui->MouseWheelY(1);
        ui->Yield(3);
    });
    EXPECT_NE(range(), before);
    act([&](ImGuiTestContext* ui) {
        ui->MouseDoubleClick(ImGuiMouseButton_Left);
        ui->Yield(3);
    });
    EXPECT_EQ(range(), before);
}

TEST_F(Panels, DraggingOnTheEntropyMovesBeta) {
    open_letters();
    open_panel("retrieval.entropy");
    const double before = beta();
    double at_press = 0;
    act([&](ImGuiTestContext* ui) {
        const ImVec2 from = place(ui, "retrieval.entropy", 0.3f, 0.5f), to = place(ui, "retrieval.entropy", 0.8f, 0.5f);
        ui->MouseMoveToPos(from);
        ui->MouseDown(ImGuiMouseButton_Left);
        ui->Yield(2);
        at_press = beta();
        ui->MouseMoveToPos(to);
        ui->Yield(2);
        ui->MouseUp(ImGuiMouseButton_Left);
    });
    settle();
    EXPECT_NE(at_press, before) << "pressing moves the cursor there";
    EXPECT_GT(beta(), at_press * 1.5);
    runner().undo();
    frame();
    EXPECT_EQ(beta(), before) << "a drag is one step of the history";
}

TEST_F(Panels, PressingInTheTrajectoriesMovesTheStep) {
    open_letters();
    open_panel("retrieval.trajectories");
    run("retrieval.step", {{"value", std::int64_t{0}}});
    settle();
    act([&](ImGuiTestContext* ui) {
        const ImVec2 right = place(ui, "retrieval.trajectories", 0.31f, 0.35f);
        drag(ui, right, right);
    });
    EXPECT_GT(state().view.selection.step, 3);
}

TEST_F(Panels, ClickingAMemorySelectsItAndADoubleClickQueriesWithIt) {
    open_letters();
    open_panel("retrieval.weights");
    const auto top = shell_->services().retrieval().trace().result->traces.front().steps[2].top;
    act([&](ImGuiTestContext* ui) {
        ui->SetRef("//###retrieval.weights");
        ui->ItemClick("**/##memory 1");
    });
    EXPECT_EQ(state().view.selection.memory, top[1].index);
    act([&](ImGuiTestContext* ui) {
        ui->SetRef("//###retrieval.weights");
        ui->ItemDoubleClick("**/##memory 0");
    });
    EXPECT_EQ(state().view.selection.query.kind, QueryChoice::Kind::memory);
    EXPECT_EQ(state().view.selection.query.row, top[0].index);
}

TEST_F(Panels, ExportWritesAFileWhoseRecipeBringsTheViewBack) {
    open_letters();
    open_panel("retrieval.entropy");
    run("query.memory", {{"row", std::int64_t{4}}});
    run("retrieval.beta", {{"value", 12.5}});
    settle();
    for (const char* extension : {"svg", "pdf", "png", "json", "npz"}) {
        const auto path = folder_ / (std::string("entropy.") + extension);
        run("figure.export", {{"panel", std::string("retrieval.entropy")}, {"path", path.string()}});
        settle();
        SCOPED_TRACE(extension);
        ASSERT_TRUE(std::filesystem::exists(path));
        const Recipe recipe = Recipe::parse(read_recipe(path));
        EXPECT_EQ(recipe.analysis, "retrieval");
        EXPECT_EQ(recipe.json().find(folder_.string()), std::string::npos) << "no path in a recipe";
        const RetrievalJob job = retrieval_job(recipe, {});
        EXPECT_TRUE(job.letters);
        EXPECT_EQ(job.queries.rows, std::vector<std::size_t>{4});
        EXPECT_EQ(job.beta, 12.5);
        ASSERT_TRUE(job.figure);
        EXPECT_EQ(job.figure->panel, "retrieval.entropy");
    }
    const auto bare = folder_ / "bare.svg";
    run("figure.export", {{"panel", std::string("retrieval.entropy")}, {"path", bare.string()}, {"recipe", false}});
    settle();
    EXPECT_THROW(read_recipe(bare), Error);
}

TEST_F(Panels, ADrawnQueryIsInTheRecipe) {
    open_letters();
    open_panel("retrieval.entropy");
    std::vector<double> values(state().bank()->d, -1.0);
    values[40] = values[41] = 1;
    run("query.drawing", {{"values", values}});
    settle();
    const auto path = folder_ / "drawn.json";
    run("figure.export", {{"panel", std::string("retrieval.entropy")}, {"path", path.string()}});
    settle();
    const RetrievalJob job = retrieval_job(Recipe::parse(read_recipe(path)), {});
    ASSERT_EQ(job.queries.kind, QuerySpec::Kind::values);
    EXPECT_EQ(job.queries.values.front(), shell_->services().retrieval().query());
}

TEST_F(Panels, AnExportThatFailsSaysWhyAndLeavesNothing) {
    open_letters();
    open_panel("retrieval.entropy");
    run("figure.export", {{"panel", std::string("retrieval.entropy")}, {"path", (folder_ / "no/such/x.svg").string()}});
    settle();
    ASSERT_FALSE(state().notices.empty());
    EXPECT_TRUE(state().notices.back().is_error);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "no"));
}

TEST_F(Panels, CopyPutsTabSeparatedDataAndPythonOnTheClipboard) {
    open_letters();
    open_panel("retrieval.weights");
    run("figure.copy_data", {{"panel", std::string("retrieval.weights")}});
    EXPECT_NE(copied_.find('\t'), std::string::npos);
    EXPECT_GT(std::count(copied_.begin(), copied_.end(), '\n'), 10);
    run("figure.copy_python", {{"panel", std::string("retrieval.weights")}});
    EXPECT_NE(copied_.find("import numpy as np"), std::string::npos);
    run("figure.copy_recipe", {{"panel", std::string("retrieval.weights")}});
    settle();
    EXPECT_EQ(Recipe::parse(copied_).analysis, "retrieval");
}

TEST_F(Panels, TheMenuOfAPanelOpensTheExportDialogWhichWrites) {
    open_letters();
    open_panel("retrieval.entropy");
    act([&](ImGuiTestContext* ui) {
        ui->SetRef("//###retrieval.entropy");
        ui->ItemClick("##menu button");
        ui->Yield(2);
        ui->SetRef("//$FOCUSED");
        ui->ItemClick("Export…");
        ui->Yield(2);
    });
    EXPECT_EQ(state().export_panel, "retrieval.entropy");
    settle();
    const auto path = folder_ / "dialog.svg";
    act([&](ImGuiTestContext* ui) {
        ui->SetRef("//###export");
        ui->ItemInputValue("##path", path.string().c_str());
        ui->ItemClick("Export");
    });
    settle();
    EXPECT_TRUE(std::filesystem::exists(path));
    EXPECT_TRUE(state().export_panel.empty());
}

TEST_F(Panels, APinnedViewIsLaidOverTheCurves) {
    open_letters();
    open_panel("retrieval.entropy");
    const auto lines_of_a = [&](const std::string& panel) {
        const Figure figure = shell_->services().figure(panel);
        std::size_t count = 0;
        for (const Axes& axes : figure.axes)
            for (const Element& element : axes.elements)
                if (const auto* line = std::get_if<Line>(&element); line && line->name == "A") ++count;
        return count;
    };
    EXPECT_EQ(lines_of_a("retrieval.entropy"), 0u);
    run("view.pin");
    run("query.memory", {{"row", std::int64_t{9}}});
    settle();
    EXPECT_EQ(lines_of_a("retrieval.entropy"), 1u);
    open_panel("retrieval.weights");
    EXPECT_EQ(lines_of_a("retrieval.weights"), 1u);
    open_panel("retrieval.trajectories");
    EXPECT_EQ(lines_of_a("retrieval.trajectories"), 6u);
    run("view.unpin");
    settle();
    EXPECT_EQ(lines_of_a("retrieval.entropy"), 0u);
}

TEST_F(Panels, ADrawnLetterIsRetrieved) {
    open_letters();
    open_panel("retrieval.letters");
    run("retrieval.mode", {{"mode", std::string("centered")}});
    act([&](ImGuiTestContext* ui) {
        ui->SetRef("//###retrieval.letters");
        ui->ItemClick("Clear");
        const ImRect pad = ui->ItemInfo("##query pad").RectFull;
        const auto at = [&](float x, float y) {
            return ImVec2(pad.Min.x + pad.GetWidth() * x, pad.Min.y + pad.GetHeight() * y);
        };
        drag(ui, at(0.3f, 0.12f), at(0.3f, 0.86f));
        drag(ui, at(0.3f, 0.86f), at(0.75f, 0.86f));
    });
    EXPECT_EQ(state().view.selection.query.kind, QueryChoice::Kind::drawing);
    run("retrieval.beta", {{"value", 60.0}});
    settle();
    EXPECT_EQ(top_label(), "L");
}

TEST_F(Panels, HalfALetterIsCompletedAndADrawingBecomesAMemory) {
    open_letters();
    open_panel("retrieval.letters");
    run("query.memory", {{"row", std::int64_t{4}}});
    settle();
    const std::size_t before = state().bank()->n;
    act([&](ImGuiTestContext* ui) {
        ui->SetRef("//###retrieval.letters");
        ui->ItemClick("Erase half");
        ui->Yield(2);
        ui->SetRef("//$FOCUSED");
        ui->ItemClick("Right half");
    });
    ASSERT_EQ(state().view.selection.query.kind, QueryChoice::Kind::drawing);
    const auto& drawing = state().view.selection.query.drawing;
    EXPECT_EQ(drawing[15], -1) << "erased";
    act([&](ImGuiTestContext* ui) {
        ui->SetRef("//###retrieval.letters");
        ui->ItemClick("Add as memory");
    });
    settle();
    EXPECT_EQ(state().bank()->n, before + 1);
    run("retrieval.beta", {{"value", 80.0}});
    settle();
    EXPECT_EQ(shell_->services().retrieval().trace().result->traces.front().steps.back().top.front().index, before);
}

} // namespace
} // namespace attnscope::ui
