// WordNet's data files: one synset a line, fields by blanks, the gloss behind a bar; lines of the licence open with two
// blanks. Format: wndb(5WN).
#include <attnscope/bank.h>

#include "base/input_error.h"
#include "files/text_files.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

namespace attnscope {
namespace {

constexpr std::array parts_of_speech{"data.noun", "data.verb", "data.adj", "data.adv"};

std::filesystem::path find_folder() {
    std::vector<std::filesystem::path> places;
    if (const char* chosen = std::getenv("WNSEARCHDIR")) places.emplace_back(chosen);
    places.emplace_back("/usr/share/wordnet");
    places.emplace_back("/usr/local/share/wordnet");
    std::error_code ignored;
    for (const auto& place : places)
        if (std::filesystem::exists(place / parts_of_speech[0], ignored)) return place;
    input_error("WordNet", "its data files in " + places.front().string() + " (Debian package wordnet-base)",
                "none there");
}

std::string_view next_field(std::string_view& rest) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    const std::string_view field = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return field;
}

// Adjectives may end in a syntactic marker: galore(ip), out(p), former(a).
std::string_view without_marker(std::string_view word) {
    for (const std::string_view marker : {"(a)", "(p)", "(ip)"})
        if (word.ends_with(marker)) return word.substr(0, word.size() - marker.size());
    return word;
}

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// A line as: offset, file number, type, count of words (two hexadecimal digits), word and sense number for each, more.
WordNetEntry parse_synset(std::string_view line, const std::string& subject, std::size_t number) {
    const auto malformed = [&](const char* expected) {
        input_error(subject, expected, "'" + excerpt(std::string(line), 40) + "'", "line " + std::to_string(number));
    };
    const std::size_t bar = line.find(" | ");
    if (bar == std::string_view::npos) malformed("a synset with a gloss behind a bar");
    std::string_view rest = line.substr(0, bar);
    for (int skipped = 0; skipped < 3; ++skipped) next_field(rest);

    const std::string_view digits = next_field(rest);
    int words = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), words, 16);
    if (error != std::errc() || end != digits.data() + digits.size() || words < 1) malformed("a count of words");

    WordNetEntry entry;
    for (int word = 0; word < words; ++word) {
        const std::string_view text = without_marker(next_field(rest));
        next_field(rest);
        if (text.empty()) malformed("as many words as it announces");
        if (word > 0) entry.label += ", ";
        entry.label += text;
    }
    std::replace(entry.label.begin(), entry.label.end(), '_', ' ');
    entry.gloss = trimmed(line.substr(bar + 3));
    return entry;
}

} // namespace

std::vector<WordNetEntry> read_wordnet(const std::filesystem::path& folder, std::size_t limit) {
    const std::filesystem::path place = folder.empty() ? find_folder() : folder;
    struct Source {
        std::string subject, bytes;
    };
    std::array<Source, parts_of_speech.size()> sources;
    struct Line {
        const Source* source;
        std::size_t number;
        std::string_view text;
    };
    std::vector<Line> synsets;
    for (std::size_t part = 0; part < sources.size(); ++part) {
        Source& source = sources[part];
        source.subject = (place / parts_of_speech[part]).string();
        source.bytes = read_file(source.subject);
        if (invalid_utf8(source.bytes) != std::string_view::npos)
            input_error(source.subject, "UTF-8 text", "other bytes",
                        "byte " + std::to_string(invalid_utf8(source.bytes)));
        std::string_view rest = source.bytes;
        for (std::size_t number = 1; !rest.empty(); ++number) {
            const std::size_t end = std::min(rest.find('\n'), rest.size());
            const std::string_view line = rest.substr(0, end);
            rest.remove_prefix(std::min(end + 1, rest.size()));
            if (!line.empty() && !line.starts_with("  ")) synsets.push_back({&source, number, line});
        }
    }
    const std::size_t total = synsets.size();
    const std::size_t count = limit == 0 ? total : std::min(limit, total);
    std::vector<WordNetEntry> entries;
    entries.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        const Line& line = synsets[i * total / count];
        entries.push_back(parse_synset(line.text, line.source->subject, line.number));
    }
    return entries;
}

} // namespace attnscope
