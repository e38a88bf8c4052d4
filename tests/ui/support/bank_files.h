// Small banks as files, which are mapped when they are opened.
#pragma once

#include <attnscope/bank.h>

#include <cmath>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace attnscope::test {

/// Rows that span the space, of different lengths; returns the path.
inline std::string write_bank(const std::filesystem::path& path, std::size_t rows, std::size_t columns) {
    std::vector<float> keys(rows * columns);
    for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = std::sin(0.7f * float(i)) + 0.01f * float(i % 7);
    save_bank(path, *make_bank(path.stem().string(), rows, columns, std::move(keys)));
    return path.string();
}

} // namespace attnscope::test
