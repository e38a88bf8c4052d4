#include "cli/commands.h"
#include "cli/model_options.h"

#include "base/json_text.h"

#include <attnscope/chat.h>
#include <attnscope/tensor_file.h>
#include <attnscope/tokenizer.h>

#include <memory>

namespace attnscope::cli {
namespace {

struct TokenizeOptions {
    std::filesystem::path model, text;
    std::string prompt;
    bool prompt_given = false;
    bool chat = false;
};

/// The file a tokenizer is known by.
std::filesystem::path tokenizer_file(const std::filesystem::path& model) {
    for (const char* name : {"tokenizer.json", "vocab.txt"}) {
        if (std::filesystem::exists(model / name)) return model / name;
    }
    return model;
}

std::string tokens_json(const std::vector<Token>& tokens) {
    Json list = Json::array();
    for (const Token& token : tokens) {
        list.push_back({{"id", token.id}, {"text", token.text}, {"begin", token.begin}, {"end", token.end}});
    }
    return one_line(Json{{"tokens", std::move(list)}});
}

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"') out += '"';
        out += c;
    }
    return out + '"';
}

std::string tokens_csv(const std::vector<Token>& tokens) {
    std::string out = "id,text,begin,end\n";
    for (const Token& token : tokens) {
        out += std::to_string(token.id) + ',' + quoted(token.text) + ',' + std::to_string(token.begin) + ',' +
               std::to_string(token.end) + '\n';
    }
    return out;
}

/// A token a line, whatever is in it.
std::string tokens_text(const std::vector<Token>& tokens) {
    std::string out;
    for (const Token& token : tokens) {
        out += std::to_string(token.id) + '\t';
        for (const char c : token.text) {
            const char* const escaped = c == '\n'   ? "\\n"
                                        : c == '\r' ? "\\r"
                                        : c == '\t' ? "\\t"
                                        : c == '\\' ? "\\\\"
                                                    : nullptr;
            if (escaped != nullptr)
                out += escaped;
            else
                out += c;
        }
        out += '\n';
    }
    return out;
}

void tokenize(const TokenizeOptions& options, Context& context) {
    if (options.prompt_given != options.text.empty()) {
        throw Error(ErrorKind::usage, "attnscope tokenize", "either --text or --prompt",
                    options.prompt_given ? "both" : "neither");
    }
    context.require_format({Format::json, Format::csv, Format::text}, "tokenize");
    const auto tokenizer = open_tokenizer(options.model);
    const std::string text = options.prompt_given ? options.prompt : read_file(options.text);
    const std::vector<Token> tokens =
        options.chat ? tokenizer->encode_alone(open_chat_format(options.model).apply(text)) : tokenizer->encode(text);
    if (context.options().format == Format::csv) return context.deliver(tokens_csv(tokens));
    if (context.options().format == Format::text) return context.deliver(tokens_text(tokens));

    Recipe recipe;
    recipe.analysis = "tokenize";
    const std::filesystem::path file = tokenizer_file(options.model);
    recipe.inputs.push_back({"tokenizer", file.filename().string(), sha256_file(file)});
    Json params = Json::object();
    if (options.prompt_given)
        params["prompt"] = options.prompt;
    else
        recipe.inputs.push_back({"text", options.text.filename().string(), sha256(text)});
    if (options.chat) params["chat"] = true;
    recipe.params = one_line(params);
    recipe.seed = context.options().seed;
    context.deliver_json("attnscope.tokenize/1", recipe, tokens_json(tokens), {});
}

} // namespace

Command tokenize_command(CLI::App& app) {
    const auto options = std::make_shared<TokenizeOptions>();
    CLI::App* const command = app.add_subcommand("tokenize", "the tokens of a text");
    add_path(*command, "--model", options->model, "model folder, tokenizer.json or GGUF file")->required();
    add_path(*command, "--text", options->text, "file of text");
    add_value(*command, "--prompt", "S", "the text itself", [options](const std::string& text) {
        options->prompt = text;
        options->prompt_given = true;
    });
    add_chat(*command, options->chat);
    return {command, [options](Context& context) { tokenize(*options, context); }};
}

} // namespace attnscope::cli
