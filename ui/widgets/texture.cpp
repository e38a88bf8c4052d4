#include "widgets/texture.h"

#include <attnscope/error.h>

#include <imgui_internal.h>

#include <cstring>
#include <utility>

namespace attnscope::ui {

Texture::~Texture() {
    release();
}

Texture::Texture(Texture&& other) noexcept
    : context_(std::exchange(other.context_, nullptr)), data_(std::move(other.data_)),
      retired_(std::move(other.retired_)) {}

Texture& Texture::operator=(Texture&& other) noexcept {
    if (this != &other) {
        release();
        context_ = std::exchange(other.context_, nullptr);
        data_ = std::move(other.data_);
        retired_ = std::move(other.retired_);
    }
    return *this;
}

void Texture::set(int width, int height, std::span<const std::uint8_t> rgba) {
    ATTNSCOPE_ASSERT(width > 0 && height > 0 && rgba.size() == std::size_t(width) * height * 4);
    drop_retired();
    if (data_ && (data_->Width != width || data_->Height != height || context_ != ImGui::GetCurrentContext())) retire();
    if (!data_) {
        context_ = ImGui::GetCurrentContext();
        data_ = std::make_unique<ImTextureData>();
        data_->Create(ImTextureFormat_RGBA32, width, height);
        data_->UseColors = true;
        std::memcpy(data_->Pixels, rgba.data(), rgba.size());
        data_->SetStatus(ImTextureStatus_WantCreate);
        ImGui::RegisterUserTexture(data_.get());
        return;
    }
    std::memcpy(data_->Pixels, rgba.data(), rgba.size());
    if (data_->Status == ImTextureStatus_OK) data_->Updates.resize(0);
    if (data_->Status == ImTextureStatus_OK || data_->Status == ImTextureStatus_WantUpdates)
        ImTextureDataQueueUpload(data_.get(), 0, 0, width, height);
}

void Texture::retire() {
    if (context_ == ImGui::GetCurrentContext()) {
        data_->WantDestroyNextFrame = true;
        retired_.push_back({std::move(data_), ImGui::GetFrameCount()});
    }
    data_.reset();
}

void Texture::drop_retired() {
    std::erase_if(retired_, [](const Retired& old) {
        ImTextureData& data = *old.data;
        // What is in this frame's draw lists is still drawn at its end.
        if (ImGui::GetFrameCount() <= old.frame + 1 || data.Status == ImTextureStatus_WantDestroy) return false;
        if (data.TexID != ImTextureID_Invalid) {
            data.UnusedFrames = 1;
            data.SetStatus(ImTextureStatus_WantDestroy);
            return false;
        }
        ImGui::UnregisterUserTexture(&data);
        return true;
    });
}

void Texture::release() {
    if (context_ && context_ == ImGui::GetCurrentContext()) {
        if (data_) ImGui::UnregisterUserTexture(data_.get());
        for (const Retired& old : retired_) ImGui::UnregisterUserTexture(old.data.get());
    }
    data_.reset();
    retired_.clear();
}

} // namespace attnscope::ui
