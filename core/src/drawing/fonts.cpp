#include "drawing/fonts.h"

#include "text/characters.h"

#include <ft2build.h>
#include FT_FREETYPE_H

#include <algorithm>
#include <cstdlib>
#include <map>
#include <new>
#include <optional>

namespace attnscope {
namespace {

namespace fs = std::filesystem;

// Lower case without spaces, dashes and underscores: "JetBrains Mono" and "JetBrainsMono-Regular" meet.
std::string key_of(std::string_view name) {
    std::string key;
    for (const char c : name)
        if (c != ' ' && c != '-' && c != '_') key += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    return key;
}

std::map<std::string, fs::path> list_fonts() {
    std::vector<fs::path> folders;
    if (const char* data = std::getenv("XDG_DATA_HOME"); data && *data) folders.push_back(fs::path(data) / "fonts");
    if (const char* home = std::getenv("HOME"); home && *home) {
        folders.push_back(fs::path(home) / ".local/share/fonts");
        folders.push_back(fs::path(home) / ".fonts");
    }
    folders.insert(folders.end(), {"/usr/local/share/fonts", "/usr/share/fonts"});
    std::map<std::string, fs::path> fonts;
    for (const fs::path& folder : folders) {
        std::error_code error;
        fs::recursive_directory_iterator it(folder, fs::directory_options::skip_permission_denied, error), end;
        for (; !error && it != end; it.increment(error)) {
            const std::string extension = key_of(it->path().extension().string());
            if (extension != ".otf" && extension != ".ttf") continue;
            // Earlier folders win; within one, the path that sorts first, so that every run picks the same file.
            auto [entry, added] = fonts.try_emplace(key_of(it->path().stem().string()), it->path());
            if (!added && entry->second.string().starts_with(folder.string()) && it->path() < entry->second)
                entry->second = it->path();
        }
    }
    return fonts;
}

struct Script {
    char32_t base;
    bool raised;
};

// The base character of a superscript or subscript character.
std::optional<Script> script_of(char32_t value) {
    switch (value) {
    case U'¹': return Script{U'1', true};
    case U'²': return Script{U'2', true};
    case U'³': return Script{U'3', true};
    case U'⁻': return Script{U'−', true};
    case U'ⁿ': return Script{U'n', true};
    case U'ᵀ': return Script{U'T', true};
    case U'ₖ': return Script{U'k', false};
    case U'ₙ': return Script{U'n', false};
    default: break;
    }
    if (value == U'⁰' || (value >= U'⁴' && value <= U'⁹')) return Script{U'0' + (value - U'⁰'), true};
    if (value >= U'₀' && value <= U'₉') return Script{U'0' + (value - U'₀'), false};
    return std::nullopt;
}

bool is_greek(char32_t value) {
    return value >= 0x391 && value <= 0x3c9;
}
bool is_word(char32_t value) {
    return (value >= U'a' && value <= U'z') || (value >= U'A' && value <= U'Z') || (value >= U'0' && value <= U'9') ||
           value == U'_' || is_greek(value);
}

// "β_c" and "m_i" are a symbol and its index; "physical_entity" is a word. An index is one letter or digit, its symbol
// a single letter, with no word around them.
bool is_index_mark(const std::vector<Character>& points, std::size_t i) {
    if (points[i].code != U'_' || i == 0 || i + 1 >= points.size()) return false;
    const auto at = [&](std::size_t k) { return points[k].code; };
    if (!is_word(at(i - 1)) || at(i - 1) == U'_' || !is_word(at(i + 1)) || at(i + 1) == U'_') return false;
    if (i >= 2 && is_word(at(i - 2)) && !is_greek(at(i - 1))) return false;
    return i + 2 >= points.size() || !is_word(at(i + 2));
}

constexpr double script_size = 0.72, raised_by = 0.34, lowered_by = 0.16;

// Width of the spaces that many fonts lack, as shares of the size.
double space_width(char32_t value) {
    return value == 0x2009 || value == 0x202f ? 0.17 : 0;
}

} // namespace

fs::path find_font(const std::string& family, const std::string& cut) {
    std::error_code error;
    if (family.find('/') != std::string::npos)
        return fs::is_regular_file(family, error) ? fs::path(family) : fs::path();
    static const std::map<std::string, fs::path> fonts = list_fonts();
    for (const std::string& name : {family + cut, family}) {
        const auto found = fonts.find(key_of(name));
        if (found != fonts.end()) return found->second;
    }
    return {};
}

Fonts::Fonts(const Style& style) {
    FT_Library library = nullptr;
    const FT_Error failure = FT_Init_FreeType(&library);
    if (failure == FT_Err_Out_Of_Memory) throw std::bad_alloc();
    if (failure != 0) throw Error{ErrorKind::internal, "FreeType", "to start", "a failure"};
    library_.reset(library, [](FT_Library done) { FT_Done_FreeType(done); });
    const auto open_cut = [&](const std::string& family, std::initializer_list<const char*> cuts) {
        for (const char* cut : cuts)
            if (const fs::path path = find_font(family, cut); !path.empty())
                if (const int face = open(path); face >= 0) return face;
        return -1;
    };
    fallback_ = open_cut("DejaVu Sans", {"Book", "Regular", ""});
    text_ = open_cut(style.font, {"Regular", "Book", "Roman", ""});
    bold_ = open_cut(style.font, {"SemiBold", "Bold", "Regular", ""});
    // JetBrains Mono belongs to Inter; a paper set in another font keeps its numbers in it.
    if (style.font == "Inter") number_ = open_cut("JetBrains Mono", {"Regular", ""});
    if (text_ < 0) text_ = open_cut("Inter", {"Regular"});
    if (text_ < 0) text_ = fallback_;
    if (text_ < 0)
        throw Error{ErrorKind::internal, "font", style.font + ", Inter or DejaVu Sans", "none of them installed"};
    if (bold_ < 0) bold_ = text_;
    if (number_ < 0) number_ = text_;
    if (fallback_ < 0) fallback_ = text_;
}

int Fonts::open(const fs::path& path) {
    FT_Face face = nullptr;
    const FT_Error failure = FT_New_Face(library_.get(), path.c_str(), 0, &face);
    if (failure == FT_Err_Out_Of_Memory) throw std::bad_alloc();
    if (failure != 0) return -1;
    if (!FT_IS_SCALABLE(face) || face->units_per_EM == 0 || FT_Select_Charmap(face, FT_ENCODING_UNICODE) != 0) {
        FT_Done_Face(face);
        return -1;
    }
    // The library goes after its last face.
    std::shared_ptr<FT_FaceRec_> shared(face, [library = library_](FT_Face done) { FT_Done_Face(done); });
    faces_.push_back({std::move(shared), face->family_name ? face->family_name : path.stem().string()});
    return static_cast<int>(faces_.size()) - 1;
}

int Fonts::face_for(FontRole role, char32_t character) const {
    const int wanted = role == FontRole::bold ? bold_ : role == FontRole::number ? number_ : text_;
    for (const int face : {wanted, text_, fallback_})
        if (FT_Get_Char_Index(faces_[face].face.get(), character) != 0) return face;
    return wanted;
}

ShapedText Fonts::shape(std::string_view text, FontRole role, double size) const {
    ShapedText shaped;
    const auto points = decode_utf8(text);
    for (std::size_t i = 0; i < points.size(); ++i) {
        char32_t character = drawable(points[i].code);
        std::size_t begin = points[i].begin;
        double factor = 1, rise = 0;
        if (const auto script = script_of(character)) {
            character = script->base;
            factor = script_size;
            rise = (script->raised ? raised_by : -lowered_by) * size;
        } else if (is_index_mark(points, i)) {
            ++i;
            character = points[i].code;
            factor = script_size;
            rise = -lowered_by * size;
        }
        if (shaped.pieces.empty() || shaped.pieces.back().size_factor != factor || shaped.pieces.back().rise != rise)
            shaped.pieces.push_back({{}, factor, rise});
        append_utf8(shaped.pieces.back().text, character);
        const double space = space_width(character);
        if (space > 0) character = U' ';
        PlacedGlyph glyph;
        glyph.face = face_for(role, character);
        const FT_Face face = faces_[glyph.face].face.get();
        glyph.index = FT_Get_Char_Index(face, character);
        glyph.x = shaped.width;
        glyph.rise = rise;
        glyph.size = factor * size;
        glyph.begin = begin;
        glyph.end = points[i].end;
        if (space > 0)
            shaped.width += space * size;
        else if (FT_Load_Glyph(face, glyph.index, FT_LOAD_NO_SCALE) == 0)
            shaped.width += glyph.size * static_cast<double>(face->glyph->metrics.horiAdvance) / face->units_per_EM;
        shaped.glyphs.push_back(glyph);
    }
    return shaped;
}

std::string Fonts::fit(const std::string& text, FontRole role, double size, double available) const {
    if (width(text, role, size) <= available) return text;
    const auto points = decode_utf8(text);
    std::size_t low = 0, high = points.size(); // characters kept
    const auto kept = [&](std::size_t count) {
        std::string part = text.substr(0, count == 0 ? 0 : points[count - 1].end);
        while (!part.empty() && part.back() == ' ') part.pop_back();
        return part + "…";
    };
    while (low < high) {
        const std::size_t middle = (low + high + 1) / 2;
        if (width(kept(middle), role, size) <= available)
            low = middle;
        else
            high = middle - 1;
    }
    return low == 0 ? std::string() : kept(low);
}

std::vector<std::string> Fonts::wrap(const std::string& text, FontRole role, double size, double available,
                                     std::size_t lines) const {
    std::vector<std::string> wrapped;
    std::string rest = clean_utf8(text);
    while (!rest.empty() && wrapped.size() < lines) {
        if (wrapped.size() + 1 == lines || width(rest, role, size) <= available) {
            wrapped.push_back(fit(rest, role, size, available));
            break;
        }
        const auto points = decode_utf8(rest);
        std::size_t low = 1, high = points.size(); // the longest beginning that fits
        while (low < high) {
            const std::size_t middle = (low + high + 1) / 2;
            if (width(std::string_view(rest).substr(0, points[middle - 1].end), role, size) <= available)
                low = middle;
            else
                high = middle - 1;
        }
        std::size_t cut = points[low - 1].end;
        if (cut < rest.size() && rest[cut] != ' ') {
            const std::size_t space = rest.rfind(' ', cut);
            if (space != std::string::npos && space > 0) cut = space;
        }
        wrapped.push_back(rest.substr(0, cut));
        while (!wrapped.back().empty() && wrapped.back().back() == ' ') wrapped.back().pop_back();
        rest.erase(0, cut);
        rest.erase(0, std::min(rest.find_first_not_of(' '), rest.size()));
    }
    return wrapped;
}

std::string Fonts::css_families(FontRole role) const {
    const bool mono = role == FontRole::number && number_ != text_;
    std::string families;
    const auto add = [&](const std::string& family) {
        std::string name;
        for (const char c : family)
            if (c != '\'' && c != '"' && c != '\\' && c != ';') name += c;
        if (families.find("'" + name + "'") == std::string::npos)
            families += (families.empty() ? "'" : ", '") + name + "'";
    };
    add(faces_[mono ? number_ : text_].family);
    if (mono)
        add("DejaVu Sans Mono");
    else
        add("Helvetica Neue"), add("Arial");
    add("DejaVu Sans");
    return families + (mono ? ", monospace" : ", sans-serif");
}

} // namespace attnscope
