// Fonts by file: where they are, how wide a text is, and which glyphs draw it.
//
// Vocabulary: a *face* is one font file; a *glyph* is one shape of it, placed relative to the start of its text's
// baseline, in points, y downwards. Raised and lowered parts ("10⁻³", "β_c") are set from the ordinary glyphs in a
// smaller size, so they look alike whatever the font has.
#pragma once

#include <attnscope/figure.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct FT_FaceRec_;
struct FT_LibraryRec_;

namespace attnscope {

/// What a text is set in: the style's font, its heavier cut, or the font for numbers.
enum class FontRole { text, bold, number };

struct PlacedGlyph {
    int face = 0;                   ///< index into Fonts::faces()
    unsigned index = 0;             ///< glyph of the face
    double x = 0, rise = 0;         ///< rise is upwards
    double size = 0;                ///< points
    std::size_t begin = 0, end = 0; ///< bytes of the text it stands for
};
/// A piece of a text at one height and size, for a renderer that sets text itself.
struct TextPiece {
    std::string text;
    double size_factor = 1, rise = 0; ///< rise in points
};
struct ShapedText {
    std::vector<PlacedGlyph> glyphs;
    std::vector<TextPiece> pieces;
    double width = 0;
};

class Fonts {
public:
    /// Opens the fonts of a style. A family that is not installed is replaced by one that is. Throws Error{internal}
    /// when there is no usable font at all.
    explicit Fonts(const Style& style);

    ShapedText shape(std::string_view text, FontRole role, double size) const;
    double width(std::string_view text, FontRole role, double size) const { return shape(text, role, size).width; }
    /// The text, or as much of it as fits into `width`, ending in "…".
    std::string fit(const std::string& text, FontRole role, double size, double width) const;
    /// Broken at spaces (within a word where it is longer than a line); at most `lines`, the last one fitted.
    std::vector<std::string> wrap(const std::string& text, FontRole role, double size, double width,
                                  std::size_t lines) const;

    struct Face {
        std::shared_ptr<FT_FaceRec_> face; ///< a renderer's cache may outlive these Fonts
        std::string family;
    };
    const std::vector<Face>& faces() const { return faces_; }
    /// Families for a renderer that looks fonts up by name, the wanted one first.
    std::string css_families(FontRole role) const;

private:
    int open(const std::filesystem::path& path);
    int face_for(FontRole role, char32_t character) const;

    std::shared_ptr<FT_LibraryRec_> library_;
    std::vector<Face> faces_;
    int text_ = -1, bold_ = -1, number_ = -1, fallback_ = -1;
};

/// Heights above and below the baseline that every text is given, as shares of its size.
inline constexpr double text_ascent = 0.78, text_descent = 0.23;

/// The font file of a family in a cut ("Regular", "SemiBold"), or the family itself when it is a path; empty if there
/// is none.
std::filesystem::path find_font(const std::string& family, const std::string& cut);

/// The character that is drawn for a code point: a space for a control character, U+FFFD for none.
char32_t drawable(char32_t code);
/// The text in drawable characters; bytes that are no UTF-8 become U+FFFD.
std::string clean_utf8(std::string_view text);

} // namespace attnscope
