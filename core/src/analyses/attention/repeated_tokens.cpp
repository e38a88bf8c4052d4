// Random tokens, repeated: a text in which every token of the second half was seen once before, and nothing else tells
// what comes next.
#include <attnscope/attention.h>

#include <algorithm>
#include <unordered_set>

namespace attnscope::attention {
namespace {

constexpr std::uint64_t token_stream = 0x1d0c; ///< of the random numbers that choose the tokens

/// Whether a token is part of a text rather than a sign of the model's own: <s>, <|endoftext|>, [CLS], or nothing.
bool is_ordinary(const Tokenizer* tokenizer, std::int64_t id) {
    if (tokenizer == nullptr) return true;
    const std::string text = tokenizer->token_text(id);
    const auto enclosed = [&](char open, char close) {
        return text.size() > 2 && text.front() == open && text.back() == close;
    };
    return !text.empty() && !enclosed('<', '>') && !enclosed('[', ']');
}

} // namespace

Ids repeated_random_tokens(const LanguageModel& model, int half, std::uint64_t seed) {
    const ModelConfig& config = model.config();
    const Tokenizer* tokenizer = usable_tokenizer(model);
    if (half < 1 || (config.positions > 0 && 2 * std::int64_t{half} > config.positions))
        throw Error(ErrorKind::usage, "random tokens", "1 to " + std::to_string(config.positions / 2) + ", repeated",
                    std::to_string(half));
    const auto vocabulary = static_cast<std::uint64_t>(std::max<std::int64_t>(config.vocabulary, 1));
    // A vocabulary too small to choose from, or of signs alone, is taken as it is.
    const std::uint64_t tries = 100 * static_cast<std::uint64_t>(half);
    const bool distinct = vocabulary >= 4 * static_cast<std::uint64_t>(half);
    std::unordered_set<std::int64_t> chosen;
    Ids ids;
    for (std::uint64_t i = 0; std::ssize(ids) < half; ++i) {
        const auto id = static_cast<std::int64_t>(random_bits(seed, token_stream, i) % vocabulary);
        if (i < tries && ((distinct && chosen.contains(id)) || !is_ordinary(tokenizer, id))) continue;
        chosen.insert(id);
        ids.push_back(id);
    }
    ids.insert(ids.end(), ids.begin(), ids.begin() + half);
    return ids;
}

} // namespace attnscope::attention
