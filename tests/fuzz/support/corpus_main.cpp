// Stands in for libFuzzer where the compiler has none: feeds every file of the given folders, in order of name, to the
// fuzz target once. A finding is a crash, as under libFuzzer; the exit status is 0 otherwise.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

std::vector<std::filesystem::path> files_below(const std::filesystem::path& place) {
    if (!std::filesystem::is_directory(place)) {
        return {place};
    }
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(place)) {
        if (entry.is_regular_file()) {
            files.push_back(entry.path());
        }
    }
    std::sort(files.begin(), files.end());
    return files;
}

} // namespace

int main(int argument_count, char** arguments) {
    std::size_t count = 0;
    for (int i = 1; i < argument_count; ++i) {
        for (const auto& file : files_below(arguments[i])) {
            std::ifstream stream(file, std::ios::binary);
            if (!stream) {
                std::fprintf(stderr, "%s: expected a readable file, got none\n", file.c_str());
                return 3;
            }
            const std::vector<char> bytes{std::istreambuf_iterator<char>(stream), {}};
            // Printed first, so that a crash names its input.
            std::printf("%s\n", file.c_str());
            std::fflush(stdout);
            LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
            ++count;
        }
    }
    // An empty input reaches every target even before it has a corpus.
    LLVMFuzzerTestOneInput(nullptr, 0);
    std::printf("%zu files read, none crashed\n", count);
    return 0;
}
