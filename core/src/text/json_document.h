// JSON out of files that come from strangers: parsed with a cap on depth, read member by member, every wrong one named.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace attnscope {

/// Throws Error{input} naming `subject` and the byte.
nlohmann::json parse_json(std::string_view text, const std::string& subject);

/// Short description of a value for «got …»: its type, or the value itself when it is short.
std::string describe(const nlohmann::json& value);

/// The members of one JSON object. Members that are absent or null count as missing: they take the fallback where one
/// is given, else they throw. All errors are Error{input} with `subject` and the member's path.
class JsonMembers {
public:
    /// Throws when `object` is no JSON object. Keeps a reference to it.
    JsonMembers(const nlohmann::json& object, std::string subject, std::string where = {});

    const nlohmann::json* find(const char* name) const; ///< null when missing
    const nlohmann::json& at(const char* name) const;
    JsonMembers object(const char* name) const;

    bool flag(const char* name, bool fallback) const;
    std::string text(const char* name) const;
    std::string text(const char* name, std::string fallback) const;
    std::int64_t integer(const char* name, std::int64_t least, std::int64_t most) const;
    std::int64_t integer(const char* name, std::int64_t least, std::int64_t most, std::int64_t fallback) const;
    double number(const char* name, double fallback) const; ///< finite

    const std::string& subject() const noexcept { return subject_; }
    std::string path(const char* name) const; ///< of a member, from the document's root: model.vocab
    [[noreturn]] void fail(const char* name, std::string expected, std::string got) const;

private:
    const nlohmann::json& object_;
    std::string subject_, where_;
};

} // namespace attnscope
