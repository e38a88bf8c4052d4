#include "files/write_check.h"

#include <attnscope/model.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include <sys/stat.h>

namespace attnscope {
namespace {

namespace fs = std::filesystem;

/// Same for all names of one file.
struct FileIdentity {
    dev_t device = 0;
    ino_t inode = 0;
    bool there = false;
    bool operator==(const FileIdentity&) const = default;
};

FileIdentity identity_of(const fs::path& path) {
    struct stat status = {};
    if (stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
    return {status.st_dev, status.st_ino, true};
}

/// What tools save a model as, beside its weights.
constexpr std::array model_file_names{"config.json",
                                      "generation_config.json",
                                      "tokenizer.json",
                                      "tokenizer_config.json",
                                      "tokenizer.model",
                                      "special_tokens_map.json",
                                      "added_tokens.json",
                                      "vocab.json",
                                      "vocab.txt",
                                      "merges.txt",
                                      "chat_template.jinja",
                                      "chat_template.json",
                                      "modules.json",
                                      "sentence_bert_config.json",
                                      "config_sentence_transformers.json",
                                      "model.safetensors",
                                      "model.safetensors.index.json",
                                      "pytorch_model.bin",
                                      "pytorch_model.bin.index.json"};

/// The files in a folder that are read from it. A folder without a model (WordNet's) is read whole.
std::vector<fs::path> files_read_from(const fs::path& folder) {
    std::vector<fs::path> files;
    std::error_code failure;
    const auto add_entries = [&](const fs::path& from, auto&& wanted) {
        std::error_code unreadable;
        for (fs::directory_iterator it(from, unreadable), end; !unreadable && it != end; it.increment(unreadable))
            if (wanted(it->path())) files.push_back(it->path());
    };
    if (!fs::exists(folder / "config.json", failure)) {
        add_entries(folder, [](const fs::path&) { return true; });
        return files;
    }
    const auto of_model = [](const fs::path& path) {
        return std::find(model_file_names.begin(), model_file_names.end(), path.filename().string()) !=
               model_file_names.end();
    };
    add_entries(folder, of_model);
    // Sentence encoders keep the configuration of their pooling in a folder of its own.
    std::vector<fs::path> folders;
    for (fs::directory_iterator it(folder, failure), end; !failure && it != end; it.increment(failure))
        if (std::error_code ignored; it->is_directory(ignored)) folders.push_back(it->path());
    for (const fs::path& inner : folders) add_entries(inner, of_model);
    try {
        for (const fs::path& weights : open_model_files(folder).weight_files) files.push_back(weights);
    } catch (const Error&) {
        // Not a model that can be opened; whoever opens it says why.
    }
    return files;
}

} // namespace

void refuse_overwriting(const std::string& subject, const fs::path& path, std::span<const fs::path> inputs) {
    const FileIdentity written = identity_of(path);
    if (!written.there) return;
    const auto refuse = [&](const fs::path& input) {
        throw Error(ErrorKind::usage, subject, "another file than the inputs", path.string(),
                    "input " + input.string());
    };
    for (const fs::path& input : inputs) {
        if (identity_of(input) == written) refuse(input);
        if (std::error_code failure; !fs::is_directory(input, failure)) continue;
        for (const fs::path& file : files_read_from(input))
            if (identity_of(file) == written) refuse(file);
    }
}

} // namespace attnscope
