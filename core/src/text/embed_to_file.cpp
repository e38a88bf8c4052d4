#include "base/input_error.h"
#include "text/partial_embedding.h"

#include <attnscope/text_encoder.h>

#include <algorithm>

namespace attnscope {
namespace {

/// Equal for equal texts only: every text is preceded by its length.
std::string hash_of(std::span<const std::string> texts) {
    std::string joined;
    for (const std::string& text : texts) joined += std::to_string(text.size()) + ":" + text;
    return sha256(joined);
}

TextTable table_of(std::span<const std::string> lines) {
    std::string joined;
    for (const std::string& line : lines) {
        const std::size_t begin = joined.size();
        joined += line;
        // A line break inside a text would make two lines of one memory.
        std::replace_if(
            joined.begin() + static_cast<std::ptrdiff_t>(begin), joined.end(),
            [](char c) { return c == '\n' || c == '\r'; }, ' ');
        joined += '\n';
    }
    return TextTable::from_lines(std::move(joined));
}

void embed_missing(const TextEncoder& encoder, std::span<const std::string> texts, PartialEmbedding& partial,
                   JobContext& context) {
    std::vector<std::size_t> missing;
    std::vector<std::string> missing_texts;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (partial.finished(i)) continue;
        missing.push_back(i);
        missing_texts.push_back(texts[i]);
    }
    if (missing.empty()) return;
    encoder.encode(missing_texts, context,
                   [&](std::size_t i, std::span<const float> row) { partial.store(missing[i], row); });
}

} // namespace

void embed_to_file(const TextEncoder& encoder, std::span<const std::string> lines, std::span<const std::string> texts,
                   const std::filesystem::path& out, JobContext& context) {
    if (texts.empty()) input_error("texts", "at least one", "none");
    ATTNSCOPE_ASSERT(lines.size() == texts.size());
    context.checkpoint();

    std::filesystem::path partial_path = out;
    partial_path += ".partial";
    PartialEmbedding partial(partial_path, {.encoder = encoder.sha256(context.between_reads()),
                                            .texts = hash_of(texts),
                                            .rows = texts.size(),
                                            .dimension = encoder.dimension()});
    try {
        embed_missing(encoder, texts, partial, context);
        Bank bank;
        bank.name = out.filename().string();
        bank.n = texts.size();
        bank.d = encoder.dimension();
        bank.keys = partial.values();
        bank.texts = table_of(lines);
        bank.encoder = encoder.name();
        save_bank(out, bank);
    } catch (const std::exception&) {
        // Whatever failed leaves no file behind; a cancel, which is no exception of this kind, keeps what is finished.
        partial.remove();
        throw;
    }
    partial.remove();
}

} // namespace attnscope
