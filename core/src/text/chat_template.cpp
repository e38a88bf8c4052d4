// Which form a chat template has, and what that form writes around a message.
#include <attnscope/chat.h>

#include "base/input_error.h"
#include "base/json_members.h"
#include "base/json_reader.h"
#include "files/gguf.h"
#include "text/chat_outline.h"

#include <nlohmann/json.hpp>

#include <array>
#include <optional>

namespace attnscope {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t largest_template = std::size_t{256} << 10;
constexpr std::size_t longest_system_message = 4096;
constexpr const char* known_forms =
    "a chat template of the forms ChatML, Llama 3, Llama 2 or Mistral, Zephyr, Phi-3, Tulu, Gemma or DeepSeek";

/// What a template of the form writes; in `turn` \1 stands for the role or the message. `answer` begins the answer.
struct Form {
    const char* name;
    std::string_view turn, answer; ///< both have to be there as they stand
    std::string_view before, after;
};

/// In the order in which they are looked for. The same form may be spelled in several ways.
constexpr std::array forms{
    Form{"ChatML", "<|im_start|>\1\n\1<|im_end|>\n", "<|im_start|>assistant\n", "<|im_start|>user\n",
         "<|im_end|>\n<|im_start|>assistant\n"},
    Form{"ChatML", "<|im_start|>user\n\1<|im_end|>\n", "<|im_start|>assistant\n", "<|im_start|>user\n",
         "<|im_end|>\n<|im_start|>assistant\n"},
    Form{"Llama 3", "<|start_header_id|>\1<|end_header_id|>\n\n\1<|eot_id|>",
         "<|start_header_id|>assistant<|end_header_id|>\n\n", "<|start_header_id|>user<|end_header_id|>\n\n",
         "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"},
    Form{"Zephyr", "<|user|>\n\1\3\n", "<|assistant|>\n\4", "<|user|>\n", "\3\n<|assistant|>\n"},
    Form{"Phi-3", "<|user|>\n\1<|end|>\n", "<|assistant|>\n", "<|user|>\n", "<|end|>\n<|assistant|>\n"},
    Form{"Phi-3", "<|\1|>\n\1<|end|>\n", "<|assistant|>\n", "<|user|>\n", "<|end|>\n<|assistant|>\n"},
    Form{"Tulu", "<|user|>\n\1\n\4", "<|assistant|>\n\4", "<|user|>\n", "\n<|assistant|>\n"},
    Form{"Gemma", "<start_of_turn>\1\n\1<end_of_turn>\n", "<start_of_turn>model\n", "<start_of_turn>user\n",
         "<end_of_turn>\n<start_of_turn>model\n"},
    Form{"DeepSeek", "<｜User｜>\1\4", "<｜Assistant｜><think>\n\4", "<｜User｜>", "<｜Assistant｜><think>\n"},
    Form{"DeepSeek", "<｜User｜>\1\4", "<｜Assistant｜>\4", "<｜User｜>", "<｜Assistant｜>"},
};

class Recogniser {
public:
    Recogniser(std::string_view text, const ChatTokens& tokens, const std::string& subject)
        : text_(text), tokens_(tokens), subject_(subject), outline_(chat_outline(text)) {}

    ChatFormat format() const {
        std::optional<ChatFormat> found = instruction();
        for (std::size_t i = 0; !found && i < forms.size(); ++i) found = matching(forms[i]);
        if (!found) fail("one of another form");
        if (sets_a_system_message()) fail("one that sets a system message by a variable");
        std::string system;
        if (found->name == "ChatML") system = default_system();
        if (found->name == "Llama 3") system = dated_system();
        const bool begins = outline_.find(outline_mark::beginning) != std::string::npos;
        found->before = (begins ? tokens_.beginning : "") + system + found->before;
        return *found;
    }

private:
    [[noreturn]] void fail(const std::string& got) const { input_error(subject_, known_forms, got, "chat template"); }

    bool writes(std::string_view part) const { return outline_.find(part) != std::string::npos; }

    /// Special tokens in place of their marks.
    std::string written(std::string_view part) const {
        std::string text;
        for (const char c : part) {
            if (c == outline_mark::end)
                text += tokens_.end;
            else
                text += c;
        }
        return text;
    }

    std::optional<ChatFormat> matching(const Form& form) const {
        if (!writes(form.answer)) return std::nullopt;
        std::string stripped(form.turn);
        stripped[stripped.rfind(outline_mark::value)] = outline_mark::trimmed;
        const bool trimmed = writes(stripped);
        // Gemma's later templates write a message's parts one by one.
        const bool in_parts = form.name == std::string_view("Gemma") && writes("<start_of_turn>\1\n") && writes("\5") &&
                              writes("<end_of_turn>\n");
        if (!trimmed && !in_parts && !writes(form.turn)) return std::nullopt;
        return ChatFormat{form.name, std::string(form.before), written(form.after), trimmed || in_parts};
    }

    /// [INST] … [/INST], with the spaces that the template has around the message.
    std::optional<ChatFormat> instruction() const {
        constexpr std::string_view open = "[INST]", close = "[/INST]";
        const auto spaces_from = [&](std::size_t at) {
            return std::min(outline_.find_first_not_of(' ', at), outline_.size()) - at;
        };
        for (std::size_t at = outline_.find(open); at != std::string::npos; at = outline_.find(open, at + 1)) {
            std::size_t begin = at;
            while (begin > 0 && outline_[begin - 1] == ' ') --begin;
            const std::size_t value = at + open.size() + spaces_from(at + open.size());
            if (value >= outline_.size()) break;
            const bool trimmed = outline_[value] == outline_mark::trimmed;
            if (!trimmed && outline_[value] != outline_mark::value) continue;
            const std::size_t spaces = spaces_from(value + 1), end = value + 1 + spaces;
            if (outline_.compare(end, close.size(), close) != 0) continue;
            return ChatFormat{"Llama 2 or Mistral", outline_.substr(begin, value - begin),
                              std::string(spaces, ' ') + std::string(close), trimmed};
        }
        return std::nullopt;
    }

    /// The system message that a ChatML template writes where the conversation has none.
    std::string default_system() const {
        constexpr std::string_view open = "<|im_start|>system\n", close = "<|im_end|>\n";
        for (std::size_t at = outline_.find(open); at != std::string::npos; at = outline_.find(open, at + 1)) {
            const std::string_view rest = std::string_view(outline_).substr(at + open.size(), longest_system_message);
            const std::size_t end = rest.find(close);
            const bool literal = end != std::string_view::npos && end > 0 &&
                                 rest.substr(0, end).find_first_of("\1\2\3\4\5") == std::string_view::npos;
            if (literal) return outline_.substr(at, open.size() + end + close.size());
        }
        return {};
    }

    /// The one of Llama 3.1 and later. It names a day; the template's own is taken rather than today's, so that equal
    /// prompts are equal tokens.
    std::string dated_system() const {
        constexpr std::string_view knowledge = "Cutting Knowledge Date: December 2023\n";
        if (!writes(knowledge)) return {};
        constexpr std::string_view name = "date_string = \"";
        const std::size_t begin = text_.find(name);
        const std::string_view date =
            begin == std::string_view::npos
                ? std::string_view()
                : text_.substr(begin + name.size(), text_.find('"', begin + name.size()) - begin - name.size());
        constexpr std::size_t longest_date = 40;
        if (date.empty() || date.size() > longest_date || !writes("Today Date: \1\n\n"))
            fail("one of Llama 3 without a date of its own");
        return "<|start_header_id|>system<|end_header_id|>\n\n" + std::string(knowledge) +
               "Today Date: " + std::string(date) + "\n\n<|eot_id|>";
    }

    /// Whether a text of its own is given to a variable named for the system message.
    bool sets_a_system_message() const {
        constexpr std::string_view word = "system";
        for (std::size_t at = text_.find(word); at != std::string_view::npos; at = text_.find(word, at + 1)) {
            constexpr std::string_view name = "abcdefghijklmnopqrstuvwxyz_";
            std::size_t after = text_.find_first_not_of(name, at);
            if (after == std::string_view::npos) break;
            after = text_.find_first_not_of(' ', after);
            if (after == std::string_view::npos || text_[after] != '=') continue;
            after = text_.find_first_not_of(' ', after + 1);
            if (after == std::string_view::npos || (text_[after] != '\'' && text_[after] != '"')) continue;
            if (after + 1 < text_.size() && text_[after + 1] != text_[after]) return true;
        }
        return false;
    }

    std::string_view text_;
    const ChatTokens& tokens_;
    const std::string& subject_;
    std::string outline_;
};

/// "<s>", or an object with it as `content`; empty where there is none.
std::string token_named(const JsonMembers& config, const char* name) {
    const nlohmann::json* const token = config.find(name);
    if (token == nullptr) return {};
    return token->is_object() ? config.object(name).text("content", "") : config.text(name);
}

/// The template in a tokenizer_config.json: a text, or a list of named ones.
std::optional<std::string> template_of(const JsonMembers& config) {
    constexpr const char* member = "chat_template";
    const nlohmann::json* const found = config.find(member);
    if (found == nullptr) return std::nullopt;
    if (!found->is_array()) return config.text(member);
    for (const nlohmann::json& entry : *found) {
        const JsonMembers named(entry, config.subject(), config.path(member));
        if (named.text("name", "") == "default") return named.text("template");
    }
    return std::nullopt;
}

[[noreturn]] void no_template(const fs::path& model) {
    input_error(model.filename().string(), "a model with a chat template", "none: a base model reads plain text");
}

ChatFormat format_of_folder(const fs::path& folder) {
    const fs::path config_file = folder / "tokenizer_config.json", own_file = folder / "chat_template.jinja";
    ChatTokens tokens;
    std::optional<std::string> text;
    if (fs::exists(config_file)) {
        const std::string subject = config_file.string();
        const nlohmann::json document = read_json<nlohmann::json>(config_file, json_kinds::model_config, subject);
        const JsonMembers config(document, subject);
        tokens = {token_named(config, "bos_token"), token_named(config, "eos_token")};
        text = template_of(config);
    }
    if (fs::exists(own_file)) text = read_file(own_file, largest_template);
    if (!text) no_template(folder);
    return recognise_chat_template(*text, tokens, folder.filename().string());
}

ChatFormat format_of_gguf(const fs::path& file) {
    const GgufMetadata metadata = read_gguf_metadata(file);
    const std::string text = metadata.text("tokenizer.chat_template", "");
    if (text.empty()) no_template(file);
    const auto spellings = metadata.texts("tokenizer.ggml.tokens");
    const auto token = [&](const char* key) {
        const std::int64_t id = metadata.integer(key, -1, std::int64_t{UINT32_MAX}, -1);
        const bool known = id >= 0 && static_cast<std::uint64_t>(id) < spellings.size();
        return known ? spellings[static_cast<std::size_t>(id)] : std::string();
    };
    const ChatTokens tokens{token("tokenizer.ggml.bos_token_id"), token("tokenizer.ggml.eos_token_id")};
    return recognise_chat_template(text, tokens, file.filename().string());
}

} // namespace

std::string ChatFormat::apply(std::string_view message) const {
    if (trimmed) {
        constexpr std::string_view white_space = " \t\r\n\f\v";
        const std::size_t first = message.find_first_not_of(white_space);
        message = first == std::string_view::npos
                      ? std::string_view()
                      : message.substr(first, message.find_last_not_of(white_space) + 1 - first);
    }
    return before + std::string(message) + after;
}

ChatFormat recognise_chat_template(std::string_view text, const ChatTokens& tokens, const std::string& subject) {
    if (text.size() > largest_template)
        input_error(subject, "a chat template of at most " + bytes_text(largest_template), bytes_text(text.size()));
    return Recogniser(text, tokens, subject).format();
}

ChatFormat open_chat_format(const fs::path& model) {
    if (fs::is_directory(model)) return format_of_folder(model);
    if (is_model(model)) return format_of_gguf(model);
    return format_of_folder(model.has_parent_path() ? model.parent_path() : fs::path("."));
}

} // namespace attnscope
