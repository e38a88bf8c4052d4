// Choosing a file: through the desktop's dialog program, or where there is none through a small window of our own.
#include "chrome/chrome.h"
#include "widgets/controls.h"

#include <portable_file_dialogs/portable_file_dialogs.h>

#include <misc/cpp/imgui_stdlib.h>

#include <algorithm>

namespace attnscope::ui {

namespace fs = std::filesystem;
using FileDialog = AppState::FileDialog;

namespace {

const char* title_of(FileDialog kind) {
    switch (kind) {
    case FileDialog::none: return "";
    case FileDialog::open: return "Open";
    case FileDialog::open_session: return "Open session";
    case FileDialog::save_session: return "Save session";
    case FileDialog::locate: return "Locate the source";
    }
    return "";
}

/// What the chosen path is for.
Command answer(const AppState& state, FileDialog kind, const std::string& path) {
    switch (kind) {
    case FileDialog::open_session: return command("session.open", {{"path", path}});
    case FileDialog::save_session: return command("session.save", {{"path", path}});
    case FileDialog::locate:
        return command("source.locate", {{"source", std::int64_t{state.locate_source}}, {"path", path}});
    default: return command("file.open", {{"path", path}});
    }
}

/// Folders first, then files, by name; hidden ones left out.
std::vector<fs::directory_entry> listing(const fs::path& folder) {
    std::vector<fs::directory_entry> entries;
    std::error_code failed;
    for (fs::directory_iterator entry(folder, fs::directory_options::skip_permission_denied, failed), end;
         !failed && entry != end; entry.increment(failed))
        if (!entry->path().filename().string().starts_with('.')) entries.push_back(*entry);
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
        std::error_code ignored;
        const bool a_folder = a.is_directory(ignored), b_folder = b.is_directory(ignored);
        return a_folder != b_folder ? a_folder : a.path().filename() < b.path().filename();
    });
    return entries;
}

} // namespace

struct FileDialogs::Impl {
    FileDialog kind = FileDialog::none;
    std::unique_ptr<pfd::open_file> opening;
    std::unique_ptr<pfd::save_file> saving;
    // the window's own dialog
    fs::path folder;
    std::string name;
    std::vector<fs::directory_entry> entries;

    bool desktop_waits() const { return opening || saving; }

    void begin(FileDialog wanted, const fs::path& start) {
        kind = wanted;
        if (pfd::settings::available()) {
            if (kind == FileDialog::save_session)
                saving = std::make_unique<pfd::save_file>(title_of(kind), (start / "session.json").string());
            else
                opening = std::make_unique<pfd::open_file>(title_of(kind), start.string(),
                                                           std::vector<std::string>{"All files", "*"});
            return;
        }
        go_to(start);
        name = kind == FileDialog::save_session ? "session.json" : "";
        ImGui::OpenPopup(title_of(kind));
    }

    void go_to(const fs::path& where) {
        std::error_code failed;
        folder = fs::weakly_canonical(where, failed);
        entries = listing(folder);
        name.clear();
    }

    /// The chosen path; an empty one when the dialog was left. None while it is open.
    std::optional<std::string> desktop_answer() {
        if (opening && opening->ready(0)) {
            const auto paths = opening->result();
            opening.reset();
            return paths.empty() ? "" : paths.front();
        }
        if (saving && saving->ready(0)) {
            const auto path = saving->result();
            saving.reset();
            return path;
        }
        return std::nullopt;
    }

    std::optional<std::string> own_answer(const ThemeColours& theme);
};

std::optional<std::string> FileDialogs::Impl::own_answer(const ThemeColours& theme) {
    const float em = ImGui::GetFontSize();
    std::optional<std::string> chosen;
    ImGui::SetNextWindowPos(ImGui::GetMainViewport()->GetCenter(), ImGuiCond_Appearing, {0.5f, 0.5f});
    ImGui::SetNextWindowSize({em * 42, em * 30}, ImGuiCond_Appearing);
    bool open = true;
    if (!ImGui::BeginPopupModal(title_of(kind), &open, ImGuiWindowFlags_NoSavedSettings)) return std::nullopt;
    if (ImGui::Button("Up") && folder.has_parent_path()) go_to(folder.parent_path());
    ImGui::SameLine();
    ImGui::AlignTextToFramePadding();
    styled_text(folder.string(), theme.muted_text);
    if (ImGui::BeginChild("entries", {0, -ImGui::GetFrameHeightWithSpacing() * 2})) {
        std::optional<fs::path> entered;
        for (const auto& entry : entries) {
            std::error_code failed;
            const bool is_folder = entry.is_directory(failed);
            const std::string label = entry.path().filename().string() + (is_folder ? "/" : "");
            if (ImGui::Selectable(label.c_str(), name == entry.path().filename().string(),
                                  ImGuiSelectableFlags_AllowDoubleClick | ImGuiSelectableFlags_NoAutoClosePopups)) {
                if (ImGui::IsMouseDoubleClicked(0) && is_folder)
                    entered = entry.path();
                else if (ImGui::IsMouseDoubleClicked(0))
                    chosen = entry.path().string();
                else
                    name = entry.path().filename().string();
            }
        }
        if (entered) go_to(*entered);
    }
    ImGui::EndChild();
    if (ImGui::IsWindowAppearing()) ImGui::SetKeyboardFocusHere();
    ImGui::SetNextItemWidth(-FLT_MIN);
    const bool typed = ImGui::InputTextWithHint("##name", "name or path of a file; of a folder for an encoder", &name,
                                                ImGuiInputTextFlags_EnterReturnsTrue);
    ImGui::BeginDisabled(name.empty());
    // An absolute path takes the place of the folder, as operator/ does.
    if (ImGui::Button(kind == FileDialog::save_session ? "Save" : "Open") || (typed && !name.empty()))
        chosen = (folder / name).string();
    ImGui::EndDisabled();
    ImGui::SameLine();
    if (ImGui::Button("Cancel") || !open) chosen = "";
    if (chosen) ImGui::CloseCurrentPopup();
    ImGui::EndPopup();
    return chosen;
}

FileDialogs::FileDialogs() : impl_(std::make_unique<Impl>()) {}
FileDialogs::~FileDialogs() = default;
bool FileDialogs::waiting() const {
    return impl_->desktop_waits();
}

void FileDialogs::draw(ChromeContext& context) {
    const FileDialog wanted = context.state.file_dialog;
    if (wanted == FileDialog::none) return;
    std::error_code failed;
    if (impl_->kind == FileDialog::none) {
        const auto& recent = context.state.preferences.recent;
        const fs::path last = recent.empty() ? fs::path() : recent.front().parent_path();
        impl_->begin(wanted, fs::is_directory(last, failed) ? last : fs::current_path(failed));
    }
    std::optional<std::string> path =
        impl_->desktop_waits() ? impl_->desktop_answer() : impl_->own_answer(context.theme);
    const bool left = !impl_->desktop_waits() && !path && !ImGui::IsPopupOpen(title_of(impl_->kind));
    if (!path && !left) return;
    if (path && !path->empty()) context.out.push_back(answer(context.state, impl_->kind, *path));
    context.emit("file.close_dialog");
    impl_->kind = FileDialog::none;
}

} // namespace attnscope::ui
