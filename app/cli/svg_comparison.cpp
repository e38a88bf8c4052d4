#include "cli/svg_comparison.h"

#include <cctype>
#include <charconv>
#include <cmath>

namespace attnscope::cli {
namespace {

constexpr double coordinate_tolerance = 0.015; // two decimals are written
constexpr double relative_tolerance = 1e-4;

/// A number that starts at `position`, which is moved behind it.
bool read_number(const std::string& text, std::size_t& position, double& value) {
    const char* const begin = text.data() + position;
    const auto [end, failure] = std::from_chars(begin, text.data() + text.size(), value);
    if (failure != std::errc{}) return false;
    position += static_cast<std::size_t>(end - begin);
    return true;
}

/// Digits inside a word are no number: colours, names, encoded images.
bool starts_number(const std::string& text, std::size_t at) {
    const char c = text[at];
    if (c != '-' && c != '.' && !(c >= '0' && c <= '9')) return false;
    if (at == 0) return true;
    const auto plain = [&](std::size_t i) {
        const auto before = static_cast<unsigned char>(text[i]);
        return !std::isalnum(before) && before != '#' && before != '+' && before != '/';
    };
    // A single letter before it may be the command of a path.
    return plain(at - 1) || (at >= 2 && std::isalpha(static_cast<unsigned char>(text[at - 1])) && plain(at - 2));
}

} // namespace

std::vector<std::string> compare_svg(const std::string& expected, const std::string& got, std::size_t limit) {
    std::vector<std::string> differences;
    std::size_t i = 0, j = 0;
    while (i < expected.size() && j < got.size() && differences.size() < limit) {
        double a = 0, b = 0;
        const std::size_t at = i;
        if (starts_number(expected, i) && starts_number(got, j)) {
            std::size_t behind_i = i, behind_j = j;
            if (read_number(expected, behind_i, a) && read_number(got, behind_j, b)) {
                const std::string was = expected.substr(i, behind_i - i), is = got.substr(j, behind_j - j);
                i = behind_i;
                j = behind_j;
                if (std::abs(a - b) > coordinate_tolerance + relative_tolerance * std::abs(a)) {
                    differences.push_back("byte " + std::to_string(at) + ": expected " + was + ", got " + is);
                }
                continue;
            }
        }
        if (expected[i] != got[j]) {
            differences.push_back("byte " + std::to_string(at) + ": other text");
            return differences;
        }
        ++i;
        ++j;
    }
    if (differences.empty() && expected.size() - i != got.size() - j) {
        differences.push_back("byte " + std::to_string(i) + ": other length");
    }
    return differences;
}

} // namespace attnscope::cli
