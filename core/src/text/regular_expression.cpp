#include "text/regular_expression.h"

#include "base/input_error.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <array>
#include <new>
#include <utility>

namespace attnscope {
namespace {

constexpr std::size_t longest_pattern = 64 * 1024;       // bytes
constexpr std::size_t jit_stack_limit = 8 * 1024 * 1024; // bytes
constexpr std::uint32_t heap_limit = 64 * 1024;          // KiB

template <auto Free>
struct Freed {
    template <typename T>
    void operator()(T* object) const noexcept {
        Free(object);
    }
};
using Code = std::unique_ptr<pcre2_code, Freed<pcre2_code_free>>;
bool is_lack_of_memory(int error) {
    return error == PCRE2_ERROR_NOMEMORY || error == PCRE2_ERROR_HEAP_FAILED;
}

using CompileContext = std::unique_ptr<pcre2_compile_context, Freed<pcre2_compile_context_free>>;
using MatchContext = std::unique_ptr<pcre2_match_context, Freed<pcre2_match_context_free>>;
using MatchData = std::unique_ptr<pcre2_match_data, Freed<pcre2_match_data_free>>;
using JitStack = std::unique_ptr<pcre2_jit_stack, Freed<pcre2_jit_stack_free>>;

PCRE2_SPTR code_units(std::string_view text) {
    return reinterpret_cast<PCRE2_SPTR>(text.data());
}

std::string error_text(int error) {
    std::array<PCRE2_UCHAR, 256> message{};
    pcre2_get_error_message(error, message.data(), message.size());
    return reinterpret_cast<const char*>(message.data());
}

/// Steps a match may take: backtracking over the rest of the text a few times is what honest patterns do.
std::uint32_t step_limit(std::size_t length) {
    return static_cast<std::uint32_t>(std::min<std::size_t>(100'000 + 16 * length, UINT32_MAX));
}

} // namespace

struct RegularExpression::Compiled {
    Code code;
    std::string pattern, subject, where;
};

struct RegularExpression::Search::State {
    MatchContext context;
    JitStack stack;
    MatchData data;
};

RegularExpression::RegularExpression(std::unique_ptr<Compiled> compiled) : compiled_(std::move(compiled)) {}
RegularExpression::~RegularExpression() = default;
RegularExpression::RegularExpression(RegularExpression&&) noexcept = default;
RegularExpression& RegularExpression::operator=(RegularExpression&&) noexcept = default;

RegularExpression::RegularExpression(const std::string& pattern, std::string subject, std::string where)
    : compiled_(std::make_unique<Compiled>()) {
    if (pattern.size() > longest_pattern) {
        input_error(std::move(subject), "a pattern of at most " + bytes_text(longest_pattern),
                    bytes_text(pattern.size()), std::move(where));
    }
    const std::string translated = pcre2_pattern(pattern, subject, where);
    const CompileContext context(pcre2_compile_context_create(nullptr));
    if (!context) throw std::bad_alloc();
    pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
    int error = 0;
    PCRE2_SIZE place = 0;
    compiled_->code.reset(pcre2_compile(code_units(translated), translated.size(),
                                        PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C, &error,
                                        &place, context.get()));
    if (!compiled_->code) {
        if (is_lack_of_memory(error)) throw std::bad_alloc();
        input_error(std::move(subject), "a regular expression", excerpt(pattern) + ": " + error_text(error),
                    std::move(where));
    }
    // Where there is no compiler for this processor the interpreter does the same, slower.
    pcre2_jit_compile(compiled_->code.get(), PCRE2_JIT_COMPLETE);
    compiled_->pattern = pattern;
    compiled_->subject = std::move(subject);
    compiled_->where = std::move(where);
}

RegularExpression RegularExpression::literal(std::string_view text) {
    auto compiled = std::make_unique<Compiled>();
    int error = 0;
    PCRE2_SIZE place = 0;
    compiled->code.reset(
        pcre2_compile(code_units(text), text.size(), PCRE2_UTF | PCRE2_LITERAL, &error, &place, nullptr));
    if (!compiled->code && is_lack_of_memory(error)) throw std::bad_alloc();
    ATTNSCOPE_ASSERT(compiled->code);
    pcre2_jit_compile(compiled->code.get(), PCRE2_JIT_COMPLETE);
    compiled->pattern = text;
    return RegularExpression(std::move(compiled));
}

RegularExpression::Search::Search(const RegularExpression& expression)
    : expression_(expression), state_(std::make_unique<State>()) {
    state_->context.reset(pcre2_match_context_create(nullptr));
    state_->stack.reset(pcre2_jit_stack_create(32 * 1024, jit_stack_limit, nullptr));
    state_->data.reset(pcre2_match_data_create_from_pattern(expression.compiled_->code.get(), nullptr));
    if (!state_->context || !state_->data) throw std::bad_alloc();
    pcre2_jit_stack_assign(state_->context.get(), nullptr, state_->stack.get());
    pcre2_set_heap_limit(state_->context.get(), heap_limit);
}

RegularExpression::Search::~Search() = default;

void RegularExpression::Search::find_all(std::string_view text, std::vector<ByteRange>& found) {
    const Compiled& compiled = *expression_.compiled_;
    const auto match = [&](std::size_t from, std::uint32_t options) {
        return pcre2_match(compiled.code.get(), code_units(text), text.size(), from, PCRE2_NO_UTF_CHECK | options,
                           state_->data.get(), state_->context.get());
    };
    found.clear();
    for (std::size_t from = 0; from <= text.size();) {
        pcre2_set_match_limit(state_->context.get(), step_limit(text.size() - from));
        int count = match(from, 0);
        if (count == PCRE2_ERROR_JIT_STACKLIMIT) count = match(from, PCRE2_NO_JIT);
        if (count == PCRE2_ERROR_NOMATCH) return;
        if (is_lack_of_memory(count)) throw std::bad_alloc();
        if (count < 0) {
            input_error(compiled.subject, "a pattern that finds its matches in a few steps",
                        excerpt(compiled.pattern) + ": " + error_text(count), compiled.where);
        }
        const PCRE2_SIZE* const bounds = pcre2_get_ovector_pointer(state_->data.get());
        // \K can set the beginning of a match before the search or, in a lookaround, behind the match's end.
        const ByteRange range{std::clamp(bounds[0], from, std::max(from, bounds[1])), std::max(from, bounds[1])};
        if (range.empty() && !found.empty() && found.back().end == range.end) {
            do {
                ++from;
            } while (from < text.size() && (static_cast<unsigned char>(text[from]) & 0xc0) == 0x80);
            continue;
        }
        found.push_back(range);
        from = range.end;
    }
}

} // namespace attnscope
