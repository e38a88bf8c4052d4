// How a memory is called and shown: its label, its text, or its picture.
#pragma once

#include "widgets/texture.h"
#include "widgets/theme.h"

#include <attnscope/bank.h>

#include <imgui.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace attnscope::ui {

/// The label, or the text where there is none, or "memory 17".
std::string memory_label(const Bank& bank, std::size_t index);
/// The text beside a label; empty where the label is all there is.
std::string_view memory_gloss(const Bank& bank, std::size_t index);

/// Ink of a picture as grey levels on the theme: `scale` is the value that is full ink.
std::vector<std::uint8_t> picture_pixels(std::span<const float> values, float scale, Theme theme);

/// Several pictures of one size in one texture.
class PictureSheet {
public:
    /// Lays out `count` pictures of width × height; pixels(i) gives 4·width·height bytes.
    template <class Pixels>
    void fill(int count, int width, int height, Pixels pixels) {
        begin(count, width, height);
        for (int i = 0; i < count_; ++i) place(i, pixels(i));
        upload();
    }
    bool empty() const { return texture_.empty() || count_ == 0; }
    int count() const { return count_; }
    /// Draws picture i into the rectangle.
    void draw(ImDrawList& draw, int i, ImVec2 min, ImVec2 max, float strength = 1) const;

private:
    void begin(int count, int width, int height);
    void place(int i, const std::vector<std::uint8_t>& rgba);
    void upload();

    int count_ = 0, columns_ = 0, width_ = 0, height_ = 0, repeat_ = 1;
    std::vector<std::uint8_t> pixels_;
    Texture texture_;
};

/// The pictures of a bank's memories, made when they are first asked for.
class MemoryPictures {
public:
    /// Null when the bank's memories are no pictures.
    const PictureSheet* of(const std::shared_ptr<const Bank>& bank, Theme theme);

private:
    std::weak_ptr<const Bank> bank_; ///< a closed bank is not kept open
    Theme theme_ = Theme::dark;
    PictureSheet sheet_;
};

/// Tooltip of a memory: label, wrapped text, picture.
void memory_tooltip(const Bank& bank, std::size_t index, const ThemeColours& theme, const PictureSheet* pictures);

} // namespace attnscope::ui
