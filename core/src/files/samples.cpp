#include <attnscope/bank.h>

#include <cstdlib>

namespace attnscope {
namespace {

std::filesystem::path from_environment(const char* variable) {
    const char* value = std::getenv(variable);
    return value == nullptr ? std::filesystem::path() : std::filesystem::path(value);
}

std::filesystem::path if_there(const std::filesystem::path& path) {
    std::error_code ignored;
    return std::filesystem::exists(path, ignored) ? path : std::filesystem::path();
}

} // namespace

std::filesystem::path cache_folder() {
    if (const auto chosen = from_environment("ATTNSCOPE_CACHE"); !chosen.empty()) return chosen;
    if (const auto shared = from_environment("XDG_CACHE_HOME"); !shared.empty()) return shared / "attnscope";
    if (const auto home = from_environment("HOME"); !home.empty()) return home / ".cache" / "attnscope";
    return std::filesystem::temp_directory_path() / "attnscope";
}

Samples find_samples() {
    const std::filesystem::path cache = cache_folder();
    Samples samples;
    samples.bank = if_there(cache / "sample" / "wordnet-minilm-20000.safetensors");
    samples.encoder = if_there(cache / "models" / "all-MiniLM-L6-v2");
    samples.model = if_there(cache / "models" / "SmolLM2-135M-Instruct-Q4_1.gguf");
    return samples;
}

} // namespace attnscope
