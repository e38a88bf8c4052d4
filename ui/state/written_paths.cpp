#include "state/written_paths.h"

#include "files/write_check.h"

#include <vector>

namespace attnscope::ui {

namespace {

std::vector<std::filesystem::path> source_files(const AppState& state) {
    std::vector<std::filesystem::path> files;
    for (const Source& source : state.sources) {
        // Of a figure only its view was taken, which may be exported into the same file again.
        if (source.kind == SourceKind::result && source.path.extension() != ".json") continue;
        if (!source.path.empty()) files.push_back(source.path);
        if (!source.companion.empty()) files.push_back(source.companion);
    }
    return files;
}

} // namespace

void refuse_source_file(const AppState& state, const std::filesystem::path& path) {
    const auto sources = source_files(state);
    const std::string name = path.filename().string();
    refuse_overwriting(name, path, sources);
    if (path.extension() == ".py")
        refuse_overwriting(name, std::filesystem::path(path).replace_extension(".npz"), sources);
}

void refuse_source_folder(const AppState& state, const std::filesystem::path& folder) {
    for (const char* const name : {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"})
        refuse_source_file(state, folder / name);
}

} // namespace attnscope::ui
