#include "widgets/font_files.h"

#include <cstdlib>
#include <string>
#include <system_error>
#include <vector>

namespace attnscope::ui {

namespace fs = std::filesystem;

namespace {

std::vector<fs::path> font_folders() {
    std::vector<fs::path> folders;
    if (const char* data = std::getenv("XDG_DATA_HOME"); data && *data) folders.push_back(fs::path(data) / "fonts");
    if (const char* home = std::getenv("HOME"); home && *home) {
        folders.push_back(fs::path(home) / ".local/share/fonts");
        folders.push_back(fs::path(home) / ".fonts");
    }
    folders.push_back("/usr/local/share/fonts");
    folders.push_back("/usr/share/fonts");
    return folders;
}

/// Where distributions put the families we ask for; looked at first, so that no start walks a large font tree.
constexpr const char* usual_folders[] = {
    "opentype/inter", "truetype/jetbrains-mono", "truetype/dejavu", "truetype/inter", "inter", "jetbrains-mono"};

} // namespace

fs::path find_font_file(std::string_view name) {
    const auto folders = font_folders();
    std::error_code failed;
    for (const auto& folder : folders)
        for (const char* usual : usual_folders)
            if (auto path = folder / usual / name; fs::is_regular_file(path, failed)) return path;
    for (const auto& folder : folders) {
        fs::recursive_directory_iterator entry(folder, fs::directory_options::skip_permission_denied, failed), end;
        for (; !failed && entry != end; entry.increment(failed))
            if (entry->path().filename() == name) return entry->path();
    }
    return {};
}

} // namespace attnscope::ui
