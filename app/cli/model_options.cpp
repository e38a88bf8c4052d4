#include "cli/model_options.h"

#include <limits>

namespace attnscope::cli {

void add_model_options(CLI::App& app, ModelOptions& options) {
    const std::string group = "Input";
    add_path(app, "--model", options.model, "folder of a model, or a GGUF file")->required()->group(group);
    add_path(app, "--ids", options.ids, "file of token ids")->group(group);
    add_path(app, "--text", options.text, "file of text")->group(group);
    add_value(app, "--prompt", "S", "the text itself",
              [&options](const std::string& text) {
                  options.prompt = text;
                  options.prompt_given = true;
              })
        ->group(group);
}

TokenSource token_source(const ModelOptions& options, const char* command) {
    const int given = int(options.prompt_given) + int(!options.text.empty()) + int(!options.ids.empty());
    if (given != 1) {
        throw Error(ErrorKind::usage, std::string("attnscope ") + command, "one of --ids, --text and --prompt",
                    given == 0 ? "none" : "several");
    }
    if (options.prompt_given) return {TokenSource::Kind::prompt, options.prompt, {}};
    if (!options.text.empty()) return {TokenSource::Kind::text, {}, options.text};
    return {TokenSource::Kind::ids, {}, options.ids};
}

CLI::Option* add_gain(CLI::App& app, double& gain) {
    return add_value(app, "--beta", "X|inf", "multiplies the attention scores of every layer (1; inf: top-1)",
                     [&gain](const std::string& text) {
                         gain = text == "inf" ? std::numeric_limits<double>::infinity() : parse_positive("--beta", text);
                     });
}

CLI::Option* add_precision(CLI::App& app, Precision& precision) {
    return add_value(app, "--precision", "float32|bfloat16", "of weights and activations (float32)",
                     [&precision](const std::string& text) { precision = parse_precision(text); });
}

}  // namespace attnscope::cli
