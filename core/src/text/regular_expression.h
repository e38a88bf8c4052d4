// Regular expressions of tokenizer files, matched by PCRE2.
#pragma once

#include "text/aligned_text.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace attnscope {

/// A pattern as tokenizer files write it: Oniguruma's syntax over Unicode, where \s is White_Space, ^ and $ stand at
/// lines, and classes may hold classes.
class RegularExpression {
public:
    /// Throws Error{input} with `subject` and `where` when the pattern is malformed or says what PCRE2 would take for
    /// something else.
    RegularExpression(const std::string& pattern, std::string subject, std::string where);
    /// Matches a text literally.
    static RegularExpression literal(std::string_view text);
    ~RegularExpression();
    RegularExpression(RegularExpression&&) noexcept;
    RegularExpression& operator=(RegularExpression&&) noexcept;

    /// What matching needs beside the expression; for one thread.
    class Search {
    public:
        explicit Search(const RegularExpression& expression);
        ~Search();
        Search(const Search&) = delete;
        Search& operator=(const Search&) = delete;
        /// Non-overlapping matches in `text`, valid UTF-8, from left to right. An empty match never touches the match
        /// before it. Throws Error{input} when the pattern takes too many steps.
        void find_all(std::string_view text, std::vector<ByteRange>& found);

    private:
        const RegularExpression& expression_;
        struct State;
        std::unique_ptr<State> state_;
    };

private:
    struct Compiled;
    explicit RegularExpression(std::unique_ptr<Compiled> compiled);
    std::unique_ptr<Compiled> compiled_;
};

/// The same pattern in PCRE2's syntax. Throws as the constructor above.
std::string pcre2_pattern(std::string_view pattern, const std::string& subject, const std::string& where);

} // namespace attnscope
