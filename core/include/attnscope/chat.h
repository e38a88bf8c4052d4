// Chat templates: how a model wants what a user says to be written.
//
// A model that was tuned on conversations carries a *chat template*, a small program (Jinja) in its
// tokenizer_config.json or GGUF header. It is never run: the forms in common use are recognised by what the template
// writes, and a single message is written by a table of this program. A template of another form is refused.
#pragma once

#include <attnscope/model.h>

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace attnscope {

/// What is written around one message of a user so that the model's answer comes next.
struct ChatFormat {
    std::string name;          ///< ChatML, Llama 3, …
    std::string before, after; ///< special tokens and the beginning of the answer included
    bool trimmed = false;      ///< white space at the ends of the message is left out
    std::string apply(std::string_view message) const;
    bool operator==(const ChatFormat&) const = default;
};

/// Special tokens that a template writes by their names.
struct ChatTokens {
    std::string beginning, end; ///< bos_token, eos_token; empty where the model has none
};

/// Throws Error{input} naming `subject`: a template of no known form (these are listed), or one of more than 256 KiB.
ChatFormat recognise_chat_template(std::string_view text, const ChatTokens& tokens, const std::string& subject);

/// The format of a model folder (chat_template.jinja, tokenizer_config.json), of the folder of a tokenizer.json, or of
/// a GGUF file. Throws Error{input}: no template, or one as above.
ChatFormat open_chat_format(const std::filesystem::path& model);

/// Tokens of a text that a format wrote: nothing is set around it but what it has itself. Checked against the model;
/// `between` as in Tokenizer::encode().
std::vector<Token> chat_tokens(const LanguageModel& model, const std::string& written,
                               const std::function<void()>& between = {});

} // namespace attnscope
