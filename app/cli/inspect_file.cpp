#include "cli/inspect_file.h"

#include "base/json_reader.h"
#include "cli/inspect_model.h"

#include <attnscope/bank.h>
#include <attnscope/figure.h>
#include <attnscope/model.h>
#include <attnscope/tensor_file.h>

#include <algorithm>
#include <cstdio>

namespace attnscope::cli {
namespace fs = std::filesystem;

namespace {

std::string name_of(const fs::path& path) {
    return (path.filename().empty() ? path.parent_path() : path).filename().string();
}

void add_file(Json& json, const fs::path& path) {
    json["bytes"] = fs::file_size(path);
    json["sha256"] = sha256_file(path);
}

/// A file of tensors: a bank where it can be opened as one.
Json inspect_tensors(const fs::path& path) {
    const auto file = open_tensor_file(path);
    Json json = {{"name", name_of(path)}, {"kind", "tensors"}, {"format", file->format()}};
    try {
        const auto bank = open_bank(path);
        json["kind"] = "bank";
        json["bank"] = {{"n", bank->n}, {"d", bank->d}, {"texts", bank->texts.size()}, {"encoder", bank->encoder}};
        if (!bank->assumption.empty()) json["bank"]["assumption"] = bank->assumption;
    } catch (const Error& error) {
        if (error.kind != ErrorKind::input) throw;
    }
    add_file(json, path);
    if (!file->metadata().empty()) json["metadata"] = file->metadata();
    json["tensors"] = tensors_json(*file);
    return json;
}

Json inspect_texts(const fs::path& path) {
    const std::vector<std::string> lines = path.extension() == ".jsonl" ? read_questions(path) : read_lines(path);
    Json json = {{"name", name_of(path)}, {"kind", "texts"}, {"format", "text"}, {"lines", lines.size()}};
    add_file(json, path);
    return json;
}

Json inspect_recipe(const fs::path& path, const std::string& extension) {
    const bool figure = extension != ".json";
    Json json = {{"name", name_of(path)}, {"kind", figure ? "figure" : "result"}, {"format", extension.substr(1)}};
    add_file(json, path);
    json["recipe"] = parse_json(read_recipe(path), path.filename().string(), json_kinds::recipe);
    return json;
}

/// A GGUF file may hold what is no model, or one that this program cannot run: then its tensors are shown, and why.
Json inspect_gguf(const fs::path& path) {
    try {
        return inspect_model(path);
    } catch (const Error& error) {
        if (error.kind != ErrorKind::input) throw;
        Json json = inspect_tensors(path);
        json["problem"] = error.what();
        return json;
    }
}

} // namespace

Json tensors_json(const TensorFile& file) {
    Json tensors = Json::array();
    for (const TensorInfo& tensor : file.tensors()) {
        const std::size_t elements = tensor.elements();
        tensors.push_back({{"name", tensor.name},
                           {"dtype", dtype_name(tensor.dtype)},
                           {"shape", tensor.shape},
                           {"elements", elements},
                           {"bytes", tensor.bytes()}});
    }
    return tensors;
}

Json inspect_file(const fs::path& path) {
    std::error_code failure;
    if (!fs::exists(path, failure)) throw Error(ErrorKind::input, path.string(), "a file or folder", "nothing there");
    if (fs::is_directory(path, failure)) return inspect_model(path);
    if (is_model(path)) return inspect_gguf(path);
    const std::string extension = path.extension().string();
    if (extension == ".txt" || extension == ".jsonl") return inspect_texts(path);
    for (const char* with_recipe : {".json", ".svg", ".pdf", ".png", ".py"}) {
        if (extension == with_recipe) return inspect_recipe(path, extension);
    }
    return inspect_tensors(path);
}

std::string size_text(std::uint64_t bytes) {
    constexpr const char* units[] = {"B", "kB", "MB", "GB", "TB"};
    double value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= 999.5 && unit + 1 < std::size(units)) {
        value /= 1000;
        ++unit;
    }
    char text[32];
    std::snprintf(text, sizeof text, unit == 0 || value >= 99.95 ? "%.0f %s" : "%.3g %s", value, units[unit]);
    return text;
}

} // namespace attnscope::cli
