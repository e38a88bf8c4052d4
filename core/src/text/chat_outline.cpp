#include "text/chat_outline.h"

#include <algorithm>
#include <cstddef>

namespace attnscope {
namespace {

constexpr std::string_view white_space = " \t\r\n\f\v";

bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

class Outline {
public:
    explicit Outline(std::string_view text) : text_(text) {}

    std::string write() {
        while (at_ < text_.size()) {
            const std::size_t tag = next_tag();
            raw(text_.substr(at_, tag - at_), tag);
            at_ = tag;
            if (at_ < text_.size()) take_tag();
        }
        return std::move(out_);
    }

private:
    /// Where the next {{, {% or {# begins.
    std::size_t next_tag() const {
        for (std::size_t at = text_.find('{', at_); at != std::string_view::npos; at = text_.find('{', at + 1)) {
            const char kind = at + 1 < text_.size() ? text_[at + 1] : ' ';
            if (kind == '{' || kind == '%' || kind == '#') return at;
        }
        return text_.size();
    }

    /// Text between tags, less what the tags on either side strip.
    void raw(std::string_view between, std::size_t tag) {
        if (strip_next_) {
            between.remove_prefix(std::min(between.find_first_not_of(white_space), between.size()));
        } else if (drop_line_break_ && between.starts_with('\n')) {
            between.remove_prefix(1);
        }
        if (tag + 2 < text_.size()) {
            if (text_[tag + 2] == '-') {
                between = between.substr(0, between.find_last_not_of(white_space) + 1);
            } else if (text_[tag + 1] != '{') {
                const std::size_t last = between.find_last_not_of(" \t");
                if (last == std::string_view::npos || between[last] == '\n') between = between.substr(0, last + 1);
            }
        }
        for (const char c : between) literal(c);
    }

    void take_tag() {
        const char kind = text_[at_ + 1];
        at_ += 2;
        const char closing = kind == '{' ? '}' : kind;
        if (kind == '#') {
            const std::size_t end = text_.find("#}", at_);
            at_ = end == std::string_view::npos ? text_.size() : end;
        } else {
            if (kind == '%') out_ += outline_mark::statement;
            expression(closing);
            if (kind == '%') out_ += outline_mark::statement;
        }
        strip_next_ = at_ > 2 && at_ <= text_.size() && text_[at_ - 1] == '-';
        drop_line_break_ = kind != '{';
        at_ = std::min(at_ + 2, text_.size());
    }

    bool at_end(char closing) const {
        return at_ >= text_.size() || (text_[at_] == closing && at_ + 1 < text_.size() && text_[at_ + 1] == '}');
    }

    /// Up to the tag's end.
    void expression(char closing) {
        while (!at_end(closing)) {
            const char c = text_[at_];
            if (c == '\'' || c == '"') {
                quoted(true);
            } else if (is_name(c)) {
                value(closing);
            } else {
                ++at_; // + and ~ join, brackets group; what else there is has no text
            }
        }
    }

    /// A name with what is applied to it: members, indices, calls, filters.
    void value(char closing) {
        const std::string_view name = take_name();
        bool trimmed = false, plain = true;
        for (;;) {
            const std::size_t before = at_;
            at_ = std::min(text_.find_first_not_of(white_space, at_), text_.size());
            if (at_end(closing)) break;
            const char c = text_[at_];
            if (c == '[' || c == '(') {
                bracket(closing);
            } else if (c == '.' || c == '|') {
                ++at_;
                at_ = std::min(text_.find_first_not_of(white_space, at_), text_.size());
                const std::string_view applied = take_name();
                trimmed = trimmed || applied == "trim" || applied == "strip";
            } else {
                at_ = before;
                break;
            }
            plain = false;
        }
        if (plain && name == "bos_token")
            out_ += outline_mark::beginning;
        else if (plain && name == "eos_token")
            out_ += outline_mark::end;
        else
            out_ += trimmed ? outline_mark::trimmed : outline_mark::value;
    }

    std::string_view take_name() {
        const std::size_t begin = at_;
        while (at_ < text_.size() && is_name(text_[at_])) ++at_;
        return text_.substr(begin, at_ - begin);
    }

    /// To behind the bracket that closes the one here, whatever lies between.
    void bracket(char closing) {
        std::size_t depth = 0;
        while (!at_end(closing)) {
            const char c = text_[at_];
            if (c == '\'' || c == '"') {
                quoted(false);
                continue;
            }
            ++at_;
            if (c == '[' || c == '(')
                ++depth;
            else if ((c == ']' || c == ')') && --depth == 0)
                return;
        }
    }

    void quoted(bool written) {
        const char quote = text_[at_++];
        while (at_ < text_.size() && text_[at_] != quote) {
            char c = text_[at_++];
            if (c == '\\' && at_ < text_.size()) {
                c = text_[at_++];
                c = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
            }
            if (written) literal(c);
        }
        at_ = std::min(at_ + 1, text_.size());
    }

    /// A template's own control characters are no marks.
    void literal(char c) {
        if (c < '\1' || c > '\5') out_ += c;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::string out_;
    bool strip_next_ = false, drop_line_break_ = false;
};

} // namespace

std::string chat_outline(std::string_view text) {
    return Outline(text).write();
}

} // namespace attnscope
