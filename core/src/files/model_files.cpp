#include <attnscope/model.h>

#include "base/input_error.h"
#include "files/gguf.h"
#include "files/model_config.h"
#include "files/sharded_file.h"
#include "files/tensor_contents.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <utility>

namespace attnscope {
namespace {

namespace fs = std::filesystem;

constexpr const char* config_name = "config.json";

bool is_gguf(const fs::path& path) {
    std::error_code failure;
    // A pipe would be read from, and never give back what it gave.
    if (!fs::is_regular_file(path, failure)) return false;
    std::array<char, 4> start{};
    std::ifstream(path, std::ios::binary).read(start.data(), start.size());
    return looks_like_gguf(std::as_bytes(std::span(start)));
}

bool is_there(const fs::path& path) {
    std::error_code failure;
    return fs::exists(path, failure);
}

void open_folder_weights(const fs::path& folder, ModelFiles& files) {
    for (const char* const name : {"model.safetensors", "pytorch_model.bin"}) {
        if (is_there(folder / name)) {
            files.weight_files = {folder / name};
            files.weights = open_tensor_file(folder / name);
            return;
        }
        if (const fs::path index = folder / (std::string(name) + ".index.json"); is_there(index)) {
            files.weights = open_shards(index, files.weight_files);
            return;
        }
    }
    input_error(folder.string(), "model.safetensors, pytorch_model.bin or the index of its shards", "none of them");
}

void open_folder(const fs::path& folder, ModelFiles& files) {
    if (!is_there(folder / config_name))
        input_error(folder.string(), "a folder with config.json, or a GGUF file", "a folder without it");
    files.config = read_model_config(folder / config_name);
    open_folder_weights(folder, files);
    files.has_tokenizer = is_there(folder / "tokenizer.json") || is_there(folder / "vocab.txt");
}

void open_gguf(const fs::path& path, ModelFiles& files) {
    const auto mapping = MappedFile::open(path);
    const GgufMetadata metadata = parse_gguf_metadata(mapping->bytes(), path.string());
    files.weights = open_tensor_file(mapping);
    files.weight_files = {path};
    files.config = gguf_model_config(metadata, *files.weights);
    files.has_tokenizer = metadata.contains("tokenizer.ggml.model");
}

/// The dtype that most elements have.
const char* prevailing_dtype(const TensorFile& weights) {
    std::map<DType, std::size_t> elements;
    for (const TensorInfo& tensor : weights.tensors()) elements[tensor.dtype] += tensor.elements();
    const auto most = std::max_element(elements.begin(), elements.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    return most == elements.end() ? "no weights" : dtype_name(most->first);
}

} // namespace

const char* family_name(Family family) noexcept {
    switch (family) {
    case Family::gpt2: return "gpt2";
    case Family::gpt_neox: return "gpt_neox";
    case Family::llama: return "llama";
    case Family::qwen3: return "qwen3";
    case Family::bert: return "bert";
    }
    return "?";
}

std::int64_t ModelConfig::window(std::int64_t layer) const {
    if (windowed.empty()) return sliding_window;
    return windowed.at(static_cast<std::size_t>(layer)) ? sliding_window : 0;
}

std::string ModelFiles::summary() const {
    std::string text = std::string(family_name(config.family)) + " · " + std::to_string(config.layers) +
                       (config.layers == 1 ? " layer · " : " layers · ") + std::to_string(config.heads) +
                       (config.heads == 1 ? " head" : " heads");
    if (config.key_value_heads != config.heads) text += " (" + std::to_string(config.key_value_heads) + " KV)";
    return text + " · hidden " + std::to_string(config.hidden) + " · " + prevailing_dtype(*weights);
}

std::string ModelFiles::sha256(const std::function<void(std::uint64_t)>& between) const {
    if (weight_files.size() == 1) return sha256_file(weight_files.front(), between);
    std::string hashes;
    std::uint64_t before = 0, done = 0;
    for (const fs::path& file : weight_files) {
        hashes += sha256_file(file, [&](std::uint64_t of_file) {
            done = of_file;
            if (between) between(before + done);
        });
        before += std::exchange(done, 0);
    }
    return attnscope::sha256(hashes);
}

bool is_model(const fs::path& path) {
    std::error_code failure;
    return fs::is_directory(path, failure) ? is_there(path / config_name) : is_gguf(path);
}

ModelFiles open_model_files(const fs::path& path) {
    std::error_code failure;
    ModelFiles files;
    files.path = fs::canonical(path, failure);
    if (failure) input_error(path.string(), "a folder with config.json, or a GGUF file", "nothing there");
    files.name = files.path.filename().string();
    if (fs::is_directory(files.path, failure)) {
        open_folder(files.path, files);
    } else if (is_gguf(files.path)) {
        open_gguf(files.path, files);
    } else {
        input_error(path.string(), "a folder with config.json, or a GGUF file", "another file");
    }
    check_model_sizes(files.config, *files.weights);
    files.format = files.weights->format();
    for (const TensorInfo& tensor : files.weights->tensors()) files.parameters += tensor.elements();
    for (const fs::path& file : files.weight_files) files.bytes += fs::file_size(file);
    return files;
}

} // namespace attnscope
