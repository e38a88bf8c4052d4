#include "cli/model_options.h"

#include <limits>

namespace attnscope::cli {

void add_model_options(CLI::App& app, ModelOptions& options, bool model_required) {
    const std::string group = "Input";
    add_path(app, "--model", options.model, "folder of a model, or a GGUF file")
        ->required(model_required)
        ->group(group);
    add_path(app, "--ids", options.ids, "file of token ids")->group(group);
    add_path(app, "--text", options.text, "file of text")->group(group);
    add_value(app, "--prompt", "S", "the text itself", [&options](const std::string& text) {
        options.prompt = text;
        options.prompt_given = true;
    })->group(group);
}

CLI::Option* add_chat(CLI::App& app, bool& chat) {
    return app.add_flag("--chat", chat, "write the text as the model's chat template has a user's message");
}

TokenSource token_source(const ModelOptions& options, const char* command) {
    const int given = int(options.prompt_given) + int(!options.text.empty()) + int(!options.ids.empty());
    if (given != 1) {
        throw Error(ErrorKind::usage, std::string("attnscope ") + command, "one of --ids, --text and --prompt",
                    given == 0 ? "none" : "several");
    }
    if (options.prompt_given) return {TokenSource::Kind::prompt, options.prompt, {}, options.chat};
    if (!options.text.empty()) return {TokenSource::Kind::text, {}, options.text, options.chat};
    if (options.chat) throw Error(ErrorKind::usage, "--chat", "a text", "token ids");
    return {TokenSource::Kind::ids, {}, options.ids};
}

CLI::Option* add_layers(CLI::App& app, int& first, int& last) {
    const auto read = [&first, &last](const std::string& text) {
        constexpr std::int64_t most = std::numeric_limits<int>::max();
        const std::size_t colon = text.find(':');
        const auto end = [&](const std::string& part, int otherwise) {
            return part.empty() ? otherwise : static_cast<int>(parse_whole("--layers", part, 0, most));
        };
        if (colon == std::string::npos) {
            first = last = static_cast<int>(parse_whole("--layers", text, 0, most));
            return;
        }
        first = end(text.substr(0, colon), 0);
        last = end(text.substr(colon + 1), -1);
        if (last >= 0 && last < first) throw Error(ErrorKind::usage, "--layers", "a:b with a no larger than b", text);
    };
    return add_value(app, "--layers", "A:B", "layers to look at, both included; later ones are not run (all)", read);
}

} // namespace attnscope::cli
