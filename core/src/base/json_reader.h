// The one way JSON enters the program. Texts come from strangers: nesting is bounded while they are read, so that
// nothing that walks a document afterwards can leave the stack, and every kind of document has a largest size.
//
// A number that no double holds is refused here. What narrows a number further is in base/json_number.h.
#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace attnscope {

/// Containers within one another, the outermost included.
inline constexpr std::size_t deepest_json = 64;

/// What a JSON text is.
struct JsonKind {
    const char* name; ///< as messages say it: a session
    std::size_t most_bytes;
    /// Documents of this program name a member once: a second one is refused, as nobody could say which counts. In
    /// those of others the last one counts, as it does for the libraries that write them.
    bool members_once;
};

namespace json_kinds {
inline constexpr std::size_t mebibyte = std::size_t{1} << 20;
inline constexpr JsonKind recipe{"a recipe", 64 * mebibyte, true};
inline constexpr JsonKind result{"a result", 1024 * mebibyte, true};
inline constexpr JsonKind session{"a session", 256 * mebibyte, true};
inline constexpr JsonKind view{"a view", 256 * mebibyte, true};
inline constexpr JsonKind script{"a script", 64 * mebibyte, true};
inline constexpr JsonKind style{"a style", mebibyte, true};
inline constexpr JsonKind preferences{"preferences", mebibyte, true};
inline constexpr JsonKind token_ids{"token ids", 256 * mebibyte, true};
inline constexpr JsonKind model_config{"a configuration", 64 * mebibyte, false};
inline constexpr JsonKind tokenizer{"a tokenizer", 256 * mebibyte, false};
inline constexpr JsonKind shard_index{"an index of shards", 64 * mebibyte, true};
inline constexpr JsonKind question{"a question", 64 * mebibyte, false};
inline constexpr JsonKind tensor_header{"a header of tensors", 100'000'000, false};
inline constexpr JsonKind grams{"grams", 4096 * mebibyte, false};
} // namespace json_kinds

/// The document as a tree. Throws Error{input} naming `subject` for a text that is too long for its kind, is no JSON
/// (with the byte), is nested deeper than deepest_json, holds a number that no double holds, or has a member twice
/// where its kind forbids it. Members of the ordered form are found one after the other: an object of it has at most
/// 65,536.
template <class JsonType = nlohmann::ordered_json>
JsonType parse_json(std::string_view text, const std::string& subject, const JsonKind& kind);
extern template nlohmann::json parse_json(std::string_view, const std::string&, const JsonKind&);
extern template nlohmann::ordered_json parse_json(std::string_view, const std::string&, const JsonKind&);

/// The same for a file; `subject` is its name unless another is given. Throws Error{input} for one that cannot be read.
template <class JsonType = nlohmann::ordered_json>
JsonType read_json(const std::filesystem::path& path, const JsonKind& kind, std::string subject = {});
extern template nlohmann::json read_json(const std::filesystem::path&, const JsonKind&, std::string);
extern template nlohmann::ordered_json read_json(const std::filesystem::path&, const JsonKind&, std::string);

/// The document as a series of events, for what need not become a tree. Size and depth are checked alike, the errors
/// saying `where`; a syntax error and a number out of range are told to `events.parse_error`, and members given twice
/// are left to `events`.
void read_json_events(std::string_view text, const std::string& subject, const JsonKind& kind,
                      nlohmann::json_sax<nlohmann::json>& events, const std::string& where = {});

/// Throws Error{input} naming `subject` unless the document's `schema` is one of this program's that it reads: a
/// version to come may mean other things by the same names. A document without one is let pass.
void check_schema(const nlohmann::ordered_json& document, const std::string& subject);

} // namespace attnscope
