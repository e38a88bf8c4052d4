// The recipe out of a written figure or a result. Files come from anywhere: every step looks before it reads, and
// nothing in a file is trusted but the text that is returned.
#include "drawing/recipe_keys.h"

#include "base/json_reader.h"
#include "base/json_text.h"
#include "text/characters.h"

#include <attnscope/figure.h>
#include <attnscope/tensor_file.h>

#include <nlohmann/json.hpp>

#include <charconv>
#include <optional>

namespace attnscope {
namespace {

using Found = std::optional<std::string>;

// ---------------------------------------------------------------- svg
Found unescape(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '&') {
            plain += text[i];
            continue;
        }
        const std::size_t end = text.find(';', i);
        if (end == std::string_view::npos || end - i > 10) return {};
        const std::string_view name = text.substr(i + 1, end - i - 1);
        if (name == "amp")
            plain += '&';
        else if (name == "lt")
            plain += '<';
        else if (name == "gt")
            plain += '>';
        else if (name == "quot")
            plain += '"';
        else if (name == "apos")
            plain += '\'';
        else if (name.starts_with('#')) {
            const bool hexadecimal = name.size() > 1 && (name[1] == 'x' || name[1] == 'X');
            const std::string_view digits = name.substr(hexadecimal ? 2 : 1);
            std::uint32_t code = 0;
            const auto read =
                std::from_chars(digits.data(), digits.data() + digits.size(), code, hexadecimal ? 16 : 10);
            if (read.ec != std::errc() || read.ptr != digits.data() + digits.size() || code > 0x10ffff) return {};
            if (code >= 0xd800 && code < 0xe000) return {};
            append_utf8(plain, code);
        } else {
            return {};
        }
        i = end;
    }
    return plain;
}

Found recipe_in_svg(std::string_view bytes) {
    const std::string name = recipe_keys::svg_element;
    const std::size_t open = bytes.find("<" + name);
    if (open == std::string_view::npos) return {};
    const std::size_t begin = bytes.find('>', open);
    const std::size_t end = bytes.find("</" + name + ">", open);
    if (begin == std::string_view::npos || end == std::string_view::npos || begin + 1 > end) return {};
    return unescape(bytes.substr(begin + 1, end - begin - 1));
}

// ---------------------------------------------------------------- png
std::uint32_t big_endian(std::string_view bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t k = 0; k < 4; ++k) value = value << 8 | static_cast<unsigned char>(bytes[at + k]);
    return value;
}

Found recipe_in_png(std::string_view bytes) {
    std::size_t at = 8;
    while (bytes.size() >= 12 && at <= bytes.size() - 12) {
        const std::size_t length = big_endian(bytes, at);
        if (length > bytes.size() - at - 12) return {};
        const std::string_view kind = bytes.substr(at + 4, 4), data = bytes.substr(at + 8, length);
        const std::size_t key_end = data.find('\0');
        if (key_end != std::string_view::npos && data.substr(0, key_end) == recipe_keys::png) {
            if (kind == "tEXt") return std::string(data.substr(key_end + 1));
            // Compression flag and method, language, translated key, text; ours is never compressed.
            if (kind == "iTXt" && data.size() > key_end + 3 && data[key_end + 1] == '\0') {
                const std::size_t language_end = data.find('\0', key_end + 3);
                if (language_end == std::string_view::npos) return {};
                const std::size_t translated_end = data.find('\0', language_end + 1);
                if (translated_end == std::string_view::npos) return {};
                return std::string(data.substr(translated_end + 1));
            }
        }
        if (kind == "IEND") return {};
        at += length + 12;
    }
    return {};
}

// ---------------------------------------------------------------- pdf
int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// Text strings of PDF are PDFDocEncoding (ASCII here) or, after FE FF, big-endian UTF-16.
Found from_pdf_text(const std::string& bytes) {
    if (!bytes.starts_with("\xfe\xff")) return bytes;
    std::string text;
    for (std::size_t i = 2; i + 1 < bytes.size(); i += 2) {
        const auto unit = [&](std::size_t k) {
            return static_cast<char32_t>(static_cast<unsigned char>(bytes[k])) << 8 |
                   static_cast<unsigned char>(bytes[k + 1]);
        };
        char32_t code = unit(i);
        if (code >= 0xd800 && code < 0xdc00) {
            if (i + 3 >= bytes.size() || unit(i + 2) < 0xdc00 || unit(i + 2) >= 0xe000) return {};
            code = 0x10000 + ((code - 0xd800) << 10) + (unit(i + 2) - 0xdc00);
            i += 2;
        } else if (code >= 0xdc00 && code < 0xe000) {
            return {};
        }
        append_utf8(text, code);
    }
    return text;
}

Found pdf_string(std::string_view bytes, std::size_t at) {
    std::string raw;
    if (at < bytes.size() && bytes[at] == '<') {
        int high = -1;
        for (++at; at < bytes.size() && bytes[at] != '>'; ++at) {
            const int digit = hex_value(bytes[at]);
            if (digit < 0) continue;
            if (high < 0) {
                high = digit;
            } else {
                raw += static_cast<char>(high << 4 | digit);
                high = -1;
            }
        }
        return at < bytes.size() ? from_pdf_text(raw) : std::nullopt;
    }
    if (at >= bytes.size() || bytes[at] != '(') return {};
    int depth = 1;
    for (++at; at < bytes.size(); ++at) {
        char c = bytes[at];
        if (c == '\\' && at + 1 < bytes.size()) {
            c = bytes[++at];
            if (c >= '0' && c <= '7') {
                int value = 0;
                for (int k = 0; k < 3 && at < bytes.size() && bytes[at] >= '0' && bytes[at] <= '7'; ++k, ++at)
                    value = value * 8 + (bytes[at] - '0');
                --at;
                raw += static_cast<char>(value);
                continue;
            }
            raw += c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c == 'b' ? '\b' : c == 'f' ? '\f' : c;
            continue;
        }
        if (c == '(') ++depth;
        if (c == ')' && --depth == 0) return from_pdf_text(raw);
        raw += c;
    }
    return {};
}

Found recipe_in_pdf(std::string_view bytes) {
    constexpr std::string_view key = "/Keywords";
    // The information dictionary stands at the end of what Cairo writes.
    std::size_t at = bytes.rfind(key);
    if (at == std::string_view::npos) return {};
    at += key.size();
    while (at < bytes.size() && (bytes[at] == ' ' || bytes[at] == '\n' || bytes[at] == '\r')) ++at;
    return pdf_string(bytes, at);
}

// ---------------------------------------------------------------- json, py, npz
Found recipe_in_json(const std::string& bytes, const std::string& subject) {
    const Json json = parse_json(bytes, subject, json_kinds::result);
    check_schema(json, subject);
    if (!json.is_object() || !json.contains("recipe")) return {};
    const auto& recipe = json["recipe"];
    if (recipe.is_string()) return recipe.get<std::string>();
    if (!recipe.is_object()) return {};
    return one_line(recipe);
}

Found recipe_in_python(std::string_view bytes, const std::string& subject) {
    const std::string key = recipe_keys::python_variable;
    std::size_t at = bytes.starts_with(key) ? 0 : bytes.find("\n" + key);
    if (at == std::string_view::npos) return {};
    if (at > 0) ++at;
    const std::size_t end = std::min(bytes.find('\n', at), bytes.size());
    const Json text = parse_json(bytes.substr(at + key.size(), end - at - key.size()), subject, json_kinds::recipe);
    return text.is_string() ? Found(text.get<std::string>()) : std::nullopt;
}

Found recipe_in_npz(const std::filesystem::path& path) {
    const auto file = open_tensor_file(path);
    const TensorInfo* member = file->find(recipe_keys::npz_member);
    return member ? Found(file->read_text(*member)) : std::nullopt;
}

} // namespace

std::string read_recipe(const std::filesystem::path& path) {
    const std::string bytes = read_file(path, std::size_t{1} << 28), name = path.filename().string();
    // What a file is shows in its first bytes, whatever it is called.
    const std::size_t first = std::min(bytes.find_first_not_of(" \t\r\n"), bytes.size());
    Found recipe;
    if (bytes.starts_with("%PDF-"))
        recipe = recipe_in_pdf(bytes);
    else if (bytes.starts_with("\x89PNG\r\n\x1a\n"))
        recipe = recipe_in_png(bytes);
    else if (bytes.starts_with("PK"))
        recipe = recipe_in_npz(path);
    else if (bytes.compare(first, 1, "<") == 0)
        recipe = recipe_in_svg(bytes);
    else if (bytes.compare(first, 1, "{") == 0)
        recipe = recipe_in_json(bytes, name);
    else
        recipe = recipe_in_python(bytes, name);
    if (!recipe || recipe->empty())
        throw Error{ErrorKind::input, name, "a figure or a result with a recipe in it", "none"};
    return *recipe;
}

} // namespace attnscope
