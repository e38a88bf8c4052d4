// A text of thousands of tokens: its map is scrolled and zoomed from one forward pass, a tile at a time.
#include "ui/support/window_test.h"

#include "support/tiny_models.h"

#include <algorithm>
#include <vector>

namespace attnscope::ui {
namespace {

class LongText : public WindowTest {
protected:
    static constexpr int tokens = 3000;

    void SetUp() override {
        WindowTest::SetUp();
        std::filesystem::create_directories(folder_ / "model");
        test::TinyModel model("LlamaForCausalLM");
        model.resize(40, 4096);
        model.write(folder_ / "model");
        run_alone("file.open", {{"path", (folder_ / "model").string()}});
        settle();
        std::string ids;
        for (int i = 0; i < tokens; ++i) ids += std::to_string(i * i % 37) + " ";
        run_alone("attention.text", {{"text", ids}});
        settle();
        ASSERT_NE(slots().read(), nullptr) << (slots().read_error() ? slots().read_error()->what() : "");
    }
    AttentionSlots& slots() { return shell_->services().attention(); }
    void show(double first_key, double first_query, double span) {
        run("view.zoom_plot", {{"panel", std::string("attention.map")},
                               {"x_low", first_key},
                               {"x_high", first_key + span},
                               {"y_low", first_query},
                               {"y_high", first_query + span}});
    }
    std::vector<HeatMap> maps() {
        std::vector<HeatMap> maps;
        const Figure figure = shell_->services().figure("attention.map");
        for (const Element& element : figure.axes.front().elements)
            if (const auto* map = std::get_if<HeatMap>(&element)) maps.push_back(*map);
        return maps;
    }
};

TEST_F(LongText, IsShownReducedAndInFullWhereItIsZoomedInto) {
    ASSERT_EQ(maps().size(), 1u);
    EXPECT_EQ(maps().front().width, int{attention::whole_map_tokens});
    const auto colours = maps().front().range;
    show(1200, 1500, 90);
    for (int i = 0; i < 3; ++i) frame();
    settle();
    ASSERT_EQ(maps().size(), 1u);
    const HeatMap part = maps().front();
    EXPECT_DOUBLE_EQ((part.x_max - part.x_min) / part.width, 1) << "a cell a token";
    EXPECT_LE(part.x_min, 1200);
    EXPECT_GE(part.y_max, 1590);
    EXPECT_EQ(part.range, colours) << "a colour means the same as in the whole map";
}

TEST_F(LongText, ScrollingNeedsNoForwardPassAndFewTiles) {
    show(0, 1000, 200);
    for (int i = 0; i < 3; ++i) frame();
    settle();
    const auto captured = slots().capture().generation;
    constexpr int frames = 60;
    for (int i = 0; i < frames; ++i) {
        show(5.0 * i, 1000 + 5.0 * i, 200);
        frame();
    }
    settle();
    EXPECT_EQ(slots().capture().generation, captured);
    EXPECT_LE(maps().front().x_min, 5.0 * (frames - 1));
}

} // namespace
} // namespace attnscope::ui
