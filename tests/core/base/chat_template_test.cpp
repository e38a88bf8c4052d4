// Chat templates: which are known, what is written around a message, and what is refused.
#include "support/chat_model.h"
#include "support/error_of.h"
#include "support/temporary_folder.h"
#include "text/chat_outline.h"

#include <attnscope/chat.h>
#include <attnscope/tokenizer.h>

#include <gtest/gtest.h>

namespace attnscope {
namespace {

const ChatTokens tokens{"<s>", "</s>"};

std::string written(const std::string& text, const std::string& message = " Hi ") {
    return recognise_chat_template(text, tokens, "model").apply(message);
}

TEST(ChatOutline, JoinsWhatTheTemplateJoins) {
    EXPECT_EQ(chat_outline("{{ '<|a|>' + message['content'] + '\\n' + eos_token }}"), "<|a|>\1\n\3");
    EXPECT_EQ(chat_outline("{{ bos_token }}{{ \"x\" ~ content.strip() }}"), "\2x\5");
    EXPECT_EQ(chat_outline("{{ x | trim + 'y' }}{# 'never' #}"), "\5y");
    EXPECT_EQ(chat_outline("{% set a = 'b' %}"), "\4\1\1b\4");
}

TEST(ChatOutline, StripsWhiteSpaceAsTheHuggingFaceLibraryDoes) {
    EXPECT_EQ(chat_outline("a  {%- if x -%}\n  b\n  {% endif %}\nc"), "a\4\1\1\4b\n\4\1\4c");
    EXPECT_EQ(chat_outline("{{ 'a' }}\n{{- 'b' -}}\n  c"), "abc");
}

TEST(ChatOutline, TakesAnyText) {
    for (const char* text :
         {"", "{", "{{", "{%", "{{ '", "{{ \"\\", "{{ a[", "{{ a['", "{{ a | ", "{#", "{{ a(b[c", "{{-", "%}"})
        EXPECT_LE(chat_outline(text).size(), 4u) << text;
}

TEST(ChatTemplates, AreWrittenAsTheirTemplatesDo) {
    EXPECT_EQ(written(test::chatml_template),
              "<|im_start|>system\nBe kind<|im_end|>\n<|im_start|>user\n Hi <|im_end|>\n<|im_start|>assistant\n");
    // Qwen 3: the parts by name, no message of its own.
    EXPECT_EQ(
        written("{%- if tools %}{{- '<|im_start|>system\\n' }}{%- else %}{%- if messages[0].role == 'system' %}"
                "{{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}{%- endif %}{%- endif %}"
                "{%- for message in messages %}{{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>' "
                "+ '\\n' }}{%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}"
                "{%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\\n\\n</think>\\n\\n' "
                "}}{%- endif %}{%- endif %}"),
        "<|im_start|>user\n Hi <|im_end|>\n<|im_start|>assistant\n");
    EXPECT_EQ(
        written("{% for message in messages %}{% set content = '<|start_header_id|>' + message['role'] + "
                "'<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% "
                "set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}"
                "{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}"),
        "<s><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n");
    const std::string dated =
        "{{- bos_token }}\n{%- if not date_string is defined %}{%- set date_string = \"26 Jul 2024\" %}{%- endif %}"
        "{%- set system_message = \"\" %}{{- \"<|start_header_id|>system<|end_header_id|>\\n\\n\" }}"
        "{{- \"Cutting Knowledge Date: December 2023\\n\" }}{{- \"Today Date: \" + date_string + \"\\n\\n\" }}"
        "{{- system_message }}{{- \"<|eot_id|>\" }}{%- for message in messages %}{{- '<|start_header_id|>' + "
        "message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}{%- endfor %}"
        "{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}";
    EXPECT_EQ(written(dated), "<s><|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\n"
                              "Today Date: 26 Jul 2024\n\n<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nHi"
                              "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n");
    // The spaces around an instruction are the template's.
    EXPECT_EQ(written("{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}{{ '[INST] ' + "
                      "message['content'] + ' [/INST]' }}{% endif %}{% endfor %}"),
              "<s>[INST]  Hi  [/INST]");
    EXPECT_EQ(written("{{- bos_token }}{{- \"[INST] \" + system_message + \"\\n\\n\" + message[\"content\"] + "
                      "\"[/INST]\" }}{{- \"[INST]\" + message[\"content\"] + \"[/INST]\" }}"),
              "<s>[INST] Hi [/INST]");
    EXPECT_EQ(written("{{ '[INST] ' + content.strip() + ' [/INST]' }}"), "[INST] Hi [/INST]");
    EXPECT_EQ(
        written("{% for message in messages %}\n{% if message['role'] == 'user' %}\n{{ '<|user|>\\n' + "
                "message['content'] + eos_token }}\n{% elif message['role'] == 'assistant' %}\n{{ '<|assistant|>\\n' "
                "+ message['content'] + eos_token }}\n{% endif %}\n{% if loop.last and add_generation_prompt "
                "%}\n{{ '<|assistant|>' }}\n{% endif %}\n{% endfor %}"),
        "<|user|>\n Hi </s>\n<|assistant|>\n");
    EXPECT_EQ(written("{{ bos_token }}{% for message in messages %}{{'<|' + message['role'] + '|>' + '\\n' + "
                      "message['content'] + '<|end|>\\n' }}{% endfor %}{{ '<|assistant|>\\n' }}"),
              "<s><|user|>\n Hi <|end|>\n<|assistant|>\n");
    EXPECT_EQ(
        written("{{ bos_token }}{% if message['role'] == 'user' %}{{ '<|user|>\\n' + message['content'] + '\\n' }}"
                "{% endif %}{% if loop.last and add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}"),
        "<s><|user|>\n Hi \n<|assistant|>\n");
    EXPECT_EQ(written("{{ bos_token }}{{ '<start_of_turn>' + role + '\\n' + message['content'] | trim + "
                      "'<end_of_turn>\\n' }}{{'<start_of_turn>model\\n'}}"),
              "<s><start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\n");
    EXPECT_EQ(
        written("{{bos_token}}{%- if message['role'] == 'user' %}{{'<｜User｜>' + message['content']}}{%- endif %}"
                "{% if add_generation_prompt %}{{'<｜Assistant｜>'}}{% endif %}"),
        "<s><｜User｜> Hi <｜Assistant｜>");
}

TEST(ChatTemplates, OfAnotherFormAreRefusedInOneLine) {
    const auto refused = [](const std::string& text) {
        const std::string said = test::message_of([&] { recognise_chat_template(text, tokens, "model"); });
        EXPECT_NE(said.find("ChatML"), std::string::npos) << "the known ones are named: " << said;
        EXPECT_EQ(said.find('\n'), std::string::npos);
    };
    refused("");
    refused("{{ message['content'] }}");
    refused("{{ 'USER: ' + message['content'] + ' ASSISTANT:' }}");
    refused("{{ '<|im_start|>user<|im_sep|>' + message['content'] + '<|im_end|>' }}");
    // A marker alone does not make a form: what is written around the message has to be there as well.
    refused("{# <|im_start|> <|im_end|> #}{{ '<|im_start|>assistant\\n' }}");
    // A message of the system that would have to be put together is not guessed.
    refused("{% set system_message = 'Be brief.' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}");
}

TEST(ChatTemplates, HostileOnesCostLittle) {
    EXPECT_NE(test::message_of([] {
                  recognise_chat_template(std::string(300 << 10, 'x'), tokens, "model");
              }).find("262144 bytes"),
              std::string::npos);
    std::string openings, tags, marks;
    for (int i = 0; i < 10000; ++i) {
        openings += "<|im_start|>system\n";
        tags += "{{ a[((('";
        marks += "\1\2\3\4\5 system = ";
    }
    for (const std::string& text : {openings + test::chatml_template, tags, marks, tags + openings}) try {
            recognise_chat_template(text.substr(0, 250 << 10), tokens, "model");
        } catch (const Error& refused) {
            EXPECT_EQ(refused.kind, ErrorKind::input);
        }
}

class ChatFiles : public testing::Test {
protected:
    std::vector<std::int64_t> ids(const std::string& message) const {
        const ChatFormat format = open_chat_format(folder_.path());
        std::vector<std::int64_t> ids;
        for (const Token& token : open_tokenizer(folder_.path())->encode_alone(format.apply(message)))
            ids.push_back(token.id);
        return ids;
    }
    test::TemporaryFolder folder_;
};

TEST_F(ChatFiles, MarkersBecomeTheirSpecialTokens) {
    test::write_chat_model(folder_.path());
    const auto tokenizer = open_tokenizer(folder_.path());
    const std::int64_t begin = test::chat_token("<|im_start|>"), end = test::chat_token("<|im_end|>");
    std::vector<std::int64_t> expected;
    const auto text = [&](const char* part) {
        for (const Token& token : tokenizer->encode(part)) expected.push_back(token.id);
    };
    const auto turn = [&](const char* part) {
        expected.push_back(begin);
        text(part);
        expected.push_back(end);
        text("\n");
    };
    turn("system\nBe kind");
    turn("user\nhello world");
    expected.push_back(begin);
    text("assistant\n");
    EXPECT_EQ(ids("hello world"), expected);
    EXPECT_EQ(open_chat_format(folder_ / "tokenizer.json"), open_chat_format(folder_.path()));
}

TEST_F(ChatFiles, NothingIsSetAroundThatTheTemplateDoesNotWrite) {
    test::write_chat_model(folder_.path());
    nlohmann::json tokenizer = test::chat_tokenizer_json();
    const auto special = tokenizer["added_tokens"][0];
    tokenizer["post_processor"] = {
        {"type", "TemplateProcessing"},
        {"single",
         {{{"SpecialToken", {{"id", "<|end|>"}, {"type_id", 0}}}}, {{"Sequence", {{"id", "A"}, {"type_id", 0}}}}}},
        {"special_tokens",
         {{"<|end|>", {{"id", "<|end|>"}, {"ids", {special["id"]}}, {"tokens", {special["content"]}}}}}}};
    write_file(folder_ / "tokenizer.json", tokenizer.dump());
    EXPECT_EQ(open_tokenizer(folder_.path())->encode("x").front().id, special["id"].get<std::int64_t>());
    EXPECT_EQ(ids("x").front(), test::chat_token("<|im_start|>"));
}

TEST_F(ChatFiles, ATemplateLiesInSeveralPlaces) {
    test::write_chat_model(folder_.path(), "");
    const std::string none = test::message_of([&] { open_chat_format(folder_.path()); });
    EXPECT_NE(none.find("base model"), std::string::npos) << none;
    const nlohmann::json named{{"eos_token", {{"content", "</s>"}}},
                               {"chat_template",
                                {{{"name", "tool_use"}, {"template", "{{ x }}"}},
                                 {{"name", "default"}, {"template", "{{ '[INST]' + m + '[/INST]' }}"}}}}};
    write_file(folder_ / "tokenizer_config.json", named.dump());
    EXPECT_EQ(open_chat_format(folder_.path()).apply("x"), "[INST]x[/INST]");
    write_file(folder_ / "chat_template.jinja", test::chatml_template);
    EXPECT_EQ(open_chat_format(folder_.path()).name, "ChatML");

    test::TinyGguf file = test::tiny_gguf_model();
    test::add_tiny_tokenizer(file);
    write_file(folder_ / "base.gguf", file.str());
    EXPECT_THROW(open_chat_format(folder_ / "base.gguf"), Error);
    file.text("tokenizer.chat_template", "{{ bos_token + '[INST]' + m + '[/INST]' }}");
    write_file(folder_ / "tuned.gguf", file.str());
    EXPECT_EQ(open_chat_format(folder_ / "tuned.gguf").apply("x"), "<|end|>[INST]x[/INST]");
}

} // namespace
} // namespace attnscope
