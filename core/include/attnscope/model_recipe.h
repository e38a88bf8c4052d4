// Recipes of what is computed with a model: which model on which tokens, and the analyses of them.
#pragma once

#include <attnscope/model.h>
#include <attnscope/recipe.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace attnscope {

/// How the tokens of a text were given.
struct TokenSource {
    enum class Kind { prompt, text, ids } kind = Kind::prompt;
    std::string prompt;         ///< the text itself, or typed ids
    std::filesystem::path file; ///< of a text, or of ids unless they are typed
    bool chat = false;          ///< the text is a user's message: written as the model's chat template has it
    bool operator==(const TokenSource&) const = default;
};

/// Ids in a text: whole numbers apart by spaces, line breaks or commas, or a JSON array of them. Throws Error{input}
/// naming `subject` and the position of what is none.
std::vector<std::int64_t> parse_token_ids(std::string_view text, const std::string& subject);

/// The ids that a source means for a model, checked against it. Throws Error{input}.
std::vector<std::int64_t> load_tokens(const TokenSource& source, const LanguageModel& model);

/// Everything `attnscope logits` was asked, before files are opened.
struct LogitsJob {
    std::filesystem::path model;
    TokenSource tokens;
    LogitsRequest request; ///< model and ids still empty
};
/// Opens the model and reads the tokens: fills request.model and request.ids.
void load_inputs(LogitsJob& job, JobContext& context);
/// The model is hashed here. Needs load_inputs() before.
Recipe logits_recipe(const LogitsJob& job);
/// The reverse: finds the inputs by hash in `folders`. Throws Error{input} naming the input that was not found.
/// `between` is told of the hashing.
LogitsJob logits_job(const Recipe& recipe, const std::vector<std::filesystem::path>& folders,
                     const BytesDone& between = {});
std::string logits_result_json(const LogitsResult& result);
std::string logits_result_csv(const LogitsResult& result);  ///< one row a logit
std::string logits_result_text(const LogitsResult& result); ///< for people
std::string logits_result_npz(const LogitsResult& result);

} // namespace attnscope
