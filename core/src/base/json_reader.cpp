#include "base/json_reader.h"

#include <attnscope/error.h>
#include <attnscope/tensor_file.h>

#include <algorithm>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <vector>

namespace attnscope {
namespace {

constexpr std::size_t most_ordered_members = 65'536;

[[noreturn]] void refuse_json(const std::string& subject, std::string expected, std::string got,
                              std::string where = {}) {
    throw Error(ErrorKind::input, subject, std::move(expected), std::move(got), std::move(where));
}

[[noreturn]] void refuse_depth(const std::string& subject, const std::string& where = {}) {
    refuse_json(subject, "JSON nested at most " + std::to_string(deepest_json) + " deep", "deeper nesting", where);
}

[[noreturn]] void refuse_syntax(const std::string& subject, std::size_t byte, const nlohmann::json::exception& error) {
    constexpr int out_of_range = 406;
    const std::string where = "byte " + std::to_string(byte);
    if (error.id == out_of_range) refuse_json(subject, "numbers that fit into 64 bits", "one out of range", where);
    refuse_json(subject, "JSON", "something else", where);
}

void check_size(std::string_view text, const std::string& subject, const JsonKind& kind,
                const std::string& where = {}) {
    if (text.size() > kind.most_bytes)
        refuse_json(subject, std::string(kind.name) + " of at most " + std::to_string(kind.most_bytes) + " bytes",
                    std::to_string(text.size()), where);
}

/// Puts values into the container that was opened last.
template <class JsonType>
class TreeBuilder {
    using Object = typename JsonType::object_t;
    using Array = typename JsonType::array_t;
    static constexpr bool ordered = std::is_same_v<JsonType, nlohmann::ordered_json>;

public:
    TreeBuilder(const std::string& subject, bool members_once) : subject_(subject), members_once_(members_once) {
        open_.reserve(deepest_json);
    }
    JsonType root;

    bool null() { return put(nullptr); }
    bool boolean(bool value) { return put(value); }
    bool number_integer(std::int64_t value) { return put(value); }
    bool number_unsigned(std::uint64_t value) { return put(value); }
    bool number_float(double value, const std::string& text) {
        if (value == 0 && text.find_first_of("123456789") < text.find_first_of("eE"))
            refuse_json(subject_, "numbers that fit into 64 bits", text.substr(0, 40));
        return put(value);
    }
    bool string(std::string& value) { return put(std::move(value)); }
    bool binary(typename JsonType::binary_t& value) { return put(std::move(value)); }
    bool key(std::string& name) {
        name_ = std::move(name);
        return true;
    }
    bool start_object(std::size_t) { return open(JsonType::object()); }
    bool start_array(std::size_t) { return open(JsonType::array()); }
    bool end_object() { return close(); }
    bool end_array() { return close(); }
    bool parse_error(std::size_t byte, const std::string&, const nlohmann::json::exception& error) {
        refuse_syntax(subject_, byte, error);
    }

private:
    struct Level {
        JsonType* container;
        std::unordered_set<std::string> names; ///< of an ordered object, once it has many
    };

    bool put(JsonType value) {
        place(std::move(value));
        return true;
    }
    bool open(JsonType container) {
        if (open_.size() == deepest_json) refuse_depth(subject_);
        JsonType& placed = place(std::move(container));
        open_.push_back({&placed, {}});
        return true;
    }
    bool close() {
        open_.pop_back();
        return true;
    }

    /// An open container never moves: its own parent is not added to before it is closed.
    JsonType& place(JsonType value) {
        if (open_.empty()) return root = std::move(value);
        JsonType& parent = *open_.back().container;
        if (parent.is_array()) return parent.template get_ref<Array&>().emplace_back(std::move(value));
        Object& object = parent.template get_ref<Object&>();
        if (JsonType* const there = find(object)) {
            if (members_once_) refuse_json(subject_, "each member once", "a second one", name_);
            return *there = std::move(value);
        }
        if constexpr (ordered) {
            if (object.size() == most_ordered_members)
                refuse_json(subject_, "at most " + std::to_string(most_ordered_members) + " members", "more", name_);
            return object.emplace_back(std::move(name_), std::move(value)).second;
        } else {
            return object.emplace(std::move(name_), std::move(value)).first->second;
        }
    }

    JsonType* find(Object& object) {
        if constexpr (ordered) {
            constexpr std::size_t few = 16;
            auto& names = open_.back().names;
            if (object.size() == few && names.empty())
                for (const auto& member : object) names.insert(member.first);
            if (object.size() >= few && names.insert(name_).second) return nullptr;
        }
        const auto found = object.find(name_);
        return found == object.end() ? nullptr : &found->second;
    }

    const std::string& subject_;
    bool members_once_;
    std::vector<Level> open_;
    std::string name_;
};

/// Passes events on as long as they are not nested too deep.
class BoundedEvents {
    using PlainJson = nlohmann::json;

public:
    BoundedEvents(const std::string& subject, const std::string& where, nlohmann::json_sax<PlainJson>& events)
        : subject_(subject), where_(where), events_(events) {}

    bool null() { return events_.null(); }
    bool boolean(bool value) { return events_.boolean(value); }
    bool number_integer(std::int64_t value) { return events_.number_integer(value); }
    bool number_unsigned(std::uint64_t value) { return events_.number_unsigned(value); }
    bool number_float(double value, const std::string& text) { return events_.number_float(value, text); }
    bool string(std::string& value) { return events_.string(value); }
    bool binary(PlainJson::binary_t& value) { return events_.binary(value); }
    bool key(std::string& name) { return events_.key(name); }
    bool start_object(std::size_t size) { return enter() && events_.start_object(size); }
    bool start_array(std::size_t size) { return enter() && events_.start_array(size); }
    bool end_object() { return leave() && events_.end_object(); }
    bool end_array() { return leave() && events_.end_array(); }
    bool parse_error(std::size_t byte, const std::string& token, const PlainJson::exception& error) {
        return events_.parse_error(byte, token, error);
    }

private:
    bool enter() {
        if (depth_ == deepest_json) refuse_depth(subject_, where_);
        ++depth_;
        return true;
    }
    bool leave() {
        --depth_;
        return true;
    }

    const std::string &subject_, &where_;
    nlohmann::json_sax<PlainJson>& events_;
    std::size_t depth_ = 0;
};

} // namespace

template <class JsonType>
JsonType parse_json(std::string_view text, const std::string& subject, const JsonKind& kind) {
    check_size(text, subject, kind);
    TreeBuilder<JsonType> builder(subject, kind.members_once);
    JsonType::sax_parse(text.begin(), text.end(), &builder);
    return std::move(builder.root);
}
template nlohmann::json parse_json(std::string_view, const std::string&, const JsonKind&);
template nlohmann::ordered_json parse_json(std::string_view, const std::string&, const JsonKind&);

template <class JsonType>
JsonType read_json(const std::filesystem::path& path, const JsonKind& kind, std::string subject) {
    if (subject.empty()) subject = path.filename().string();
    return parse_json<JsonType>(read_file(path, kind.most_bytes), subject, kind);
}
template nlohmann::json read_json(const std::filesystem::path&, const JsonKind&, std::string);
template nlohmann::ordered_json read_json(const std::filesystem::path&, const JsonKind&, std::string);

void read_json_events(std::string_view text, const std::string& subject, const JsonKind& kind,
                      nlohmann::json_sax<nlohmann::json>& events, const std::string& where) {
    check_size(text, subject, kind, where);
    BoundedEvents bounded(subject, where, events);
    nlohmann::json::sax_parse(text.begin(), text.end(), &bounded);
}

void check_schema(const nlohmann::ordered_json& document, const std::string& subject) {
    constexpr std::string_view program = "attnscope.", version = "/1";
    const auto schema = document.is_object() ? document.find("schema") : document.end();
    if (!document.is_object() || schema == document.end()) return;
    const std::string name = schema->is_string() ? schema->get<std::string>() : std::string();
    if (name.starts_with(program) && name.ends_with(version) && name.size() > program.size() + version.size()) return;
    constexpr std::size_t most_shown = 60;
    std::string wanted = "a schema " + std::string(program) + "…" + std::string(version);
    if (const auto slash = name.rfind('/'); name.starts_with(program) && slash != name.npos && slash < most_shown)
        wanted = "schema " + name.substr(0, slash) + std::string(version);
    refuse_json(subject, wanted, schema->is_string() ? name.substr(0, most_shown) : schema->type_name(), "schema");
}

} // namespace attnscope
