#include "files/find_input.h"

#include <attnscope/model.h>

#include <algorithm>

namespace attnscope {
namespace fs = std::filesystem;

namespace {

bool has_hash(const fs::path& file, const std::string& sha256, const BytesDone& between) {
    try {
        return sha256_file(file, between) == sha256;
    } catch (const Error& error) {
        if (error.kind == ErrorKind::resource) throw; // it may be the one
        return false;                                 // unreadable: not the one
    }
}

bool is_file(const fs::path& path) {
    std::error_code failure;
    return fs::is_regular_file(path, failure);
}

bool is_folder(const fs::path& path) {
    std::error_code failure;
    return fs::is_directory(path, failure);
}

/// Entries of a folder in the order of their names; none when it cannot be read.
std::vector<fs::path> entries(const fs::path& folder) {
    std::vector<fs::path> list;
    std::error_code failure;
    for (fs::directory_iterator it(folder, failure), end; !failure && it != end; it.increment(failure)) {
        list.push_back(it->path());
    }
    std::sort(list.begin(), list.end());
    return list;
}

bool is_encoder(const fs::path& path, const std::string& sha256, const BytesDone& between) {
    const fs::path weights = encoder_weights(path);
    return !weights.empty() && has_hash(weights, sha256, between);
}

bool is_model_with(const fs::path& path, const std::string& sha256, const BytesDone& between) {
    try {
        return is_model(path) && open_model_files(path).sha256(between) == sha256;
    } catch (const Error& error) {
        if (error.kind == ErrorKind::resource) throw;
        return false;
    }
}

/// What may be a folder: by its name, then as a place itself, then beside the recipe.
template <class Matches>
fs::path find_named(const RecipeInput& input, const std::vector<fs::path>& places, Matches matches) {
    const fs::path name = fs::path(input.name).filename();
    for (const fs::path& place : places) {
        if (matches(place / name, input.sha256)) return place / name;
    }
    for (const fs::path& place : places) {
        if (matches(place, input.sha256)) return place;
        for (const fs::path& entry : entries(place)) {
            if (entry.filename() != name && matches(entry, input.sha256)) return entry;
        }
    }
    return {};
}

} // namespace

std::string base_name(const fs::path& path) {
    return (path.filename().empty() ? path.parent_path() : path).filename().string();
}

std::vector<fs::path> with_samples(std::vector<fs::path> places) {
    const Samples samples = find_samples();
    for (const fs::path& sample : {samples.bank, samples.encoder, samples.model}) {
        if (!sample.empty()) places.push_back(sample);
    }
    return places;
}

fs::path locate(const RecipeInput& input, const std::vector<fs::path>& places, const BytesDone& between) {
    const fs::path found = find_by_hash(input, places, between);
    if (found.empty()) {
        throw Error(ErrorKind::input, input.name, "a file with SHA-256 " + input.sha256,
                    "none beside the recipe or in the folders given", input.role);
    }
    return found;
}

fs::path encoder_weights(const fs::path& path) {
    for (const char* name : {"model.safetensors", "pytorch_model.bin"}) {
        if (is_file(path / name)) return path / name;
    }
    return is_file(path) && is_model(path) ? path : fs::path();
}

fs::path find_where(const RecipeInput& input, const std::vector<fs::path>& places,
                    const std::function<bool(const fs::path&)>& accept, const BytesDone& between) {
    const auto matches = input.role == "encoder" ? is_encoder : is_model_with;
    return find_named(input, places, [&](const fs::path& path, const std::string& sha256) {
        return matches(path, sha256, between) && accept(path);
    });
}

fs::path find_by_hash(const RecipeInput& input, const std::vector<fs::path>& places, const BytesDone& between) {
    if (input.role == "encoder" || input.role == "model")
        return find_where(
            input, places, [](const fs::path&) { return true; }, between);
    // A recipe is a stranger's text: its name must not lead out of the folders.
    const fs::path name = fs::path(input.name).filename();
    for (const fs::path& place : places) {
        const fs::path candidate = is_folder(place) ? place / name : place;
        if (candidate.filename() == name && is_file(candidate) && has_hash(candidate, input.sha256, between))
            return candidate;
    }
    const auto same_kind = [&](const fs::path& path) { return path.extension() == name.extension() && is_file(path); };
    for (const fs::path& place : places) {
        if (!is_folder(place)) {
            if (same_kind(place) && has_hash(place, input.sha256, between)) return place;
            continue;
        }
        for (const fs::path& entry : entries(place)) {
            if (same_kind(entry) && has_hash(entry, input.sha256, between)) return entry;
        }
    }
    return {};
}

} // namespace attnscope
