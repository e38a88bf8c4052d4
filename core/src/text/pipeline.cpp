#include "text/pipeline.h"

#include <attnscope/error.h>

#include <algorithm>
#include <utility>

namespace attnscope {

/// Tokens of the pieces of one text: most of its words come again.
class PipelineTokenizer::WordCache {
public:
    explicit WordCache(const TokenModel& model) : model_(model) {}

    /// Valid until the next call.
    std::span<const PieceToken> tokens(std::string_view piece) {
        if (piece.size() > longest) {
            single_.clear();
            model_.encode(piece, single_);
            return single_;
        }
        auto found = places_.find(piece);
        if (found == places_.end()) {
            const std::size_t begin = tokens_.size();
            model_.encode(piece, tokens_);
            found = places_.emplace(std::string(piece), ByteRange{begin, tokens_.size()}).first;
        }
        return std::span(tokens_).subspan(found->second.begin, found->second.size());
    }

private:
    static constexpr std::size_t longest = 64; // bytes; a longer piece hardly comes twice

    const TokenModel& model_;
    std::unordered_map<std::string, ByteRange, TextHash, std::equal_to<>> places_; // in tokens_
    std::vector<PieceToken> tokens_, single_;
};

std::unordered_map<std::int64_t, std::string> spellings_of(const Vocabulary& vocabulary) {
    std::unordered_map<std::int64_t, std::string> spellings;
    spellings.reserve(vocabulary.size());
    for (const auto& [spelling, id] : vocabulary) spellings.emplace(id, spelling);
    return spellings;
}

PipelineTokenizer::PipelineTokenizer(PipelineSettings settings)
    : normalizer_(std::move(settings.normalizer)), pre_tokenizer_(std::move(settings.pre_tokenizer)),
      model_(std::move(settings.model)), before_(std::move(settings.before)), after_(std::move(settings.after)) {
    std::int64_t last = -1;
    const auto enter = [&](std::int64_t id, Entry entry) {
        last = std::max(last, id);
        entries_.insert_or_assign(id, std::move(entry));
    };
    entries_.reserve(settings.spellings.size() + settings.added.size());
    for (const auto& [id, spelling] : settings.spellings) enter(id, {model_->bytes(spelling), false});
    for (const auto* const around : {&before_, &after_}) {
        for (const Token& token : *around) enter(token.id, {token.text, true});
    }
    for (AddedToken& token : settings.added) {
        enter(token.id, {token.content, true});
        if (token.normalized) {
            const AlignedText spelling = normalizer_.apply(AlignedText::original(token.content));
            in_normalized_.add(std::move(token), spelling.bytes());
        } else {
            const std::string spelling = token.content;
            in_original_.add(std::move(token), spelling);
        }
    }
    size_ = static_cast<std::size_t>(last + 1);
}

std::vector<Token> PipelineTokenizer::encode(std::string_view text, const std::function<void()>& between) const {
    std::vector<Token> tokens = before_;
    encode_into(tokens, text, between);
    for (Token token : after_) {
        token.begin = token.end = text.size();
        tokens.push_back(std::move(token));
    }
    return tokens;
}

std::vector<Token> PipelineTokenizer::encode_alone(std::string_view text, const std::function<void()>& between) const {
    std::vector<Token> tokens;
    encode_into(tokens, text, between);
    return tokens;
}

void PipelineTokenizer::encode_into(std::vector<Token>& tokens, std::string_view text,
                                    const std::function<void()>& between) const {
    const auto append_added = [&](const AddedToken& token, ByteRange source) {
        tokens.push_back({token.id, token.content, source.begin, source.end});
    };
    WordCache cache(*model_);
    const AlignedText original = AlignedText::original(text);
    for (const AddedTokens::Piece& outer : in_original_.split(original.bytes())) {
        if (outer.token) {
            append_added(*outer.token, original.source(outer.range));
            continue;
        }
        AlignedText plain = normalizer_.apply(original.part(outer.range), between);
        const std::vector<AddedTokens::Piece> inner = in_normalized_.split(plain.bytes());
        if (inner.size() == 1 && !inner.front().token) {
            encode_text(std::move(plain), cache, tokens, between);
            continue;
        }
        for (const AddedTokens::Piece& piece : inner) {
            if (piece.token)
                append_added(*piece.token, plain.source(piece.range));
            else
                encode_text(plain.part(piece.range), cache, tokens, between);
        }
    }
}

void PipelineTokenizer::encode_text(AlignedText text, WordCache& cache, std::vector<Token>& tokens,
                                    const std::function<void()>& between) const {
    constexpr std::size_t pieces_at_once = 4096;
    const Pieces pieces = pre_tokenizer_.split(std::move(text), between);
    for (std::size_t i = 0; i < pieces.ranges.size(); ++i) {
        if (between && i % pieces_at_once == 0) between();
        const ByteRange& piece = pieces.ranges[i];
        for (const PieceToken& token : cache.tokens(pieces.text.bytes(piece))) {
            const ByteRange source =
                pieces.text.source({piece.begin + token.range.begin, piece.begin + token.range.end});
            tokens.push_back({token.id, token_text(token.id), source.begin, source.end});
        }
    }
}

std::string PipelineTokenizer::token_text(std::int64_t id) const {
    const auto found = entries_.find(id);
    return found == entries_.end() ? std::string() : valid_utf8(found->second.bytes);
}

std::string PipelineTokenizer::decode(std::span<const std::int64_t> ids) const {
    std::vector<TokenBytes> tokens;
    tokens.reserve(ids.size());
    for (const std::int64_t id : ids) {
        if (const auto found = entries_.find(id); found != entries_.end())
            tokens.push_back({found->second.bytes, found->second.added});
    }
    return valid_utf8(model_->join(tokens));
}

} // namespace attnscope
