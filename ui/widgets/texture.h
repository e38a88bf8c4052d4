// A picture for the draw list, uploaded through ImGui's own texture interface and so by whatever backend draws.
#pragma once

#include <imgui.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace attnscope::ui {

class Texture {
public:
    Texture() = default;
    ~Texture();
    Texture(const Texture&) = delete;
    Texture& operator=(const Texture&) = delete;
    Texture(Texture&& other) noexcept;
    Texture& operator=(Texture&& other) noexcept;

    /// rgba.size() = 4·width·height. Uploads at the end of the frame; call it only when the picture changed.
    void set(int width, int height, std::span<const std::uint8_t> rgba);
    bool empty() const { return !data_; }
    int width() const { return data_ ? data_->Width : 0; }
    int height() const { return data_ ? data_->Height : 0; }
    ImTextureRef reference() const { return data_->GetTexRef(); }

private:
    struct Retired {
        std::unique_ptr<ImTextureData> data;
        int frame;
    };
    void retire();
    void drop_retired();
    void release();

    ImGuiContext* context_ = nullptr; ///< where the textures are registered
    std::unique_ptr<ImTextureData> data_;
    std::vector<Retired> retired_; ///< until the backend has let go of them
};

} // namespace attnscope::ui
