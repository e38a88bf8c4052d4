#include "cli/commands.h"
#include "cli/embedding.h"

#include <attnscope/bank.h>

#include <memory>

namespace attnscope::cli {
namespace {

struct BankOptions {
    std::string source;
    std::filesystem::path texts, encoder, wordnet;
    std::size_t limit = 0;
};

/// At most `limit` entries, evenly spaced over the whole, so that a small bank is a sample of the large one.
std::vector<std::string> thinned(std::vector<std::string> all, std::size_t limit) {
    if (limit == 0 || limit >= all.size()) return all;
    std::vector<std::string> kept;
    kept.reserve(limit);
    for (std::size_t i = 0; i < limit; ++i) kept.push_back(std::move(all[i * all.size() / limit]));
    return kept;
}

void make_bank(const BankOptions& options, Context& context) {
    if (options.source.empty() == options.texts.empty()) {
        throw Error(ErrorKind::usage, "attnscope bank", "either wordnet or --texts",
                    options.texts.empty() ? "neither" : "both");
    }
    const std::filesystem::path encoder = encoder_or_sample(options.encoder);
    std::vector<std::string> lines, texts;
    if (!options.source.empty()) {
        for (WordNetEntry& entry : read_wordnet(options.wordnet, options.limit)) {
            lines.push_back(entry.label + '\t' + entry.gloss);
            texts.push_back(std::move(entry.gloss));
        }
    } else {
        lines = thinned(read_rows(options.texts), options.limit);
        for (const std::string& line : lines) {
            const std::size_t tab = line.find('\t');
            texts.push_back(tab == std::string::npos ? line : line.substr(tab + 1));
        }
    }
    if (texts.empty()) {
        throw Error(ErrorKind::input, options.texts.filename().string(), "one text a line", "no text");
    }
    embed_into_out(encoder, lines, texts, "bank", context);
}

} // namespace

Command bank_command(CLI::App& app) {
    const auto options = std::make_shared<BankOptions>();
    CLI::App* const command = app.add_subcommand("bank", "build a bank: embedded texts with the texts beside them");
    add_value(*command, "SOURCE", "wordnet", "the glosses of WordNet 3.0", [options](const std::string& source) {
        if (source != "wordnet") throw Error(ErrorKind::usage, "attnscope bank", "wordnet, or --texts F", source);
        options->source = source;
    });
    add_path(*command, "--texts", options->texts, "file of texts, one a line; a tab parts a label from its text");
    add_path(*command, "--encoder", options->encoder, "folder of a sentence encoder, or a GGUF file (the sample's)");
    add_count(*command, "--limit", options->limit, "texts at most, evenly spaced over the whole (all)");
    add_path(*command, "--wordnet", options->wordnet, "folder with data.noun … (where its package puts it)");
    return {command, [options](Context& context) { make_bank(*options, context); }};
}

} // namespace attnscope::cli
