// Oniguruma's syntax into PCRE2's, where the two differ in what they say about tokenizers' texts.
#include "base/input_error.h"
#include "text/regular_expression.h"

#include <unicode/uchar.h>
#include <unicode/uscript.h>

#include <utility>

namespace attnscope {
namespace {

class Translator {
public:
    Translator(std::string_view pattern, const std::string& subject, const std::string& where)
        : pattern_(pattern), subject_(subject), where_(where) {}

    std::string run() {
        while (place_ < pattern_.size()) {
            if (pattern_[place_] == '\\')
                escape();
            else if (classes_ > 0)
                inside_class();
            else
                outside_class();
        }
        return std::move(result_);
    }

private:
    [[noreturn]] void refuse(const std::string& what) const {
        input_error(subject_, "a regular expression without " + what, excerpt(std::string(pattern_)), where_);
    }

    bool ahead(std::string_view text) const { return pattern_.substr(place_).starts_with(text); }
    void keep(std::size_t count = 1) {
        result_ += pattern_.substr(place_, count);
        place_ += count;
    }

    void outside_class() {
        if (pattern_[place_] == '[') {
            open_class();
        } else if (ahead("}+")) {
            // After an interval Oniguruma takes the sign for one repeat more, PCRE2 for possession.
            refuse("a repeated interval");
        } else {
            keep();
        }
    }

    void open_class() {
        classes_ = 1;
        keep();
        if (ahead("^")) keep();
        if (ahead("]")) // first in a class it is a character
            keep();
    }

    void inside_class() {
        if (ahead("[:")) {
            const std::size_t end = pattern_.find(":]", place_);
            if (end == std::string_view::npos) refuse("an open class");
            keep(end + 2 - place_);
        } else if (ahead("&&")) {
            refuse("an intersection of classes");
        } else if (ahead("[^")) {
            refuse("a negated class in a class");
        } else if (ahead("[")) {
            // A class in a class adds its characters.
            ++classes_;
            ++place_;
        } else if (ahead("]")) {
            if (--classes_ == 0)
                keep();
            else
                ++place_;
        } else {
            keep();
        }
    }

    void escape() {
        const char kind = place_ + 1 < pattern_.size() ? pattern_[place_ + 1] : '\0';
        const bool in_class = classes_ > 0;
        const std::string_view word = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}";
        switch (kind) {
        case 's': return replace("\\p{White_Space}");
        case 'S': return replace("\\P{White_Space}");
        case 'h': return replace(in_class ? "0-9A-Fa-f" : "[0-9A-Fa-f]");
        case 'w': return replace(in_class ? std::string(word) : '[' + std::string(word) + ']');
        case 'W':
            if (in_class) refuse("\\W in a class");
            return replace("[^" + std::string(word) + ']');
        case 'H':
            if (in_class) refuse("\\H in a class");
            return replace("[^0-9A-Fa-f]");
        case 'u': return code_point();
        case 'p':
        case 'P': return property();
        default: return keep(std::min<std::size_t>(2, pattern_.size() - place_));
        }
    }

    void replace(std::string_view text) {
        result_ += text;
        place_ += 2;
    }

    /// \uHHHH
    void code_point() {
        const std::string_view digits = pattern_.substr(place_ + 2, 4);
        if (digits.size() != 4 || digits.find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos)
            refuse("\\u that four hexadecimal digits do not follow");
        result_ += "\\x{" + std::string(digits) + '}';
        place_ += 6;
    }

    /// A script's name stands for the script, not for what may be written in it.
    void property() {
        const std::size_t end = pattern_.find('}', place_);
        if (pattern_.substr(place_ + 2, 1) != "{" || end == std::string_view::npos) return keep(2);
        std::string name(pattern_.substr(place_ + 3, end - place_ - 3));
        result_ += pattern_.substr(place_, 3);
        if (name.starts_with('^')) {
            result_ += '^';
            name.erase(0, 1);
        }
        if (u_getPropertyValueEnum(UCHAR_SCRIPT, name.c_str()) != UCHAR_INVALID_CODE) result_ += "sc:";
        result_ += name + '}';
        place_ = end + 1;
    }

    std::string_view pattern_;
    const std::string &subject_, &where_;
    std::string result_;
    std::size_t place_ = 0;
    int classes_ = 0; ///< how many are open
};

} // namespace

std::string pcre2_pattern(std::string_view pattern, const std::string& subject, const std::string& where) {
    return Translator(pattern, subject, where).run();
}

} // namespace attnscope
