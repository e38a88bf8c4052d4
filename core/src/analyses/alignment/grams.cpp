// Files of grams: streamed, so that ten times the largest model there is fits, and checked as a stranger's.
#include <attnscope/alignment_recipe.h>

#include "base/checked.h"
#include "base/input_error.h"
#include "base/json_reader.h"

#include <attnscope/tensor_file.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace attnscope {

namespace {

using alignment::Operators;
namespace fs = std::filesystem;

constexpr std::size_t most_numbers = std::size_t{1} << 27; // of a gram: a gibibyte
constexpr std::int64_t largest_size = 1 << 24;

std::string short_number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3g", value);
    return text;
}

/// A list of lists of numbers that arrive one by one; all lists of a depth have one length.
class NestedNumbers {
public:
    NestedNumbers(const std::string& subject, const char* name, std::size_t depth)
        : subject_(subject), name_(name), sizes_(depth), counts_(depth) {}

    void open() {
        if (level_ == sizes_.size())
            input_error(subject_, std::to_string(sizes_.size()) + " nested lists", "more", place());
        counts_[level_++] = 0;
    }
    void close() {
        if (!opened()) input_error(subject_, "a list", "none", place());
        --level_;
        std::size_t& size = sizes_[level_].size;
        if (!sizes_[level_].known)
            sizes_[level_] = {counts_[level_], true};
        else if (size != counts_[level_])
            input_error(subject_, "lists of " + std::to_string(size), std::to_string(counts_[level_]) + " entries",
                        place());
        if (level_ > 0) ++counts_[level_ - 1];
    }
    void number(double value) {
        if (level_ != sizes_.size())
            input_error(subject_, std::to_string(sizes_.size()) + " nested lists of numbers", "a number", place());
        if (!std::isfinite(value)) input_error(subject_, "a number", "infinity", place());
        if (numbers.size() == most_numbers)
            input_error(subject_, "at most " + std::to_string(most_numbers) + " numbers", "more", name_);
        numbers.push_back(value);
        ++counts_[level_ - 1];
    }
    bool opened() const { return level_ > 0; }
    std::size_t size(std::size_t level) const { return sizes_[level].size; }
    /// gram[3][0]
    std::string place() const {
        std::string text = name_;
        for (std::size_t level = 0; level < level_; ++level) text += "[" + std::to_string(counts_[level]) + "]";
        return text;
    }

    std::vector<double> numbers;

private:
    struct Size {
        std::size_t size = 0;
        bool known = false;
    };
    std::string subject_;
    const char* name_;
    std::vector<Size> sizes_;
    std::vector<std::size_t> counts_;
    std::size_t level_ = 0;
};

/// What the file says, as it says it.
struct GramText {
    explicit GramText(const std::string& subject) : gram(subject, "gram", 3), fro_sq(subject, "fro_sq", 2) {}
    std::int64_t layers = 0, heads = 0, head_dim = 0, hidden = 0; ///< 0 = not said
    NestedNumbers gram, fro_sq;
    bool has_gram = false, has_fro_sq = false;
    std::string eigdirs_path, kind, basis;
    bool norm_gain = false;
};

class GramReader : public nlohmann::json_sax<nlohmann::json> {
public:
    GramReader(const std::string& subject, GramText& text) : subject_(subject), text_(text) {}

    bool null() override { return value("null"); }
    bool boolean(bool truth) override {
        if (depth_ == 1 && key_ == "norm_gain") {
            text_.norm_gain = truth;
            return true;
        }
        return value(truth ? "true" : "false");
    }
    bool number_integer(number_integer_t number) override {
        return whole(static_cast<double>(number), number, number < 0);
    }
    bool number_unsigned(number_unsigned_t number) override {
        return whole(static_cast<double>(number),
                     static_cast<std::int64_t>(std::min<number_unsigned_t>(number, INT64_MAX)), false);
    }
    bool number_float(number_float_t number, const string_t& as_text) override {
        if (!list_) return value(excerpt(as_text));
        list_->number(number);
        return true;
    }
    bool string(string_t& text) override {
        if (depth_ != 1 || list_) return value("a text");
        if (key_ == "eigdirs_path")
            text_.eigdirs_path = text;
        else if (key_ == "operator")
            text_.kind = text;
        else if (key_ == "directions")
            text_.basis = text;
        else
            return value("a text");
        return true;
    }
    bool binary(binary_t&) override { return value("binary"); }
    bool start_object(std::size_t) override {
        if (list_) input_error(subject_, "numbers", "an object", list_->place());
        return deeper();
    }
    bool key(string_t& name) override {
        if (depth_ == 1) key_ = name;
        return true;
    }
    bool end_object() override {
        --depth_;
        return true;
    }
    bool start_array(std::size_t) override {
        if (depth_ == 0) input_error(subject_, "a JSON object", "a list");
        if (depth_ == 1 && !list_) begin_list();
        if (list_) {
            list_->open();
            return true;
        }
        return deeper();
    }
    bool end_array() override {
        if (!list_) {
            --depth_;
            return true;
        }
        list_->close();
        if (!list_->opened()) list_ = nullptr;
        return true;
    }
    bool parse_error(std::size_t byte, const std::string&, const nlohmann::detail::exception& error) override {
        if (error.id == 406)
            input_error(subject_, "finite numbers", "one out of range", "byte " + std::to_string(byte));
        input_error(subject_, "JSON", "something else", "byte " + std::to_string(byte));
    }

private:
    bool deeper() {
        ++depth_;
        return true;
    }

    void begin_list() {
        const auto begin = [&](NestedNumbers& list, bool& seen) {
            if (seen) input_error(subject_, "one " + key_, "a second", key_);
            seen = true;
            list_ = &list;
        };
        if (key_ == "gram")
            begin(text_.gram, text_.has_gram);
        else if (key_ == "fro_sq")
            begin(text_.fro_sq, text_.has_fro_sq);
        else if (size_of(key_))
            input_error(subject_, "a whole number", "a list", key_);
    }

    std::int64_t* size_of(const std::string& name) const {
        const std::array<std::pair<const char*, std::int64_t*>, 4> sizes{{{"num_layers", &text_.layers},
                                                                          {"num_heads", &text_.heads},
                                                                          {"head_dim", &text_.head_dim},
                                                                          {"hidden_size", &text_.hidden}}};
        for (const auto& [key, size] : sizes)
            if (name == key) return size;
        return nullptr;
    }

    bool whole(double number, std::int64_t exact, bool negative) {
        if (list_) {
            list_->number(number);
            return true;
        }
        std::int64_t* const size = depth_ == 1 ? size_of(key_) : nullptr;
        if (!size) return value(std::to_string(exact));
        if (negative || exact < 1 || exact > largest_size)
            input_error(subject_, "1 to " + std::to_string(largest_size), std::to_string(exact), key_);
        *size = exact;
        return true;
    }

    /// A value that is no number where one may stand, or one that nobody asks for.
    bool value(const std::string& got) {
        if (list_) input_error(subject_, "a number", got, list_->place());
        if (depth_ == 0) input_error(subject_, "a JSON object", got);
        if (depth_ > 1) return true;
        if (key_ == "gram") input_error(subject_, "nested lists", got, key_);
        if (size_of(key_)) input_error(subject_, "a whole number", got, key_);
        return true;
    }

    const std::string& subject_;
    GramText& text_;
    std::string key_;               // of the outermost object
    NestedNumbers* list_ = nullptr; // being read
    int depth_ = 0;                 // outside of it
};

void require_size(const std::string& subject, const char* what, std::size_t expected, std::size_t got) {
    if (expected != got)
        input_error(subject, std::to_string(expected) + " as " + what, std::to_string(got) + " in gram", "gram");
}

/// Off by rounding is kept and said, off by more is no gram.
void check_gram(const Operators& operators, const std::string& subject, std::vector<Warning>& warnings) {
    constexpr double notable = 1e-6, unusable = 1e-3;
    double longest = 0;
    for (int layer = 0; layer < operators.layers; ++layer)
        for (int head = 0; head < operators.heads; ++head)
            longest = std::max(longest, operators.at(layer, layer, head));
    const auto entry = [](int a, int b, int head) {
        return "gram[" + std::to_string(a) + "][" + std::to_string(b) + "][" + std::to_string(head) + "]";
    };
    struct Worst {
        double amount = 0;
        std::string where;
    } negative, asymmetric, beyond;
    int zero = 0;
    const auto note = [](Worst& worst, double amount, const auto& where) {
        if (amount > worst.amount) worst = {amount, where()};
    };
    for (int a = 0; a < operators.layers; ++a)
        for (int head = 0; head < operators.heads; ++head) {
            const double own = operators.at(a, a, head);
            zero += own == 0;
            if (own < 0) note(negative, longest > 0 ? -own / longest : 1, [&] { return entry(a, a, head); });
            for (int b = 0; b < a; ++b) {
                const double scale = std::sqrt(std::max(0.0, own) * std::max(0.0, operators.at(b, b, head)));
                const double there = operators.at(a, b, head), back = operators.at(b, a, head);
                const double apart = std::abs(there - back);
                const double unit = scale > 0 ? scale : std::max(std::abs(there), std::abs(back));
                if (apart > 0) note(asymmetric, apart / unit, [&] { return entry(b, a, head); });
                if (scale > 0)
                    note(beyond, std::max(std::abs(there), std::abs(back)) / scale - 1,
                         [&] { return entry(b, a, head); });
            }
        }
    if (negative.amount > notable)
        input_error(subject, "squared lengths on the diagonal",
                    "a negative one, by " + short_number(negative.amount) + " of the largest", negative.where);
    if (asymmetric.amount > unusable)
        input_error(subject, "a symmetric gram",
                    "entries apart by " + short_number(asymmetric.amount) + " of the operators' lengths",
                    asymmetric.where);
    if (beyond.amount > unusable)
        input_error(subject, "cosines of at most 1", short_number(1 + beyond.amount), beyond.where);
    if (negative.amount > 0)
        warnings.push_back({"gram", subject + ": a squared length is negative by " + short_number(negative.amount) +
                                        " of the largest (" + negative.where + "); its cosines are none"});
    if (asymmetric.amount > notable)
        warnings.push_back({"gram", subject + ": not symmetric by up to " + short_number(asymmetric.amount) +
                                        " of the operators' lengths (" + asymmetric.where + "); used as it is"});
    if (beyond.amount > notable)
        warnings.push_back(
            {"gram", subject + ": a cosine passes 1 by " + short_number(beyond.amount) + " (" + beyond.where + ")"});
    if (zero > 0)
        warnings.push_back({"zero-operator", subject + ": " + std::to_string(zero) + " of " +
                                                 std::to_string(operators.layers * operators.heads) +
                                                 " operators are zero; they have no cosines"});
}

} // namespace

Operators parse_grams(std::string_view json, const std::string& subject, std::string& eigdirs_path,
                      std::vector<Warning>& warnings) {
    GramText text(subject);
    GramReader reader(subject, text);
    read_json_events(json, subject, json_kinds::grams, reader);
    if (!text.has_gram) input_error(subject, "a list", "none", "gram");
    Operators operators;
    const std::size_t layers = text.gram.size(0);
    if (text.gram.numbers.empty()) input_error(subject, "a gram of layers × layers × heads", "an empty list", "gram");
    for (const auto& [size, name] : {std::pair{text.head_dim, "head_dim"}, {text.hidden, "hidden_size"}})
        if (size == 0) input_error(subject, "a whole number", "none", name);
    require_size(subject, "the first list has", layers, text.gram.size(1));
    if (text.layers > 0) require_size(subject, "num_layers says", static_cast<std::size_t>(text.layers), layers);
    if (text.heads > 0)
        require_size(subject, "num_heads says", static_cast<std::size_t>(text.heads), text.gram.size(2));
    operators.layers = static_cast<int>(layers);
    operators.heads = static_cast<int>(text.gram.size(2));
    operators.head_dim = static_cast<int>(text.head_dim);
    operators.hidden = static_cast<int>(text.hidden);
    operators.gram = std::move(text.gram.numbers);
    if (text.has_fro_sq && text.fro_sq.size(0) == layers &&
        text.fro_sq.size(1) == static_cast<std::size_t>(operators.heads))
        operators.fro_sq = std::move(text.fro_sq.numbers);
    const auto known = [&]<class Value>(const char* key, const std::string& said, Value& value) {
        if (said.empty()) return;
        const auto choice = find_choice<Value>(said);
        if (!choice) input_error(subject, "one of " + choice_list<Value>(), excerpt(said), key);
        value = *choice;
    };
    known("operator", text.kind, operators.kind);
    known("directions", text.basis, operators.basis);
    operators.norm_gain = text.norm_gain;
    eigdirs_path = text.eigdirs_path;
    check_gram(operators, subject, warnings);
    return operators;
}

bool is_gram_file(const fs::path& path) {
    constexpr std::size_t looked_at = 4096;
    if (path.extension() != ".json") return false;
    try {
        const auto file = MappedFile::open(path);
        const auto bytes = file->bytes();
        const std::string_view front(reinterpret_cast<const char*>(bytes.data()), std::min(looked_at, bytes.size()));
        return front.find("\"num_layers\"") != front.npos && front.find("\"schema\"") == front.npos;
    } catch (const Error&) {
        return false;
    }
}

} // namespace attnscope
