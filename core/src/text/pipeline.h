// A tokenizer put together from its parts: added tokens are cut out, the rest is normalised, split into pieces, and
// every piece is given to a model.
#pragma once

#include "text/added_tokens.h"
#include "text/split_steps.h"
#include "text/text_steps.h"
#include "text/token_model.h"

#include <attnscope/tokenizer.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace attnscope {

struct PipelineSettings {
    std::vector<AddedToken> added;
    Normalizer normalizer;
    PreTokenizer pre_tokenizer;
    std::unique_ptr<const TokenModel> model;
    std::unordered_map<std::int64_t, std::string> spellings; ///< of the model's tokens
    std::vector<Token> before, after;                        ///< set around every text, [CLS] and [SEP]
};

std::unordered_map<std::int64_t, std::string> spellings_of(const Vocabulary& vocabulary);

class PipelineTokenizer final : public Tokenizer {
public:
    explicit PipelineTokenizer(PipelineSettings settings);
    std::vector<Token> encode(std::string_view text, const std::function<void()>& between) const override;
    std::vector<Token> encode_alone(std::string_view text, const std::function<void()>& between) const override;
    std::string token_text(std::int64_t id) const override;
    std::string decode(std::span<const std::int64_t> ids) const override;
    std::size_t vocabulary_size() const override { return size_; }

private:
    class WordCache;
    void encode_into(std::vector<Token>& tokens, std::string_view text, const std::function<void()>& between) const;
    void encode_text(AlignedText text, WordCache& cache, std::vector<Token>& tokens,
                     const std::function<void()>& between) const;

    Normalizer normalizer_;
    PreTokenizer pre_tokenizer_;
    std::unique_ptr<const TokenModel> model_;
    AddedTokens in_original_, in_normalized_;
    std::vector<Token> before_, after_;
    struct Entry {
        std::string bytes; ///< what it adds to a text
        bool added = false;
    };
    std::unordered_map<std::int64_t, Entry> entries_;
    std::size_t size_ = 0;
};

} // namespace attnscope
