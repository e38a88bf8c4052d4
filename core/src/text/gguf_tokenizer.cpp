#include "text/gguf_tokenizer.h"

#include "base/input_error.h"
#include "text/bert_normalizer.h"
#include "text/gguf_splits.h"
#include "text/normal_form.h"
#include "text/pipeline.h"
#include "text/tokenizer_parts.h"
#include "text/wordpiece_model.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <string_view>
#include <utility>

namespace attnscope {
namespace {

constexpr std::size_t most_tokens = std::size_t{1} << 24;

/// Of a spelling of a token that stands for text.
bool has_upper_case(std::string_view spelling) {
    return std::any_of(spelling.begin(), spelling.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool has_accents(std::string_view spelling) {
    if (std::all_of(spelling.begin(), spelling.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; }))
        return false;
    const std::vector<Character> parts = normalized(decode_utf8(spelling), NormalForm::nfd);
    return std::any_of(parts.begin(), parts.end(), [](const Character& c) { return is_nonspacing_mark(c.code); });
}

enum TokenType { normal = 1, unknown_type = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };

class Maker {
public:
    Maker(GgufTokenizerData data, const std::string& subject) : data_(std::move(data)), subject_(subject) { check(); }

    std::unique_ptr<Tokenizer> make() {
        if (data_.model == "gpt2")
            byte_level();
        else if (data_.model == "llama")
            sentence_piece();
        else if (data_.model == "bert")
            word_pieces();
        else
            fail("model", "gpt2, llama or bert", data_.model.empty() ? "none" : excerpt(data_.model));
        add_special_tokens();
        for (std::size_t id = 0; id < data_.tokens.size(); ++id)
            settings_.spellings.emplace(static_cast<std::int64_t>(id), std::move(data_.tokens[id]));
        return std::make_unique<PipelineTokenizer>(std::move(settings_));
    }

private:
    [[noreturn]] void fail(const std::string& key, std::string expected, std::string got) const {
        input_error(subject_, std::move(expected), std::move(got), "tokenizer.ggml." + key);
    }

    void check() const {
        const std::size_t count = data_.tokens.size();
        if (count == 0 || count > most_tokens)
            fail("tokens", "1 to " + std::to_string(most_tokens) + " tokens", std::to_string(count));
        const auto same_count = [&](const auto& list, const char* key) {
            if (!list.empty() && list.size() != count)
                fail(key, std::to_string(count) + " entries, one a token", std::to_string(list.size()));
        };
        same_count(data_.scores, "scores");
        same_count(data_.types, "token_type");
        for (const std::string& token : data_.tokens) {
            if (token.size() > longest_token)
                fail("tokens", "tokens of at most " + bytes_text(longest_token), bytes_text(token.size()));
        }
        check_id(data_.bos, "bos_token_id");
        check_id(data_.eos, "eos_token_id");
        check_id(data_.unknown, "unknown_token_id");
    }
    void check_id(std::int64_t id, const char* key) const {
        if (id < -1 || id >= static_cast<std::int64_t>(data_.tokens.size()))
            fail(key, "an id below " + std::to_string(data_.tokens.size()), std::to_string(id));
    }

    void index_tokens() {
        vocabulary_.reserve(data_.tokens.size());
        for (std::size_t id = 0; id < data_.tokens.size(); ++id)
            vocabulary_.insert_or_assign(data_.tokens[id], static_cast<std::int64_t>(id));
    }
    /// Tokens that are cut out of a text where a file has no types.
    void name_ends() {
        if (data_.types.empty()) named_ = {data_.bos, data_.eos};
    }

    int type(std::size_t id) const { return data_.types.empty() ? normal : data_.types[id]; }

    void byte_level() {
        index_tokens();
        name_ends();
        GgufSplit split = gguf_split(data_.pre, subject_);
        settings_.normalizer = std::move(split.normalizer);
        settings_.pre_tokenizer = std::move(split.pre_tokenizer);
        BytePairSettings pairs;
        pairs.units = BytePairSettings::Units::bytes;
        pairs.ignore_merges = split.ignore_merges;
        if (data_.merges.empty()) fail("merges", "the merges of a byte-level tokenizer", "none");
        MergeBuilder builder(vocabulary_, {}, data_.merges.size());
        for (std::size_t i = 0; i < data_.merges.size(); ++i) {
            const auto [left, right] = split_merge(data_.merges[i]);
            if (!builder.add(left, right)) {
                fail("merges[" + std::to_string(i) + "]", "two tokens that make a third", excerpt(data_.merges[i]));
            }
        }
        pairs.merges = builder.take();
        pairs.vocabulary = std::move(vocabulary_);
        settings_.model = std::make_unique<BytePairModel>(std::move(pairs));
    }

    void sentence_piece() {
        index_tokens();
        name_ends();
        if (data_.scores.empty()) fail("scores", "the scores of a SentencePiece tokenizer", "none");
        BytePairSettings pairs;
        pairs.byte_fallback = true;
        pairs.fuse_unknown = true;
        if (data_.unknown >= 0) pairs.unknown = data_.unknown;
        SpaceMark spaces{lower_one_eighth_block, BytePairSettings::SpacePrefix::none};
        if (data_.add_space_prefix.value_or(true)) {
            settings_.normalizer.steps.push_back(prepend_step(spaces.mark));
            spaces.prefix = BytePairSettings::SpacePrefix::start_and_after_added;
        }
        settings_.normalizer.steps.push_back(
            replace_step(std::make_shared<RegularExpression>(RegularExpression::literal(" ")), spaces.mark));
        // What stands for itself only is no part of another token.
        std::vector<float> scores = data_.scores;
        for (std::size_t id = 0; id < scores.size(); ++id) {
            if (std::isnan(scores[id])) fail("scores", "numbers", "NaN for token " + std::to_string(id));
            if (type(id) != normal && type(id) != user_defined) scores[id] = std::numeric_limits<float>::infinity();
        }
        pairs.merges = merges_by_score(vocabulary_, scores);
        pairs.vocabulary = std::move(vocabulary_);
        set_spaces(spaces, pairs, settings_.pre_tokenizer);
        settings_.model = std::make_unique<BytePairModel>(std::move(pairs));
    }

    /// As WordPiece itself spells a token. In a file one that begins a word has a mark before it and one inside a word
    /// has lost its ##; control tokens are left as they are, and so is, by older converters, whatever stands in
    /// brackets.
    std::string wordpiece_spelling(std::size_t id, const std::string& continuation) const {
        const std::string& token = data_.tokens[id];
        const std::string_view mark = lower_one_eighth_block;
        if (type(id) == control || type(id) == unknown_type) return token;
        if (token.size() > mark.size() && token.starts_with(mark)) return token.substr(mark.size());
        return in_brackets(token) ? token : continuation + token;
    }
    static bool in_brackets(std::string_view token) { return token.starts_with('[') && token.ends_with(']'); }

    /// The first id that the file states, else that of the usual spelling.
    std::int64_t special_id(std::initializer_list<std::int64_t> stated, const std::string& spelling,
                            const char* key) const {
        for (const std::int64_t id : stated)
            if (id >= 0) return id;
        if (const auto known = vocabulary_.find(spelling); known != vocabulary_.end()) return known->second;
        fail(key, "the id of " + spelling, "none");
    }

    void word_pieces() {
        check_id(data_.cls, "cls_token_id");
        check_id(data_.separator, "seperator_token_id"); // so the format spells it
        check_id(data_.padding, "padding_token_id");
        check_id(data_.mask, "mask_token_id");
        if (std::none_of(data_.tokens.begin(), data_.tokens.end(),
                         [](const std::string& token) { return token.starts_with(lower_one_eighth_block); }))
            fail("tokens", "U+2581 before tokens that begin a word", "none");
        WordPieceSettings words;
        BertNormalizer normalizer;
        std::vector<std::string> spellings;
        bool accents = false;
        for (std::size_t id = 0; id < data_.tokens.size(); ++id) {
            const std::string& spelling = spellings.emplace_back(wordpiece_spelling(id, words.continuation));
            if (type(id) != normal || in_brackets(spelling)) continue;
            normalizer.lower_case = normalizer.lower_case && !has_upper_case(spelling);
            accents = accents || has_accents(spelling);
        }
        normalizer.strip_accents = normalizer.lower_case && !accents;
        settings_.normalizer.steps = {bert_step(normalizer)};
        settings_.pre_tokenizer.steps = bert_split();
        data_.tokens = std::move(spellings);
        index_tokens();

        // Whatever a file says of adding them: models of this family were trained with both.
        data_.bos = special_id({data_.cls, data_.bos}, "[CLS]", "cls_token_id");
        data_.eos = special_id({data_.separator, data_.eos}, "[SEP]", "seperator_token_id");
        data_.add_bos = data_.add_eos = true;
        data_.unknown = special_id({data_.unknown}, words.unknown, "unknown_token_id");
        named_ = {data_.bos, data_.eos, data_.unknown, data_.padding, data_.mask};
        words.unknown = data_.tokens[static_cast<std::size_t>(data_.unknown)];
        words.vocabulary = std::move(vocabulary_);
        settings_.model = std::make_unique<WordPieceModel>(std::move(words));
    }

    void add_special_tokens() {
        // One that was added to a vocabulary is looked for as a text is normalised.
        const bool as_normalized = data_.model == "bert";
        for (std::size_t id = 0; id < data_.tokens.size(); ++id) {
            const auto number = static_cast<std::int64_t>(id);
            const bool named = std::find(named_.begin(), named_.end(), number) != named_.end();
            if (type(id) == control || type(id) == user_defined || type(id) == unknown_type || named) {
                settings_.added.push_back({.id = number,
                                           .content = data_.tokens[id],
                                           .normalized = as_normalized && type(id) == user_defined && !named});
            }
        }
        const auto set_around = [&](const std::optional<bool>& wanted, std::int64_t id, const char* key,
                                    std::vector<Token>& tokens) {
            if (!wanted.value_or(false)) return;
            if (id < 0) fail(key, "the id of the token to add", "none");
            tokens.push_back({id, data_.tokens[static_cast<std::size_t>(id)], 0, 0});
        };
        set_around(data_.add_bos, data_.bos, "bos_token_id", settings_.before);
        set_around(data_.add_eos, data_.eos, "eos_token_id", settings_.after);
    }

    GgufTokenizerData data_;
    const std::string& subject_;
    Vocabulary vocabulary_;
    std::vector<std::int64_t> named_; ///< special whatever their type
    PipelineSettings settings_;
};

std::optional<bool> optional_flag(const GgufMetadata& metadata, const char* key) {
    return metadata.contains(key) ? std::optional(metadata.flag(key, false)) : std::nullopt;
}

} // namespace

GgufTokenizerData read_gguf_tokenizer(const GgufMetadata& metadata) {
    GgufTokenizerData data;
    data.model = metadata.text("tokenizer.ggml.model");
    data.pre = metadata.text("tokenizer.ggml.pre", "");
    const auto tokens = metadata.texts("tokenizer.ggml.tokens"), merges = metadata.texts("tokenizer.ggml.merges");
    data.tokens.assign(tokens.begin(), tokens.end());
    data.merges.assign(merges.begin(), merges.end());
    for (const double score : metadata.numbers("tokenizer.ggml.scores"))
        data.scores.push_back(static_cast<float>(score));
    for (const std::int64_t type : metadata.integers("tokenizer.ggml.token_type"))
        data.types.push_back(type < normal || type > byte ? normal : static_cast<int>(type));
    data.add_bos = optional_flag(metadata, "tokenizer.ggml.add_bos_token");
    data.add_eos = optional_flag(metadata, "tokenizer.ggml.add_eos_token");
    data.add_space_prefix = optional_flag(metadata, "tokenizer.ggml.add_space_prefix");
    const auto id = [&](const char* key) { return metadata.integer(key, -1, std::int64_t{UINT32_MAX}, -1); };
    data.bos = id("tokenizer.ggml.bos_token_id");
    data.eos = id("tokenizer.ggml.eos_token_id");
    data.unknown = id("tokenizer.ggml.unknown_token_id");
    if (data.model != "bert") return data;
    data.cls = id("tokenizer.ggml.cls_token_id");
    data.separator = id("tokenizer.ggml.seperator_token_id");
    data.padding = id("tokenizer.ggml.padding_token_id");
    data.mask = id("tokenizer.ggml.mask_token_id");
    return data;
}

std::unique_ptr<Tokenizer> tokenizer_from_gguf(GgufTokenizerData data, const std::string& subject) {
    return Maker(std::move(data), subject).make();
}

} // namespace attnscope
