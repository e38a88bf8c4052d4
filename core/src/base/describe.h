// Fields: what is said once of each parameter of an analysis, for everything that reads or writes it.
//
// A room describes its parameters by a function that shows every one to a visitor,
//   template <class Visitor> void describe(Visitor&& field, Parameters& p) {
//       field(p.top_k, {.name = "top_k", .help = "V* is the mean of the values at the N largest weights"}, {1, 1024});
//       …
//   }
// and fields_of(parameters) is the same as a list. From it come the options of the command line with their help,
// recipes and sessions both ways, undoable commands, completions, the man page and the tables in docs/. A default is
// what a default-constructed struct holds; it is stated nowhere else.
#pragma once

#include "base/json_members.h"
#include "base/json_number.h"
#include "base/json_text.h"

#include <attnscope/choices.h>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace attnscope {

/// What is said of a field, whatever its type.
struct FieldInfo {
    std::string name;          ///< in recipes and sessions: calibration_blocks
    std::string help;          ///< without the default, which follows from the struct
    std::string absent = {};   ///< what the default means where its value does not say it: the last three
    std::string option = {};   ///< on the command line, without dashes; name with dashes when empty, `-` for none
    std::string synonym = {};  ///< a second spelling of the option
    std::string type = {};     ///< what stands for a value in the help; by the kind of value when empty
    std::string session = {};  ///< its name in sessions of earlier versions, where that was another
    std::string command = {};  ///< its undoable command, without the prefix: top_k; name when empty
    std::string argument = {}; ///< what its argument is called where that is neither `value` nor its own name
    std::string title = {};    ///< of that command; without one there is none
    std::string toggle = {}; ///< a second command, without the prefix, that switches a flag; the first then takes `on`
    std::string menu = "Analyses"; ///< that has the command which switches a flag
    bool negated = false;          ///< the option of a flag switches it off: --no-weights
};

/// What a field cannot take. Whoever reads says what was read: an option, a recipe, a session, a script.
struct FieldFault {
    std::string expected, got;
};

/// One field of one struct, which it outlives nowhere.
class Field {
public:
    enum class Kind { flag, whole, number, choice, text, list };

    Field(FieldInfo info, Kind kind) : info_(std::move(info)), kind_(kind) {}
    virtual ~Field() = default;
    const FieldInfo& info() const noexcept { return info_; }
    Kind kind() const noexcept { return kind_; }
    std::string option() const;  ///< --calibration-blocks; empty for none
    std::string command() const; ///< calibration_blocks

    virtual std::string type() const = 0;                           ///< N | X | L | heldout|leading; empty for a flag
    virtual std::string expected() const = 0;                       ///< an integer from 1 to 1024
    virtual std::vector<std::string> choices() const { return {}; } ///< of a choice
    virtual std::string text() const = 0;                           ///< the value, as parse() takes it
    virtual void parse(const std::string& text) = 0;                ///< throws FieldFault
    virtual Json json() const = 0;                                  ///< the value, as read() takes it
    virtual void read(const Json& json) = 0;                        ///< throws FieldFault
    virtual bool try_read(const Json& json) = 0;                    ///< false for what read() throws at

private:
    FieldInfo info_;
    Kind kind_;
};
using Fields = std::vector<std::unique_ptr<Field>>;

// ------------------------------------------------------------------ how values of a type are written
/// What read() and parse() give for something that is no such value is none.
template <class Value>
struct Written;

template <>
struct Written<bool> {
    static constexpr Field::Kind kind = Field::Kind::flag;
    static std::string type() { return {}; }
    static std::string expected() { return "true or false"; }
    static std::string text(bool value) { return value ? "true" : "false"; }
    static std::optional<bool> parse(const std::string& text);
    static Json json(bool value) { return value; }
    static std::optional<bool> read(const Json& json) {
        return json.is_boolean() ? std::optional(json.get<bool>()) : std::nullopt;
    }
};

namespace described {

std::optional<std::int64_t> whole(const std::string& text);
std::optional<double> number(const std::string& text);
std::string number_text(double value);
/// «integers from 1 to 9» of «an integer from 1 to 9».
std::string several(const std::string& one);
/// 1,2,4 in its parts; none where one is empty.
std::optional<std::vector<std::string>> parts(const std::string& text);

} // namespace described

template <class Number>
requires(std::integral<Number> || std::floating_point<Number>) struct Written<Number> {
    static constexpr bool is_whole = std::integral<Number>;
    static constexpr Field::Kind kind = is_whole ? Field::Kind::whole : Field::Kind::number;
    Range<Number> range = is_whole ? Range<Number>{0} : Range<Number>{};

    static std::string type() { return is_whole ? "N" : "X"; }
    std::string expected() const { return describe_range(range); }
    static std::string text(Number value) {
        if constexpr (is_whole)
            return std::to_string(value);
        else
            return described::number_text(value);
    }
    std::optional<Number> parse(const std::string& text) const {
        if constexpr (is_whole) {
            const auto value = described::whole(text);
            return value ? read(Json(*value)) : std::nullopt;
        } else {
            const auto value = described::number(text);
            return value ? read(Json(*value)) : std::nullopt;
        }
    }
    static Json json(Number value) { return value; }
    std::optional<Number> read(const Json& json) const { return number_in(json, range); }
};

template <Chosen Value>
struct Written<Value> {
    static constexpr Field::Kind kind = Field::Kind::choice;
    static std::string type() { return choice_list<Value>("|"); }
    static std::string expected() { return "one of " + choice_list<Value>(); }
    static std::string text(Value value) { return choice_name(value); }
    static std::optional<Value> parse(const std::string& text) { return find_choice<Value>(text); }
    static Json json(Value value) { return choice_name(value); }
    static std::optional<Value> read(const Json& json) {
        return json.is_string() ? parse(json.get<std::string>()) : std::nullopt;
    }
};

template <>
struct Written<std::string> {
    static constexpr Field::Kind kind = Field::Kind::text;
    static std::string type() { return "S"; }
    static std::string expected() { return "a text"; }
    static std::string text(const std::string& value) { return value; }
    static std::optional<std::string> parse(const std::string& text) { return text; }
    static Json json(const std::string& value) { return value; }
    static std::optional<std::string> read(const Json& json) {
        return json.is_string() ? std::optional(json.get<std::string>()) : std::nullopt;
    }
};

/// Choices with commas between them, each once and at least one; `all` on the command line.
template <Chosen Value>
struct Written<std::vector<Value>> {
    static constexpr Field::Kind kind = Field::Kind::list;
    static std::string type() { return choice_list<Value>("|") + "|all"; }
    static std::string expected() { return "a list of " + choice_list<Value>() + "; or all"; }
    static std::string text(const std::vector<Value>& values) {
        std::string list;
        for (const Value value : values) list += (list.empty() ? "" : ",") + std::string(choice_name(value));
        return list;
    }
    static std::optional<std::vector<Value>> parse(const std::string& text) {
        std::vector<Value> values;
        if (text == "all") {
            for (const auto& choice : choices_of(Value{})) values.push_back(choice.value);
            return values;
        }
        const auto names = described::parts(text);
        return names ? of_names(*names) : std::nullopt;
    }
    static Json json(const std::vector<Value>& values) {
        Json list = Json::array();
        for (const Value value : values) list.push_back(choice_name(value));
        return list;
    }
    static std::optional<std::vector<Value>> read(const Json& json) {
        if (!json.is_array()) return std::nullopt;
        std::vector<std::string> names;
        for (const Json& name : json) {
            if (!name.is_string()) return std::nullopt;
            names.push_back(name.get<std::string>());
        }
        return of_names(names);
    }

private:
    static std::optional<std::vector<Value>> of_names(const std::vector<std::string>& names) {
        std::vector<Value> values;
        for (const std::string& name : names) {
            const auto value = find_choice<Value>(name);
            if (!value) return std::nullopt;
            if (std::ranges::find(values, *value) == values.end()) values.push_back(*value);
        }
        return values.empty() ? std::nullopt : std::optional(std::move(values));
    }
};

/// Values with commas between them; of whole numbers also 9:11, both ends included.
template <class Value>
struct Written<std::vector<Value>> {
    static constexpr Field::Kind kind = Field::Kind::list;
    static constexpr bool has_ranges = std::integral<Value>;
    static constexpr std::int64_t longest_range = 4096;
    Written<Value> entry{};

    Written() = default;
    template <class Number>
    Written(Range<Number> range) : entry{range} {}

    static std::string type() { return "L"; }
    std::string expected() const {
        return described::several(entry.expected()) + (has_ranges ? ", as in 1,2,4 or 9:11" : "");
    }
    std::string text(const std::vector<Value>& values) const {
        std::string list;
        for (const Value& value : values) list += (list.empty() ? "" : ",") + entry.text(value);
        return list;
    }
    std::optional<std::vector<Value>> parse(const std::string& text) const {
        std::vector<Value> values;
        const auto items = described::parts(text);
        if (!items) return std::nullopt;
        for (const std::string& item : *items) {
            if constexpr (has_ranges) {
                if (const std::size_t colon = item.find(':'); colon != std::string::npos) {
                    const auto first = entry.parse(item.substr(0, colon)), last = entry.parse(item.substr(colon + 1));
                    if (!first || !last || *last < *first || std::int64_t(*last - *first) >= longest_range)
                        return std::nullopt;
                    for (Value value = *first;; ++value) {
                        values.push_back(value);
                        if (value == *last) break;
                    }
                    continue;
                }
            }
            const auto value = entry.parse(item);
            if (!value) return std::nullopt;
            values.push_back(*value);
        }
        return values;
    }
    Json json(const std::vector<Value>& values) const {
        Json list = Json::array();
        for (const Value& value : values) list.push_back(entry.json(value));
        return list;
    }
    std::optional<std::vector<Value>> read(const Json& json) const {
        if (!json.is_array()) return std::nullopt;
        std::vector<Value> values;
        for (const Json& item : json) {
            const auto value = entry.read(item);
            if (!value) return std::nullopt;
            values.push_back(*value);
        }
        return values;
    }
};

/// Bytes that are asked for in MiB on the command line.
struct InMebibytes {
    static constexpr Field::Kind kind = Field::Kind::whole;
    static constexpr int shift = 20;
    static constexpr Range<std::int64_t> mebibytes{0, std::int64_t{1} << 40};

    static std::string type() { return "MIB"; }
    static std::string expected() { return describe_range(mebibytes); }
    static std::string text(std::uint64_t bytes) { return std::to_string(bytes >> shift); }
    static std::optional<std::uint64_t> parse(const std::string& text);
    static Json json(std::uint64_t bytes) { return bytes; }
    static std::optional<std::uint64_t> read(const Json& json) { return number_in<std::uint64_t>(json); }
};

/// A number above 0, or infinity, which JSON has no number for: the text inf.
struct AboveZeroOrInfinity {
    static constexpr Field::Kind kind = Field::Kind::number;
    static std::string type() { return "X|inf"; }
    static std::string expected() { return "a number above 0, or inf"; }
    static std::string text(double value);
    static std::optional<double> parse(const std::string& text);
    static Json json(double value);
    static std::optional<double> read(const Json& json);
};

/// A whole number; what is below `least` is none, and null in files.
struct OrNone {
    static constexpr Field::Kind kind = Field::Kind::whole;
    int least = 0;
    static std::string type() { return "N"; }
    std::string expected() const { return describe_range(Range<int>{least}) + ", or none"; }
    static std::string text(int value) { return std::to_string(value); }
    std::optional<int> parse(const std::string& text) const { return Written<int>{{least}}.parse(text); }
    Json json(int value) const { return value < least ? Json(nullptr) : Json(value); }
    std::optional<int> read(const Json& json) const {
        return json.is_null() ? std::optional(least - 1) : number_in(json, Range<int>{least});
    }
};

/// One of names that only the program knows.
struct OneOf {
    static constexpr Field::Kind kind = Field::Kind::choice;
    std::vector<std::string> names;
    static std::string type() { return "S"; }
    std::vector<std::string> choices() const { return names; }
    std::string expected() const;
    static std::string text(const std::string& value) { return value; }
    std::optional<std::string> parse(const std::string& text) const;
    static Json json(const std::string& value) { return value; }
    std::optional<std::string> read(const Json& json) const {
        return json.is_string() ? parse(json.get<std::string>()) : std::nullopt;
    }
};

// ------------------------------------------------------------------ a field bound to its value
template <class Value, class Form>
class BoundField final : public Field {
public:
    BoundField(Value& value, FieldInfo info, Form form)
        : Field(std::move(info), Form::kind), value_(value), form_(std::move(form)) {}

    std::string type() const override { return info().type.empty() ? form_.type() : info().type; }
    std::string expected() const override { return form_.expected(); }
    std::vector<std::string> choices() const override {
        std::vector<std::string> names;
        if constexpr (Chosen<Value>)
            for (const auto& choice : choices_of(Value{})) names.emplace_back(choice.name);
        else if constexpr (requires { form_.choices(); })
            names = form_.choices();
        return names;
    }
    std::string text() const override { return form_.text(value_); }
    void parse(const std::string& text) override { take(form_.parse(text), text.empty() ? "nothing" : text); }
    Json json() const override { return form_.json(value_); }
    void read(const Json& json) override { take(form_.read(json), one_line(json)); }
    bool try_read(const Json& json) override {
        std::optional<Value> value = form_.read(json);
        if (value) value_ = std::move(*value);
        return value.has_value();
    }

private:
    void take(std::optional<Value> value, const std::string& got) {
        if (!value) throw FieldFault{expected(), got};
        value_ = std::move(*value);
    }

    Value& value_;
    Form form_;
};

/// Makes the list out of describe(): the visitor of fields_of().
class FieldCollector {
public:
    explicit FieldCollector(Fields& fields) : fields_(fields) {}
    template <class Value>
    void operator()(Value& value, FieldInfo info, Written<Value> form = {}) {
        add(value, std::move(info), std::move(form));
    }
    /// A value in a form of the room's own: the members of Written<Value>.
    template <class Value, class Form>
    void as(Form form, Value& value, FieldInfo info) {
        add(value, std::move(info), std::move(form));
    }

private:
    template <class Value, class Form>
    void add(Value& value, FieldInfo info, Form form) {
        fields_.push_back(std::make_unique<BoundField<Value, Form>>(value, std::move(info), std::move(form)));
    }
    Fields& fields_;
};

/// The fields of a struct that describe() knows; they refer to it.
template <class Described>
Fields fields_of(Described& described) {
    Fields fields;
    FieldCollector collector(fields);
    describe(collector, described);
    return fields;
}

// ------------------------------------------------------------------ recipes
/// Every field under its name, in their order, behind what `params` has.
void write_fields(const Fields& fields, Json& params);
/// The same as an object of their own.
Json fields_json(const Fields& fields);
/// What `params`, an object of a recipe, has of them; one that is missing keeps its value. Throws Error{input} with the
/// field's name behind `where` as the place.
void read_fields(const Fields& fields, const Json& params, const char* where = "params.");
inline constexpr const char* cursor_place = "params.cursor.";
/// Runs a check of parameters that speaks of usage: here it is the recipe that is wrong.
template <class Check>
void check_read(const Check& check) {
    try {
        check();
    } catch (const Error& error) {
        throw Error(ErrorKind::input, "recipe", error.expected, error.got, "params." + error.subject);
    }
}
/// The same of an object that may have been written by an earlier version: a name that was another then is read, too,
/// and null counts as missing.
void read_fields(const Fields& fields, const JsonMembers& object);
/// Null when there is none of that name.
Field* find_field(const Fields& fields, const std::string& name);

} // namespace attnscope
