// What every drawn figure has to be: all of its text on the page, and apart.
#pragma once

#include "drawing/layout.h"

#include <gtest/gtest.h>

#include <vector>

namespace attnscope::test {

inline std::vector<const TextShape*> texts_of(const Page& page) {
    std::vector<const TextShape*> texts;
    for (const Shape& shape : page.shapes)
        if (const auto* text = std::get_if<TextShape>(&shape.what)) texts.push_back(text);
    return texts;
}

inline bool is_turned(const TextShape& text) {
    return text.angle != 0 && text.angle != 90;
}

inline void expect_readable(const Figure& figure, const Style& style) {
    SCOPED_TRACE(figure.id + " in " + style.name);
    const Page page = lay_out(figure, style, Fonts(style));
    const auto texts = texts_of(page);
    const Rect paper{0, 0, page.width, page.height};
    for (const TextShape* text : texts) {
        const Rect box = text_box(*text);
        EXPECT_GE(box.x, -0.01) << text->text;
        EXPECT_GE(box.y, -0.01) << text->text;
        EXPECT_LE(box.right(), paper.width + 0.01) << text->text;
        EXPECT_LE(box.bottom(), paper.height + 0.01) << text->text;
    }
    for (std::size_t i = 0; i < texts.size(); ++i)
        for (std::size_t j = i + 1; j < texts.size(); ++j) {
            // Boxes around turned names overlap where the names do not; they stand a line apart by construction.
            if (is_turned(*texts[i]) || is_turned(*texts[j])) continue;
            EXPECT_FALSE(text_box(*texts[i]).overlaps(text_box(*texts[j])))
                << "“" << texts[i]->text << "” on “" << texts[j]->text << "”";
        }
    for (const Rect& plot : page.plots) {
        EXPECT_GT(plot.width, 2 * style.font_pt);
        EXPECT_GT(plot.height, 2 * style.font_pt);
        EXPECT_GE(plot.x, 0);
        EXPECT_LE(plot.right(), page.width);
        EXPECT_LE(plot.bottom(), page.height);
    }
}

} // namespace attnscope::test
