#include "cli/embedding.h"

#include <attnscope/bank.h>
#include <attnscope/text_encoder.h>

namespace attnscope::cli {

std::filesystem::path encoder_or_sample(const std::filesystem::path& encoder) {
    if (!encoder.empty()) return encoder;
    const std::filesystem::path sample = find_samples().encoder;
    if (sample.empty())
        throw Error(ErrorKind::usage, "--encoder", "the folder or GGUF file of a sentence encoder", "nothing");
    return sample;
}

void embed_into_out(const std::filesystem::path& encoder_folder, const std::vector<std::string>& lines,
                    const std::vector<std::string>& texts, const char* command, Context& context) {
    const CommonOptions& options = context.options();
    if (options.out.empty()) {
        throw Error(ErrorKind::usage, "--out", std::string("a file for ") + command + " to write", "nothing");
    }
    if (options.format_given) {
        throw Error(ErrorKind::usage, "--format", std::string("no form: ") + command + " writes a safetensors file",
                    format_name(options.format));
    }
    context.add_inputs({encoder_folder});
    context.job().progress(0, 0, "opening the encoder");
    const auto encoder = open_text_encoder(encoder_folder);
    try {
        const auto writing = context.writing();
        embed_to_file(*encoder, lines, texts, options.out, context.job());
    } catch (const Cancelled&) {
        std::filesystem::path partial = options.out;
        partial += ".partial";
        std::error_code failure;
        if (std::filesystem::exists(partial, failure)) {
            context.note("finished rows are kept in " + partial.filename().string() +
                         "; the same command goes on from there");
        }
        throw;
    }
    context.note("wrote " + options.out.filename().string() + ": " + std::to_string(texts.size()) + " × " +
                 std::to_string(encoder->dimension()));
}

} // namespace attnscope::cli
