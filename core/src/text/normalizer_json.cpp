// The normalizer and the pre_tokenizer of a tokenizer.json.
#include "base/input_error.h"
#include "text/tokenizer_json.h"

#include <nlohmann/json.hpp>

#include <array>
#include <utility>

namespace attnscope {
namespace {

using SpacePrefix = BytePairSettings::SpacePrefix;

BertNormalizer read_bert_normalizer(const JsonMembers& members) {
    BertNormalizer normalizer;
    normalizer.clean_text = members.flag("clean_text", true);
    normalizer.space_cjk = members.flag("handle_chinese_chars", true);
    normalizer.lower_case = members.flag("lowercase", true);
    normalizer.strip_accents = members.flag("strip_accents", normalizer.lower_case);
    return normalizer;
}

void append_normalizer(const JsonMembers& members, Normalizer& normalizer, SpaceMark& spaces) {
    struct Form {
        const char* name;
        NormalForm form;
    };
    static constexpr std::array forms{Form{"NFC", NormalForm::nfc}, Form{"NFD", NormalForm::nfd},
                                      Form{"NFKC", NormalForm::nfkc}, Form{"NFKD", NormalForm::nfkd}};
    const std::string type = members.text("type");
    for (const Form& form : forms) {
        if (type == form.name) return normalizer.steps.push_back(normal_form_step(form.form));
    }
    if (type == "Sequence") {
        for_each_object(members, "normalizers",
                        [&](const JsonMembers& part) { append_normalizer(part, normalizer, spaces); });
    } else if (type == "Lowercase") {
        normalizer.steps.push_back(lower_case_step());
    } else if (type == "StripAccents") {
        normalizer.steps.push_back(strip_accents_step());
    } else if (type == "Strip") {
        normalizer.steps.push_back(strip_step(members.flag("strip_left", true), members.flag("strip_right", true)));
    } else if (type == "Prepend") {
        std::string text = members.text("prepend");
        check_token(text, members, "prepend");
        spaces.prefix = SpacePrefix::start_and_after_added;
        normalizer.steps.push_back(prepend_step(std::move(text)));
    } else if (type == "Replace") {
        std::string content = members.text("content");
        check_token(content, members, "content");
        if (members.object("pattern").text("String", "") == " ") spaces.mark = content;
        normalizer.steps.push_back(replace_step(read_pattern(members), std::move(content)));
    } else if (type == "BertNormalizer") {
        normalizer.steps.push_back(bert_step(read_bert_normalizer(members)));
    } else {
        members.fail(
            "type",
            "NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, Strip, Prepend, Replace, BertNormalizer or Sequence",
            excerpt(type));
    }
}

SplitBehavior read_behavior(const JsonMembers& members) {
    struct Name {
        const char* name;
        SplitBehavior behavior;
    };
    static constexpr std::array names{
        Name{"Removed", SplitBehavior::removed}, Name{"Isolated", SplitBehavior::isolated},
        Name{"MergedWithPrevious", SplitBehavior::merged_with_previous},
        Name{"MergedWithNext", SplitBehavior::merged_with_next}, Name{"Contiguous", SplitBehavior::contiguous}};
    const std::string text = members.text("behavior");
    for (const Name& name : names) {
        if (text == name.name) return name.behavior;
    }
    members.fail("behavior", "Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous", excerpt(text));
}

class PreTokenizerReader {
public:
    PreTokenizerReader(SpaceMark& spaces) : spaces_(spaces) {}

    void append(const JsonMembers& members) {
        const std::string type = members.text("type");
        if (type == "Sequence")
            return for_each_object(members, "pretokenizers", [&](const JsonMembers& part) { append(part); });
        if (ends_in_bytes_) {
            // Whatever comes behind sees bytes in their spelling.
            steps.push_back(spell_bytes_step());
            ends_in_bytes_ = false;
        }
        if (type == "ByteLevel") {
            if (members.flag("add_prefix_space", true)) steps.push_back(prefix_step(" "));
            if (members.flag("use_regex", true)) steps.push_back(known_split(gpt2_pattern));
            ends_in_bytes_ = spells_bytes = true;
        } else if (type == "Split") {
            steps.push_back(split_step(read_pattern(members), read_behavior(members), members.flag("invert", false)));
        } else if (type == "Digits") {
            steps.push_back(known_split(number_pattern, members.flag("individual_digits", false)
                                                            ? SplitBehavior::isolated
                                                            : SplitBehavior::contiguous));
        } else if (type == "Metaspace") {
            append_metaspace(members);
        } else if (type == "Whitespace") {
            steps.push_back(known_split(words_pattern, SplitBehavior::removed, true));
        } else if (type == "WhitespaceSplit") {
            steps.push_back(known_split(spaces_pattern, SplitBehavior::removed));
        } else if (type == "Punctuation") {
            steps.push_back(known_split(punctuation_pattern,
                                        members.find("behavior") ? read_behavior(members) : SplitBehavior::isolated));
        } else if (type == "BertPreTokenizer") {
            for (const SplitStep& step : bert_split()) steps.push_back(step);
        } else {
            members.fail("type",
                         "ByteLevel, Split, Digits, Metaspace, Whitespace, WhitespaceSplit, Punctuation, "
                         "BertPreTokenizer or Sequence",
                         excerpt(type));
        }
    }

    PreTokenizer result() { return {std::move(steps), ends_in_bytes_}; }

    std::vector<SplitStep> steps;
    bool spells_bytes = false;

private:
    void append_metaspace(const JsonMembers& members) {
        const std::string mark = members.text("replacement", lower_one_eighth_block);
        check_token(mark, members, "replacement");
        if (mark.empty()) members.fail("replacement", "a character", "none");
        const std::string scheme =
            members.text("prepend_scheme", members.flag("add_prefix_space", true) ? "always" : "never");
        steps.push_back(replace_in_pieces_step(' ', mark));
        spaces_.mark = mark;
        if (scheme == "always" || scheme == "first") {
            steps.push_back(prefix_step(mark, scheme == "first"));
            spaces_.prefix = scheme == "first" ? SpacePrefix::start : SpacePrefix::start_and_after_added;
        } else if (scheme != "never") {
            members.fail("prepend_scheme", "always, first or never", excerpt(scheme));
        }
        if (members.flag("split", true)) {
            steps.push_back(split_step(std::make_shared<RegularExpression>(RegularExpression::literal(mark)),
                                       SplitBehavior::merged_with_next));
        }
    }

    SpaceMark& spaces_;
    bool ends_in_bytes_ = false;
};

} // namespace

Normalizer read_normalizer(const JsonMembers& document, SpaceMark& spaces) {
    Normalizer normalizer;
    if (document.find("normalizer")) append_normalizer(document.object("normalizer"), normalizer, spaces);
    return normalizer;
}

PreTokenizer read_pre_tokenizer(const JsonMembers& document, SpaceMark& spaces, bool& spells_bytes) {
    PreTokenizerReader reader(spaces);
    if (document.find("pre_tokenizer")) reader.append(document.object("pre_tokenizer"));
    spells_bytes = reader.spells_bytes;
    return reader.result();
}

} // namespace attnscope
