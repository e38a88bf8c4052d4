#include "widgets/memory_text.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace attnscope::ui {

namespace {

constexpr int sheet_limit = 2048; // pixels of a sheet's side: every backend takes such textures

} // namespace

std::string memory_label(const Bank& bank, std::size_t index) {
    if (index < bank.texts.size()) {
        const auto label = bank.texts.label(index), text = bank.texts.text(index);
        if (!label.empty()) return std::string(label);
        if (!text.empty()) return std::string(text);
    }
    return "memory " + std::to_string(index);
}

std::string_view memory_gloss(const Bank& bank, std::size_t index) {
    if (index >= bank.texts.size() || bank.texts.label(index).empty()) return {};
    return bank.texts.text(index);
}

std::vector<std::uint8_t> picture_pixels(std::span<const float> values, float scale, Theme theme) {
    // Paper and ink of the theme; what is neither lies between.
    constexpr float dark[2][3] = {{0.10f, 0.12f, 0.15f}, {0.93f, 0.95f, 0.98f}};
    constexpr float light[2][3] = {{0.97f, 0.97f, 0.98f}, {0.10f, 0.12f, 0.15f}};
    const auto& ends = theme == Theme::dark ? dark : light;
    std::vector<std::uint8_t> rgba;
    rgba.reserve(values.size() * 4);
    for (const float value : values) {
        const float ink = std::clamp((scale > 0 ? value / scale : 0) * 0.5f + 0.5f, 0.0f, 1.0f);
        for (int c = 0; c < 3; ++c)
            rgba.push_back(std::uint8_t(std::lround((ends[0][c] + (ends[1][c] - ends[0][c]) * ink) * 255)));
        rgba.push_back(255);
    }
    return rgba;
}

void PictureSheet::begin(int count, int width, int height) {
    width_ = width;
    height_ = height;
    // Enlarged where there is room, so that interpolation does not blur small pictures.
    repeat_ = std::clamp(128 / std::max(width, height), 1, 8);
    while (repeat_ > 1 && double(count) * width * repeat_ * height * repeat_ > 0.25 * sheet_limit * sheet_limit)
        repeat_ /= 2;
    columns_ = std::max(1, sheet_limit / (width * repeat_));
    columns_ = std::min(columns_, std::max(1, count));
    const int rows_possible = std::max(1, sheet_limit / (height * repeat_));
    count_ = std::min(count, columns_ * rows_possible);
    const int rows = std::max(1, (count_ + columns_ - 1) / columns_);
    pixels_.assign(std::size_t(columns_) * width * repeat_ * rows * height * repeat_ * 4, 0);
}

void PictureSheet::place(int i, const std::vector<std::uint8_t>& rgba) {
    const std::size_t stride = std::size_t(columns_) * width_ * repeat_ * 4;
    const int left = i % columns_ * width_ * repeat_, top = i / columns_ * height_ * repeat_;
    for (int y = 0; y < height_ * repeat_; ++y) {
        std::uint8_t* to = pixels_.data() + stride * (top + y) + std::size_t(left) * 4;
        const std::uint8_t* const from = rgba.data() + std::size_t(y / repeat_) * width_ * 4;
        for (int x = 0; x < width_ * repeat_; ++x, to += 4) std::memcpy(to, from + x / repeat_ * 4, 4);
    }
}

void PictureSheet::upload() {
    if (count_ == 0) return;
    const int width = columns_ * width_ * repeat_;
    texture_.set(width, int(pixels_.size() / 4 / width), pixels_);
    pixels_.clear();
}

void PictureSheet::draw(ImDrawList& draw, int i, ImVec2 min, ImVec2 max, float strength) const {
    if (empty() || i < 0 || i >= count_) return;
    const float width = float(texture_.width()), height = float(texture_.height());
    // Half a texel in: the neighbour on the sheet must not shine through.
    const float inset = 0.5f;
    const ImVec2 low{(i % columns_ * width_ * repeat_ + inset) / width,
                     (i / columns_ * height_ * repeat_ + inset) / height};
    const ImVec2 high{low.x + (width_ * repeat_ - 2 * inset) / width, low.y + (height_ * repeat_ - 2 * inset) / height};
    draw.AddImage(texture_.reference(), min, max, low, high, IM_COL32(255, 255, 255, int(255 * strength)));
}

const PictureSheet* MemoryPictures::of(const std::shared_ptr<const Bank>& bank, Theme theme) {
    if (!bank || !bank->has_pictures()) return nullptr;
    if (bank != bank_.lock() || theme != theme_) {
        bank_ = bank;
        theme_ = theme;
        sheet_.fill(int(std::min<std::size_t>(bank->n, 1 << 16)), bank->picture_width, bank->picture_height,
                    [&](int i) {
                        const auto row = bank->row(std::size_t(i));
                        float scale = 0;
                        for (const float value : row) scale = std::max(scale, std::abs(value));
                        return picture_pixels(row, scale, theme);
                    });
    }
    return &sheet_;
}

void memory_tooltip(const Bank& bank, std::size_t index, const ThemeColours& theme, const PictureSheet* pictures) {
    const float em = ImGui::GetFontSize();
    if (pictures) {
        const ImVec2 at = ImGui::GetCursorScreenPos();
        const ImVec2 size{em * 5, em * 5 * float(bank.picture_height) / float(bank.picture_width)};
        pictures->draw(*ImGui::GetWindowDrawList(), int(index), at, {at.x + size.x, at.y + size.y});
        ImGui::Dummy(size);
    }
    if (theme.fonts.bold) ImGui::PushFont(theme.fonts.bold, 0);
    ImGui::PushTextWrapPos(em * 28);
    ImGui::TextUnformatted(memory_label(bank, index).c_str());
    if (theme.fonts.bold) ImGui::PopFont();
    const auto gloss = memory_gloss(bank, index);
    if (!gloss.empty()) ImGui::TextUnformatted(gloss.data(), gloss.data() + gloss.size());
    ImGui::PopTextWrapPos();
    ImGui::TextDisabled("memory %zu", index);
}

} // namespace attnscope::ui
