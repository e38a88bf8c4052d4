#include "text/gguf_tokenizer.h"

#include "data/input_error.h"
#include "text/gguf_splits.h"
#include "text/pipeline.h"
#include "text/tokenizer_parts.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace attnscope {
namespace {

constexpr std::size_t most_tokens = std::size_t{1} << 24;

enum TokenType { normal = 1, unknown_type = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };

class Maker {
public:
    Maker(GgufTokenizerData data, const std::string& subject) : data_(std::move(data)), subject_(subject) {
        check();
        vocabulary_.reserve(data_.tokens.size());
        for (std::size_t id = 0; id < data_.tokens.size(); ++id)
            vocabulary_.insert_or_assign(data_.tokens[id], static_cast<std::int64_t>(id));
    }

    std::unique_ptr<Tokenizer> make() {
        if (data_.model == "gpt2")
            byte_level();
        else if (data_.model == "llama")
            sentence_piece();
        else
            fail("model", "gpt2 or llama", data_.model.empty() ? "none" : excerpt(data_.model));
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
        const auto check_id = [&](std::int64_t id, const char* key) {
            if (id < -1 || id >= static_cast<std::int64_t>(count))
                fail(key, "an id below " + std::to_string(count), std::to_string(id));
        };
        check_id(data_.bos, "bos_token_id");
        check_id(data_.eos, "eos_token_id");
        check_id(data_.unknown, "unknown_token_id");
    }

    int type(std::size_t id) const { return data_.types.empty() ? normal : data_.types[id]; }

    void byte_level() {
        GgufSplit split = gguf_split(data_.pre, subject_);
        settings_.normalizer = std::move(split.normalizer);
        settings_.pre_tokenizer = std::move(split.pre_tokenizer);
        BytePairSettings pairs;
        pairs.units = BytePairSettings::Units::bytes;
        pairs.ignore_merges = split.ignore_merges;
        if (data_.merges.empty())
            fail("merges", "the merges of a byte-level tokenizer", "none");
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
        if (data_.scores.empty())
            fail("scores", "the scores of a SentencePiece tokenizer", "none");
        BytePairSettings pairs;
        pairs.byte_fallback = true;
        pairs.fuse_unknown = true;
        if (data_.unknown >= 0)
            pairs.unknown = data_.unknown;
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
            if (std::isnan(scores[id]))
                fail("scores", "numbers", "NaN for token " + std::to_string(id));
            if (type(id) != normal && type(id) != user_defined)
                scores[id] = std::numeric_limits<float>::infinity();
        }
        pairs.merges = merges_by_score(vocabulary_, scores);
        pairs.vocabulary = std::move(vocabulary_);
        set_spaces(spaces, pairs, settings_.pre_tokenizer);
        settings_.model = std::make_unique<BytePairModel>(std::move(pairs));
    }

    void add_special_tokens() {
        for (std::size_t id = 0; id < data_.tokens.size(); ++id) {
            const auto number = static_cast<std::int64_t>(id);
            const bool named = number == data_.bos || number == data_.eos;
            if (type(id) == control || type(id) == user_defined || type(id) == unknown_type ||
                (data_.types.empty() && named)) {
                settings_.added.push_back({.id = number, .content = data_.tokens[id]});
            }
        }
        const auto set_around = [&](const std::optional<bool>& wanted, std::int64_t id, const char* key,
                                    std::vector<Token>& tokens) {
            if (!wanted.value_or(false))
                return;
            if (id < 0)
                fail(key, "the id of the token to add", "none");
            tokens.push_back({id, data_.tokens[static_cast<std::size_t>(id)], 0, 0});
        };
        set_around(data_.add_bos, data_.bos, "bos_token_id", settings_.before);
        set_around(data_.add_eos, data_.eos, "eos_token_id", settings_.after);
    }

    GgufTokenizerData data_;
    const std::string& subject_;
    Vocabulary vocabulary_;
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
    return data;
}

std::unique_ptr<Tokenizer> tokenizer_from_gguf(GgufTokenizerData data, const std::string& subject) {
    return Maker(std::move(data), subject).make();
}

} // namespace attnscope
