#include "cli/commands.h"
#include "cli/embedding.h"

#include <attnscope/bank.h>

#include <memory>

namespace attnscope::cli {
namespace {

struct EmbedOptions {
    std::filesystem::path encoder, texts;
};

void embed(const EmbedOptions& options, Context& context) {
    const std::filesystem::path encoder = encoder_or_sample(options.encoder);
    const std::vector<std::string> lines = read_rows(options.texts);
    if (lines.empty()) {
        throw Error(ErrorKind::input, options.texts.filename().string(), "one text a line", "no text");
    }
    embed_into_out(encoder, lines, lines, "embed", context);
}

} // namespace

Command embed_command(CLI::App& app) {
    const auto options = std::make_shared<EmbedOptions>();
    CLI::App* const command = app.add_subcommand("embed", "embed texts, one a line, into a safetensors file");
    add_path(*command, "--encoder", options->encoder, "folder of a sentence encoder, or a GGUF file (the sample's)");
    add_path(*command, "--texts", options->texts, "file of texts, one a line")->required();
    return {command, [options](Context& context) { embed(*options, context); }};
}

} // namespace attnscope::cli
