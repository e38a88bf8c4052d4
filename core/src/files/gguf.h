// GGUF: a header of typed values and tensor descriptions, then the elements. Versions 2 and 3, little-endian.
//
// The header carries what a Hugging Face folder keeps in config.json and tokenizer.json. Dimensions are stored fastest
// first; here they are row-major like those of every other format: (out, in).
#pragma once

#include "files/tensor_contents.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace attnscope {

/// The values of a header, by key. Getters take a `fallback` where a missing key is fine and throw Error{input} with
/// the file and the key otherwise, as they do for a value of another type or out of range.
class GgufMetadata {
public:
    using Value = std::variant<bool, std::int64_t, double, std::string, std::vector<std::int64_t>, std::vector<double>,
                               std::vector<std::string>>;

    explicit GgufMetadata(std::string subject) : subject_(std::move(subject)) {}

    const Value* find(std::string_view key) const; ///< null when missing
    bool contains(std::string_view key) const { return find(key) != nullptr; }

    bool flag(std::string_view key, bool fallback) const;
    std::int64_t integer(std::string_view key, std::int64_t least, std::int64_t most) const;
    std::int64_t integer(std::string_view key, std::int64_t least, std::int64_t most, std::int64_t fallback) const;
    double number(std::string_view key, double fallback) const; ///< finite; integers too
    std::string text(std::string_view key) const;
    std::string text(std::string_view key, std::string fallback) const;
    /// Arrays; an absent one is empty. Truth values count as integers.
    std::span<const std::int64_t> integers(std::string_view key) const;
    std::span<const double> numbers(std::string_view key) const;
    std::span<const std::string> texts(std::string_view key) const;

    const std::string& subject() const noexcept { return subject_; }
    const std::map<std::string, Value, std::less<>>& values() const noexcept { return values_; }
    /// False when the key is there already.
    bool add(std::string key, Value value) { return values_.emplace(std::move(key), std::move(value)).second; }

    [[noreturn]] void fail(std::string_view key, std::string expected, std::string got) const;

private:
    std::string subject_;
    std::map<std::string, Value, std::less<>> values_;
};

bool looks_like_gguf(std::span<const std::byte> bytes) noexcept;
/// Throws Error{input}: counts, lengths and types out of range, a key or tensor twice, an element type not known, a row
/// that is no whole number of blocks, data that is misaligned, overlaps or lies beyond the file.
TensorContents parse_gguf(const SharedBytes& file, const std::string& subject);
/// The values of the header. Arrays of arrays are checked and left out.
GgufMetadata parse_gguf_metadata(std::span<const std::byte> file, const std::string& subject);
GgufMetadata read_gguf_metadata(const std::filesystem::path& path);

} // namespace attnscope
