// Layouts from files: those that ImGui wrote are taken as they are, those that it would not survive are refused.
#include "ui/support/window_test.h"

#include "shell/workspaces.h"
#include "state/layout_text.h"

#include <attnscope/job.h>

#include <array>

namespace attnscope::ui {
namespace {

constexpr std::array<std::uint32_t, 1> roots{0x77};

std::string refused(const std::string& text) {
    try {
        usable_layout(text, roots);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind, ErrorKind::input);
        return error.what();
    }
    ADD_FAILURE() << "taken: " << text;
    return "";
}

const std::string tree = "[Docking][Data]\n"
                         "DockSpace   ID=0x00000077 Window=0x1BBC0F80 Pos=0,40 Size=1600,900 Split=X\n"
                         "  DockNode  ID=0x00000001 Parent=0x00000077 SizeRef=200,900 Selected=0xB6999AB4\n"
                         "  DockNode  ID=0x00000002 Parent=0x00000077 SizeRef=1400,900 CentralNode=1\n";

TEST(LayoutText, KeepsATreeOfPairs) {
    const std::string kept = usable_layout(tree, roots);
    EXPECT_NE(kept.find("ID=0x00000002 Parent=0x00000077 SizeRef=1400,900 CentralNode=1"), std::string::npos);
    EXPECT_EQ(usable_layout(kept, roots), kept);
}

TEST(LayoutText, RefusesWhatIsNoTree) {
    EXPECT_NE(refused("[Docking][Data]\nDockNode ID=0x1 Parent=0x1\n").find("line 2"), std::string::npos);
    refused("[Docking][Data]\nDockNode ID=0x1 Parent=0x2 SizeRef=1,1\nDockNode ID=0x2 Parent=0x1 SizeRef=1,1\n");
    refused(tree + "  DockNode  ID=0x00000003 Parent=0x00000077 SizeRef=1,1\n");
    refused(tree + "  DockNode  ID=0x00000001 Parent=0x00000077 SizeRef=1,1\n");
    refused(tree + "    DockNode  ID=0x00000003 Parent=0x00000001 SizeRef=1,1\n");
    refused("[Docking][Data]\nDockNode ID=0x5 Pos=0,0 Size=9,9 Split=X\n  DockNode ID=0x77 Parent=0x5 SizeRef=1,1\n"
            "  DockNode ID=0x6 Parent=0x5 SizeRef=1,1\n");
    refused("[Docking][Data]\nDockNode ID=0x5 Pos=0,0 Size=9,9 Split=X\n  DockNode ID=0x6 Parent=0x5 SizeRef=1,1 "
            "CentralNode=1\n"
            "  DockNode ID=0x7 Parent=0x5 SizeRef=1,1 CentralNode=1\n");
    refused("[Docking][Data]\nDockNode ID=0x0 Pos=0,0 Size=9,9\n");
    std::string deep = "[Docking][Data]\nDockNode ID=0x1 Pos=0,0 Size=9,9 Split=X\n";
    for (int i = 1; i < 100; ++i) {
        char lines[160];
        std::snprintf(lines, sizeof lines,
                      "DockNode ID=0x%X Parent=0x%X SizeRef=1,1\nDockNode ID=0x%X Parent=0x%X SizeRef=1,1 Split=X\n",
                      i * 2, i * 2 - 1, i * 2 + 1, i * 2 - 1);
        deep += lines;
    }
    refused(deep);
}

TEST(LayoutText, RefusesNumbersOutOfRange) {
    refused("[Window][w]\nPos=99999999,3\n");
    refused("[Window][w]\nSize=-4,3\n");
    refused("[Window][w]\nSize=nan,3\n");
    refused("[Window][w]\nDockId=0x123456789\n");
    refused("[Docking][Data]\nDockNode ID=0x1 Pos=0,0 Size=1000000,9\n");
    refused("[Docking][Data]\nDockNode ID=0x-1 Pos=0,0 Size=1,9\n");
    refused("[Table][0x1,100000000]\n");
    refused("[Table][0x1,-3]\n");
    refused("[Table][0x1,3]\nRefScale=nan\n");
    refused("[Table][0x1,3]\nColumn 0 Weight=inf\n");
    refused("[Table][0x1,3]\nColumn 7 Width=3\n");
    refused(std::string("[Window][w]\nPos=1,\0", 20));
    refused(std::string(std::size_t{2} << 20, 'x'));
    std::string many;
    for (int i = 0; i < 5000; ++i) many += "[Window][w" + std::to_string(i) + "]\nPos=1,1\n";
    refused(many);
}

TEST(LayoutText, LeavesOutPlacesThatHoldNoWindows) {
    const std::string kept =
        usable_layout("[Window][a]\nPos=1,2\nDockId=0x00000001,0\n[Window][b]\nDockId=0x00000077,0\n"
                      "[Window][c]\nDockId=0x00001234\n[Unknown][x]\nA=1\n" +
                          tree,
                      roots);
    EXPECT_NE(kept.find("DockId=0x00000001,0"), std::string::npos);
    EXPECT_EQ(kept.find("DockId=0x00000077"), std::string::npos) << "a split node";
    EXPECT_EQ(kept.find("DockId=0x00001234"), std::string::npos) << "a node that is not there";
    EXPECT_EQ(kept.find("Unknown"), std::string::npos);
}

using Layouts = WindowTest;

TEST_F(Layouts, WhatTheWindowKeepsIsTakenBackAsItIs) {
    open_letters();
    for (const Workspace workspace : all_workspaces) {
        run_alone("view.workspace", {{"workspace", std::string(workspace_id(workspace))}});
        for (int i = 0; i < 6; ++i) frame();
    }
    for (int i = 0; i < 400; ++i) frame();
    const std::string layout = state().layout;
    ASSERT_NE(layout.find("DockSpace"), std::string::npos);
    std::vector<std::uint32_t> spaces;
    for (const Workspace workspace : all_workspaces) {
        spaces.push_back(dock_space_id(workspace));
        char id[32];
        std::snprintf(id, sizeof id, "ID=0x%08X", spaces.back());
        EXPECT_NE(layout.find(id), std::string::npos) << workspace_name(workspace);
    }
    const std::string kept = usable_layout(layout, spaces);
    const auto lines = [](const std::string& text) {
        std::multiset<std::string> all;
        for (std::size_t at = 0; at < text.size();) {
            const auto end = std::min(text.find('\n', at), text.size());
            if (end > at) all.insert(text.substr(at, end - at));
            at = end + 1;
        }
        return all;
    };
    EXPECT_EQ(lines(kept), lines(layout));
}

TEST_F(Layouts, ChangedLayoutsAreDrawnOrRefused) {
    open_letters();
    for (int i = 0; i < 400; ++i) frame();
    const std::string layout = state().layout;
    ASSERT_FALSE(layout.empty());
    // Words of layouts in places of each other: ids, parents, sizes, flags.
    const std::array<std::string, 12> words{
        "0x00000001", "0x00000002", "0x00000003", "Parent=",   "Split=X", "Split=Y",
        "-1",         "99999",      "\n",         "DockSpace", "nan",     "CentralNode=1"};
    int drawn = 0;
    for (std::uint64_t round = 0; round < 150; ++round) {
        std::string changed = layout;
        for (std::uint64_t i = 0; i < 1 + round % 4; ++i) {
            const auto pick = [&](std::uint64_t stream, std::size_t below) {
                return static_cast<std::size_t>(random_bits(round, stream, i) % below);
            };
            const std::size_t at = pick(0, changed.size());
            switch (pick(1, 4)) {
            case 0: changed.replace(at, pick(2, 12), words[pick(3, words.size())]); break;
            case 1: changed.erase(at, pick(2, 80)); break;
            case 2: {
                const std::string line = changed.substr(at, pick(2, 120));
                changed.insert(pick(3, changed.size()), line);
                break;
            }
            default: changed[at] = static_cast<char>('0' + pick(2, 10)); break;
            }
        }
        state().layout = changed;
        state().layout_load_wanted = true;
        for (int i = 0; i < 2; ++i) frame();
        drawn += !state().layout.empty();
    }
    EXPECT_GT(drawn, 5) << "some are usable";
    EXPECT_LT(drawn, 150) << "some are not";
    state().layout = layout;
    state().layout_load_wanted = true;
    for (int i = 0; i < 6; ++i) frame();
    EXPECT_FALSE(shell_->visible_panels().empty());
}

} // namespace
} // namespace attnscope::ui
