// The members of a tokenizer.json, each read into the part it describes. All throw Error{input} naming the member.
#pragma once

#include "base/json_members.h"
#include "base/json_reader.h"
#include "text/added_tokens.h"
#include "text/pipeline.h"
#include "text/tokenizer_parts.h"
#include "text/wordpiece_model.h"

#include <attnscope/tokenizer.h>

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace attnscope {

constexpr std::int64_t most_token_ids = std::int64_t{1} << 24;

void check_token(const std::string& token, const JsonMembers& members, const char* name);

/// model.vocab
Vocabulary read_vocabulary(const JsonMembers& model);
/// added_tokens; a token that the vocabulary has as well keeps the vocabulary's id.
std::vector<AddedToken> read_added_tokens(const JsonMembers& document, const Vocabulary& vocabulary);

/// normalizer; `spaces` takes note of a mark it sets.
Normalizer read_normalizer(const JsonMembers& document, SpaceMark& spaces);
/// pre_tokenizer
PreTokenizer read_pre_tokenizer(const JsonMembers& document, SpaceMark& spaces, bool& spells_bytes);
/// {"Regex": …} or {"String": …}
std::shared_ptr<const RegularExpression> read_pattern(const JsonMembers& members);

/// Tokens set around a text.
struct Surroundings {
    std::vector<Token> before, after;
};
/// post_processor
Surroundings read_surroundings(const JsonMembers& document);
/// [CLS] and [SEP] where the vocabulary has both: models of BERT's family were trained with them.
Surroundings bert_surroundings(const Vocabulary& vocabulary);

/// Calls `take` for every object of a list.
void for_each_object(const JsonMembers& members, const char* name, const std::function<void(const JsonMembers&)>& take);

/// From a whole tokenizer.json whose model is of the kind WordPiece or BPE.
std::unique_ptr<Tokenizer> wordpiece_from_json(const nlohmann::json& json, const std::string& subject);
std::unique_ptr<Tokenizer> byte_pair_from_json(const nlohmann::json& json, const std::string& subject);
/// From vocab.txt, one token a line, and the tokenizer_config.json beside it if there is one.
std::unique_ptr<Tokenizer> wordpiece_from_vocabulary(const std::filesystem::path& path);

} // namespace attnscope
