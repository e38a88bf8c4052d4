#include "text/tokenizer_json.h"

#include "base/input_error.h"

#include <nlohmann/json.hpp>

#include <utility>

namespace attnscope {
namespace {

constexpr std::size_t most_template_tokens = 64;

constexpr const char* beginning = "[CLS]";
constexpr const char* ending = "[SEP]";

bool is_id(const nlohmann::json& value) {
    return value.is_number_unsigned() && value.get<std::uint64_t>() < static_cast<std::uint64_t>(most_token_ids);
}

Token special_token(const nlohmann::json& id, const nlohmann::json& text) {
    return {id.get<std::int64_t>(), text.get<std::string>(), 0, 0};
}

/// ["[SEP]", 102]
Token read_pair(const JsonMembers& processor, const char* name) {
    const nlohmann::json& pair = processor.at(name);
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !is_id(pair[1]))
        processor.fail(name, "a token and its id", describe(pair));
    return special_token(pair[1], pair[0]);
}

void append_special(const JsonMembers& processor, const std::string& name, std::vector<Token>& tokens) {
    const JsonMembers special = processor.object("special_tokens").object(name.c_str());
    const nlohmann::json& ids = special.at("ids");
    const nlohmann::json& texts = special.at("tokens");
    if (!ids.is_array() || !texts.is_array() || ids.size() != texts.size() || ids.size() > most_template_tokens)
        special.fail("ids", "as many ids as tokens", describe(ids));
    for (std::size_t i = 0; i < ids.size(); ++i) {
        if (!is_id(ids[i]) || !texts[i].is_string()) special.fail("ids", "an id and a text", describe(ids[i]));
        tokens.push_back(special_token(ids[i], texts[i]));
    }
}

Surroundings read_template(const JsonMembers& processor) {
    const nlohmann::json& pieces = processor.at("single");
    if (!pieces.is_array() || pieces.size() > most_template_tokens) {
        processor.fail("single", "a list of at most " + std::to_string(most_template_tokens) + " pieces",
                       describe(pieces));
    }
    Surroundings around;
    bool text_seen = false;
    for (const nlohmann::json& piece : pieces) {
        const JsonMembers members(piece, processor.subject(), processor.path("single"));
        if (members.find("Sequence")) {
            if (text_seen) processor.fail("single", "the text once", "it twice");
            text_seen = true;
        } else {
            append_special(processor, members.object("SpecialToken").text("id"),
                           text_seen ? around.after : around.before);
        }
    }
    if (!text_seen) processor.fail("single", "the text once", "no text");
    return around;
}

/// Sets what `processor` adds around what is there.
void apply_processor(const JsonMembers& processor, Surroundings& around) {
    const std::string type = processor.text("type");
    Surroundings outer;
    if (type == "Sequence") {
        for_each_object(processor, "processors", [&](const JsonMembers& part) { apply_processor(part, around); });
    } else if (type == "TemplateProcessing") {
        outer = read_template(processor);
    } else if (type == "BertProcessing" || type == "RobertaProcessing") {
        outer = {{read_pair(processor, "cls")}, {read_pair(processor, "sep")}};
    } else if (type != "ByteLevel") { // which moves offsets and adds nothing
        processor.fail("type", "TemplateProcessing, BertProcessing, RobertaProcessing, ByteLevel or Sequence",
                       excerpt(type));
    }
    around.before.insert(around.before.begin(), outer.before.begin(), outer.before.end());
    around.after.insert(around.after.end(), outer.after.begin(), outer.after.end());
    if (around.before.size() + around.after.size() > most_template_tokens) {
        processor.fail("type", "at most " + std::to_string(most_template_tokens) + " tokens around a text", "more");
    }
}

} // namespace

void for_each_object(const JsonMembers& members, const char* name,
                     const std::function<void(const JsonMembers&)>& take) {
    const nlohmann::json& list = members.at(name);
    if (!list.is_array()) members.fail(name, "a list", describe(list));
    for (std::size_t i = 0; i < list.size(); ++i)
        take(JsonMembers(list[i], members.subject(), members.path(name) + "[" + std::to_string(i) + "]"));
}

void check_token(const std::string& token, const JsonMembers& members, const char* name) {
    if (token.size() > longest_token)
        members.fail(name, "tokens of at most " + bytes_text(longest_token), bytes_text(token.size()));
}

Vocabulary read_vocabulary(const JsonMembers& model) {
    const nlohmann::json& entries = model.at("vocab");
    if (!entries.is_object()) model.fail("vocab", "an object of tokens and ids", describe(entries));
    Vocabulary vocabulary;
    vocabulary.reserve(entries.size());
    for (const auto& [token, id] : entries.items()) {
        check_token(token, model, "vocab");
        if (!is_id(id)) {
            model.fail("vocab", "an id from 0 to " + std::to_string(most_token_ids - 1),
                       describe(id) + " for " + excerpt(token));
        }
        vocabulary.emplace(token, id.get<std::int64_t>());
    }
    return vocabulary;
}

std::vector<AddedToken> read_added_tokens(const JsonMembers& document, const Vocabulary& vocabulary) {
    std::vector<AddedToken> added;
    if (!document.find("added_tokens")) return added;
    for_each_object(document, "added_tokens", [&](const JsonMembers& members) {
        AddedToken token;
        token.id = members.integer("id", 0, most_token_ids - 1);
        token.content = members.text("content");
        check_token(token.content, members, "content");
        if (const auto known = vocabulary.find(token.content); known != vocabulary.end()) token.id = known->second;
        token.single_word = members.flag("single_word", false);
        token.strip_left = members.flag("lstrip", false);
        token.strip_right = members.flag("rstrip", false);
        token.normalized = members.flag("normalized", false);
        added.push_back(std::move(token));
    });
    return added;
}

std::shared_ptr<const RegularExpression> read_pattern(const JsonMembers& members) {
    const JsonMembers pattern = members.object("pattern");
    if (pattern.find("Regex")) {
        return std::make_shared<RegularExpression>(pattern.text("Regex"), members.subject(), pattern.path("Regex"));
    }
    const std::string literal = pattern.text("String");
    if (literal.empty()) pattern.fail("String", "a text to look for", "an empty one");
    check_token(literal, pattern, "String");
    return std::make_shared<RegularExpression>(RegularExpression::literal(literal));
}

Surroundings read_surroundings(const JsonMembers& document) {
    Surroundings around;
    if (document.find("post_processor")) apply_processor(document.object("post_processor"), around);
    return around;
}

Surroundings bert_surroundings(const Vocabulary& vocabulary) {
    const auto first = vocabulary.find(beginning);
    const auto last = vocabulary.find(ending);
    if (first == vocabulary.end() || last == vocabulary.end()) return {};
    return {{{first->second, first->first, 0, 0}}, {{last->second, last->first, 0, 0}}};
}

} // namespace attnscope
