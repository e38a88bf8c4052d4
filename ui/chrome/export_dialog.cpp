#include "chrome/export_dialog.h"

#include "widgets/panel_frame.h"

#include <imgui_stdlib.h>
#include <portable_file_dialogs/portable_file_dialogs.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>

namespace attnscope::ui {

namespace fs = std::filesystem;

namespace {

struct Format {
    const char *extension, *label;
    bool drawn; ///< a picture, for which style and width matter
};
constexpr std::array<Format, 7> formats{{{"svg", "SVG · text stays text", true},
                                         {"pdf", "PDF · fonts embedded", true},
                                         {"png", "PNG", true},
                                         {"csv", "CSV · the numbers", false},
                                         {"json", "JSON", false},
                                         {"npz", "npz · NumPy arrays", false},
                                         {"py", "Python · matplotlib script and npz", true}}};
constexpr double screen_dpi = 96;
constexpr const char* own_style = "own style…";

const Format& format_of(const std::string& extension) {
    const auto found = std::find_if(formats.begin(), formats.end(),
                                    [&](const Format& format) { return extension == format.extension; });
    return found == formats.end() ? formats[1] : *found;
}

std::string file_name(std::string panel) {
    std::replace(panel.begin(), panel.end(), '.', '-');
    return panel;
}

} // namespace

/// The desktop's dialog, asked without waiting for it.
struct ExportDialog::Browser {
    std::optional<pfd::save_file> dialog;
};

ExportDialog::ExportDialog() : browser_(std::make_unique<Browser>()) {}
ExportDialog::~ExportDialog() = default;

void ExportDialog::choose_format(const std::string& extension) {
    format_ = extension;
    fs::path path(path_);
    path.replace_extension(extension);
    path_ = path.string();
}

void ExportDialog::open(PanelContext& context) {
    panel_ = context.state.export_panel;
    figure_.reset();
    const Preferences& preferences = context.state.preferences;
    style_ = preferences.figure_style;
    const auto& styles = built_in_styles();
    const bool known = std::any_of(styles.begin(), styles.end(), [&](const Style& s) { return s.name == style_; });
    if (!known) own_style_ = style_;
    width_mm_ = 0;
    std::error_code failed;
    fs::path folder = path_.empty() ? fs::current_path(failed) : fs::path(path_).parent_path();
    path_ = (folder / file_name(panel_)).string() + ".";
    choose_format(context.state.export_format.empty() ? format_ : context.state.export_format);
}

void ExportDialog::take_figure(PanelContext& context) {
    if (figure_ && figure_view_ == context.state.view) return;
    try {
        figure_ = std::make_shared<const Figure>(context.services.figure(panel_));
        figure_view_ = context.state.view;
    } catch (const Error&) {
        // Still computing: the preview keeps the figure before.
    }
}

void ExportDialog::draw_preview(PanelContext& context, float width, float height) {
    const float em = ImGui::GetFontSize();
    const ImVec2 at = ImGui::GetCursorScreenPos();
    ImDrawList& draw = *ImGui::GetWindowDrawList();
    draw.AddRectFilled(at, {at.x + width, at.y + height}, ImGui::GetColorU32(ImGuiCol_FrameBg), em * 0.25f);
    if (figure_) {
        preview_->want({figure_, style_ == own_style ? own_style_ : style_, width_mm_,
                        screen_dpi * ImGui::GetStyle().FontScaleDpi});
        if (preview_->result() && preview_generation_ != preview_->generation()) {
            preview_generation_ = preview_->generation();
            const Image& image = *preview_->result();
            if (image.width > 0 && image.height > 0) picture_.set(image.width, image.height, image.rgba);
        }
    }
    if (const auto error = preview_->error()) {
        ImGui::SetCursorScreenPos({at.x + em, at.y + em});
        ImGui::PushTextWrapPos(ImGui::GetCursorPosX() + width - 2 * em);
        ImGui::TextColored(context.theme.error, "%s", error->what());
        ImGui::PopTextWrapPos();
    } else if (!picture_.empty()) {
        const float margin = em * 0.8f;
        const float scale = std::min({1.0f, (width - 2 * margin) / float(picture_.width()),
                                      (height - 2.4f * margin) / float(picture_.height())});
        const ImVec2 size{float(picture_.width()) * scale, float(picture_.height()) * scale};
        const ImVec2 low{std::floor(at.x + (width - size.x) / 2), std::floor(at.y + (height - size.y - margin) / 2)};
        const ImVec2 high{low.x + size.x, low.y + size.y};
        draw.AddRectFilled(low, high, IM_COL32_WHITE);
        draw.AddImage(picture_.reference(), low, high, {0, 0}, {1, 1},
                      IM_COL32(255, 255, 255, preview_->stale() ? 160 : 255));
        char note[96];
        const double dpi = screen_dpi * ImGui::GetStyle().FontScaleDpi;
        const double across = picture_.width() / dpi * 25.4, down = picture_.height() / dpi * 25.4;
        if (scale < 0.995f)
            std::snprintf(note, sizeof note, "%.1f × %.1f mm, shown at %.0f %% of its true size", across, down,
                          double(scale) * 100);
        else
            std::snprintf(note, sizeof note, "%.1f × %.1f mm, true size at %.0f dpi", across, down, dpi);
        const ImVec2 extent = ImGui::CalcTextSize(note);
        draw.AddText({at.x + (width - extent.x) / 2, at.y + height - extent.y - em * 0.3f},
                     ImGui::GetColorU32(context.theme.muted_text), note);
    } else {
        const char* const words = figure_ ? "Drawing…" : "Waiting for the figure…";
        draw.AddText({at.x + em, at.y + em}, ImGui::GetColorU32(context.theme.muted_text), words);
    }
    ImGui::SetCursorScreenPos(at);
    ImGui::Dummy({width, height});
}

void ExportDialog::draw_choices(PanelContext& context, float width) {
    const float em = ImGui::GetFontSize();
    const auto label = [&](const char* text) {
        ImGui::TextDisabled("%s", text);
        ImGui::SetNextItemWidth(width);
    };
    label("Format");
    if (ImGui::BeginCombo("##format", format_of(format_).label)) {
        for (const Format& format : formats)
            if (ImGui::Selectable(format.label, format_ == format.extension)) choose_format(format.extension);
        ImGui::EndCombo();
    }
    const bool drawn = format_of(format_).drawn;
    ImGui::BeginDisabled(!drawn);
    label("Style");
    const auto& styles = built_in_styles();
    if (ImGui::BeginCombo("##style", style_.c_str())) {
        for (const Style& style : styles) {
            char entry[96];
            std::snprintf(entry, sizeof entry, "%s  %.1f mm", style.name.c_str(), style.width_mm);
            if (ImGui::Selectable(entry, style_ == style.name)) {
                style_ = style.name;
                width_mm_ = 0;
                context.emit("figure.style", {{"style", style_}});
            }
        }
        if (ImGui::Selectable(own_style, style_ == own_style)) style_ = own_style;
        ImGui::EndCombo();
    }
    if (style_ == own_style) {
        label("Style file (JSON)");
        ImGui::InputTextWithHint("##own style", "path of a style file", &own_style_);
    }
    label("Width");
    double shown = width_mm_;
    const auto built_in = std::find_if(styles.begin(), styles.end(), [&](const Style& s) { return s.name == style_; });
    if (shown == 0) shown = built_in != styles.end() ? built_in->width_mm : 139.7;
    if (ImGui::InputDouble("##width", &shown, 0, 0, "%.1f mm")) width_mm_ = std::clamp(shown, 20.0, 1000.0);
    ImGui::EndDisabled();
    if (format_ == "png") {
        label("Resolution");
        if (ImGui::InputFloat("##dpi", &dpi_, 0, 0, "%.0f dpi")) dpi_ = std::clamp(dpi_, 20.0f, 2400.0f);
    }
    ImGui::Dummy({0, em * 0.2f});
    ImGui::Checkbox("With its recipe", &recipe_);
    ImGui::SetItemTooltip("How the figure was made: inputs by file name and hash, parameters. Opening the file brings "
                          "back this view; `attnscope replay` checks its numbers.");
}

void ExportDialog::draw_path(PanelContext& context, float width) {
    const float em = ImGui::GetFontSize(), button = em * 6;
    if (browser_->dialog && browser_->dialog->ready(0)) {
        const std::string chosen = browser_->dialog->result();
        browser_->dialog.reset();
        if (!chosen.empty()) {
            path_ = chosen;
            if (fs::path(path_).extension().empty()) choose_format(format_);
        }
    }
    ImGui::TextDisabled("File");
    const bool can_browse = pfd::settings::available();
    ImGui::SetNextItemWidth(can_browse ? width - button - em * 0.5f : width);
    if (ImGui::InputText("##path", &path_)) {
        std::string extension = fs::path(path_).extension().string();
        if (!extension.empty()) extension.erase(0, 1);
        for (const Format& format : formats)
            if (extension == format.extension) format_ = extension;
    }
    if (can_browse) {
        ImGui::SameLine(0, em * 0.5f);
        if (ImGui::Button("Browse…", {button, 0}) && !browser_->dialog)
            browser_->dialog.emplace("Export figure", path_, std::vector<std::string>{"All files", "*"});
    }
    ImGui::Dummy({0, em * 0.3f});
    const float right = ImGui::GetCursorPosX() + width;
    const std::string style = style_ == own_style ? own_style_ : style_;
    ImGui::SetCursorPosX(right - 2 * button - em * 0.5f);
    if (ImGui::Button("Cancel", {button, 0})) context.emit("figure.close_export");
    ImGui::SameLine(0, em * 0.5f);
    ImGui::BeginDisabled(!figure_ || path_.empty() || style.empty());
    ImGui::PushStyleColor(ImGuiCol_Button, context.theme.accent);
    ImGui::PushStyleColor(ImGuiCol_Text, context.theme.accent_text);
    if (ImGui::Button("Export", {button, 0}))
        context.emit("figure.export", {{"panel", panel_},
                                       {"path", path_},
                                       {"style", style},
                                       {"width", width_mm_},
                                       {"dpi", double(dpi_)},
                                       {"recipe", recipe_}});
    ImGui::PopStyleColor(2);
    ImGui::EndDisabled();
}

void ExportDialog::draw(PanelContext& context) {
    if (context.state.export_panel != panel_) {
        if (context.state.export_panel.empty()) {
            panel_.clear();
            figure_.reset();
            preview_.reset();
            preview_generation_ = 0;
            return;
        }
        open(context);
    }
    if (panel_.empty()) return;
    if (!preview_)
        preview_.emplace(
            context.services.jobs(),
            Slot<PreviewRequest, Image>::Options{.name = "Preview of the figure",
                                                 .lane = Lane::files,
                                                 .bytes = [](const Image& image) { return image.rgba.size(); },
                                                 .cache_bytes = 32u << 20},
            [](const PreviewRequest& request, JobContext&) {
                Style style = find_style(request.style);
                if (request.width_mm > 0) style.width_mm = request.width_mm;
                return figure_image(*request.figure, style, request.dpi);
            });
    take_figure(context);
    const float em = ImGui::GetFontSize();
    const ImGuiViewport& screen = *ImGui::GetMainViewport();
    const ImVec2 size{std::min(screen.WorkSize.x * 0.9f, em * 64), std::min(screen.WorkSize.y * 0.9f, em * 38)};
    ImGui::SetNextWindowPos({screen.WorkPos.x + screen.WorkSize.x / 2, screen.WorkPos.y + screen.WorkSize.y / 2},
                            ImGuiCond_Appearing, {0.5f, 0.5f});
    ImGui::SetNextWindowSize(size, ImGuiCond_Appearing);
    bool stay = true;
    const std::string name = "Export " + (figure_ ? figure_->title : panel_) + "###export";
    if (ImGui::Begin(name.c_str(), &stay,
                     ImGuiWindowFlags_NoDocking | ImGuiWindowFlags_NoCollapse | ImGuiWindowFlags_NoSavedSettings)) {
        const ImVec2 room = ImGui::GetContentRegionAvail();
        const float choices = em * 17, bottom = ImGui::GetFrameHeightWithSpacing() * 3.4f;
        draw_preview(context, room.x - choices - em, room.y - bottom);
        ImGui::SameLine(0, em);
        ImGui::BeginGroup();
        draw_choices(context, choices);
        ImGui::EndGroup();
        ImGui::SetCursorPosY(ImGui::GetWindowHeight() - bottom - ImGui::GetStyle().WindowPadding.y + em * 0.4f);
        draw_path(context, room.x);
    }
    const bool escaped =
        ImGui::IsWindowFocused(ImGuiFocusedFlags_RootAndChildWindows) && ImGui::IsKeyPressed(ImGuiKey_Escape, false);
    ImGui::End();
    if (!stay || escaped) context.emit("figure.close_export");
}

} // namespace attnscope::ui
