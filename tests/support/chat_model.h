// A tiny language model that reads text and was, as it were, tuned on conversations in ChatML.
#pragma once

#include "support/tiny_models.h"
#include "support/tiny_tokenizer.h"

#include <attnscope/tensor_file.h>

#include <filesystem>
#include <string>

namespace attnscope::test {

inline constexpr const char* chatml_template =
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\\nBe "
    "kind<|im_end|>\\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + "
    "'\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/// The tiny tokenizer with <|im_start|> and <|im_end|> behind its own tokens.
inline nlohmann::json chat_tokenizer_json() {
    nlohmann::json tokenizer = tiny_tokenizer_json();
    const std::size_t first = tiny_tokens().size();
    for (const char* marker : {"<|im_start|>", "<|im_end|>"})
        tokenizer["added_tokens"].push_back(
            {{"id", first + tokenizer["added_tokens"].size() - 1}, {"content", marker}, {"special", true}});
    return tokenizer;
}
inline std::int64_t chat_token(const char* marker) {
    return static_cast<std::int64_t>(tiny_tokens().size()) + (std::string(marker) == "<|im_end|>");
}

/// `chat_template` empty: a base model, which has none. Another number of spare tokens makes another model.
inline void write_chat_model(const std::filesystem::path& folder, const std::string& chat_template = chatml_template,
                             int spare_tokens = 8) {
    std::filesystem::create_directories(folder);
    TinyModel model("LlamaForCausalLM");
    model.resize(static_cast<std::int64_t>(tiny_tokens().size()) + spare_tokens, 2048);
    model.write(folder);
    write_file(folder / "tokenizer.json", chat_tokenizer_json().dump());
    nlohmann::json config{{"eos_token", "<|im_end|>"}};
    if (!chat_template.empty()) config["chat_template"] = chat_template;
    write_file(folder / "tokenizer_config.json", config.dump());
}

} // namespace attnscope::test
