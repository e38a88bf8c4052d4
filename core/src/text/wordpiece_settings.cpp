// Reading the settings of a WordPiece tokenizer from the files it comes in.
#include "data/input_error.h"
#include "text/json_document.h"
#include "text/wordpiece.h"

#include <attnscope/tensor_file.h>

#include <nlohmann/json.hpp>

#include <array>
#include <utility>

namespace attnscope {
namespace {

constexpr std::int64_t most_ids = std::int64_t{1} << 24;
constexpr std::int64_t longest_word_limit = 10'000; // cutting a word is quadratic in its length
constexpr std::size_t longest_token_limit = 1024;   // bytes
constexpr std::size_t most_template_tokens = 64;

constexpr const char* beginning = "[CLS]";
constexpr const char* ending = "[SEP]";

void check_token(const std::string& token, const JsonMembers& members, const char* name) {
    if (token.size() > longest_token_limit) {
        members.fail(name, "tokens of at most " + std::to_string(longest_token_limit) + " bytes",
                     bytes_text(token.size()));
    }
}

Vocabulary read_vocabulary(const JsonMembers& model) {
    const nlohmann::json& entries = model.at("vocab");
    if (!entries.is_object())
        model.fail("vocab", "an object of tokens and ids", describe(entries));
    Vocabulary vocabulary;
    vocabulary.reserve(entries.size());
    for (const auto& [token, id] : entries.items()) {
        check_token(token, model, "vocab");
        if (!id.is_number_unsigned() || id.get<std::uint64_t>() >= static_cast<std::uint64_t>(most_ids)) {
            model.fail("vocab", "an id from 0 to " + std::to_string(most_ids - 1), describe(id) + " for " + token);
        }
        vocabulary.emplace(token, id.get<std::int64_t>());
    }
    return vocabulary;
}

std::optional<BertNormalizer> read_normalizer(const JsonMembers& document) {
    if (!document.find("normalizer"))
        return std::nullopt;
    const JsonMembers members = document.object("normalizer");
    if (const std::string type = members.text("type"); type != "BertNormalizer") {
        members.fail("type", "BertNormalizer", excerpt(type));
    }
    BertNormalizer normalizer;
    normalizer.clean_text = members.flag("clean_text", true);
    normalizer.space_cjk = members.flag("handle_chinese_chars", true);
    normalizer.lower_case = members.flag("lowercase", true);
    normalizer.strip_accents = members.flag("strip_accents", normalizer.lower_case);
    return normalizer;
}

std::vector<AddedToken> read_added_tokens(const JsonMembers& document) {
    std::vector<AddedToken> added;
    const nlohmann::json* const entries = document.find("added_tokens");
    if (!entries)
        return added;
    if (!entries->is_array())
        document.fail("added_tokens", "a list", describe(*entries));
    for (const nlohmann::json& entry : *entries) {
        const JsonMembers members(entry, document.subject(), "added_tokens[" + std::to_string(added.size()) + "]");
        AddedToken token;
        token.id = members.integer("id", 0, most_ids - 1);
        token.content = members.text("content");
        check_token(token.content, members, "content");
        token.single_word = members.flag("single_word", false);
        token.strip_left = members.flag("lstrip", false);
        token.strip_right = members.flag("rstrip", false);
        token.normalized = members.flag("normalized", false);
        added.push_back(std::move(token));
    }
    return added;
}

/// Tokens set around a text, whatever the spelling they come in.
class Surroundings {
public:
    Surroundings(const JsonMembers& document, WordPieceSettings& settings) : document_(document), settings_(settings) {}

    void read() {
        if (!document_.find("post_processor"))
            return take_defaults();
        const JsonMembers processor = document_.object("post_processor");
        const std::string type = processor.text("type");
        if (type == "TemplateProcessing")
            return read_template(processor);
        if (type == "BertProcessing") {
            settings_.before = {read_pair(processor, "cls")};
            settings_.after = {read_pair(processor, "sep")};
            return;
        }
        processor.fail("type", "TemplateProcessing or BertProcessing", excerpt(type));
    }

    /// A model of this family was trained with both, so they are set where the vocabulary has them.
    void take_defaults() {
        const auto first = settings_.vocabulary.find(beginning);
        const auto last = settings_.vocabulary.find(ending);
        if (first == settings_.vocabulary.end() || last == settings_.vocabulary.end())
            return;
        settings_.before = {{first->second, first->first, 0, 0}};
        settings_.after = {{last->second, last->first, 0, 0}};
    }

private:
    /// ["[SEP]", 102]
    Token read_pair(const JsonMembers& processor, const char* name) const {
        const nlohmann::json& pair = processor.at(name);
        if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !pair[1].is_number_unsigned() ||
            pair[1].get<std::uint64_t>() >= static_cast<std::uint64_t>(most_ids)) {
            processor.fail(name, "a token and its id", describe(pair));
        }
        return {pair[1].get<std::int64_t>(), pair[0].get<std::string>(), 0, 0};
    }

    void read_template(const JsonMembers& processor) {
        const nlohmann::json& pieces = processor.at("single");
        if (!pieces.is_array() || pieces.size() > most_template_tokens) {
            processor.fail("single", "a list of at most " + std::to_string(most_template_tokens) + " pieces",
                           describe(pieces));
        }
        bool text_seen = false;
        for (const nlohmann::json& piece : pieces) {
            const JsonMembers members(piece, document_.subject(), processor.path("single"));
            if (members.find("Sequence")) {
                if (text_seen)
                    processor.fail("single", "the text once", "it twice");
                text_seen = true;
            } else {
                append_special(processor, members.object("SpecialToken").text("id"),
                               text_seen ? settings_.after : settings_.before);
            }
        }
        if (!text_seen)
            processor.fail("single", "the text once", "no text");
    }

    void append_special(const JsonMembers& processor, const std::string& name, std::vector<Token>& tokens) const {
        const JsonMembers special = processor.object("special_tokens").object(name.c_str());
        const nlohmann::json& ids = special.at("ids");
        const nlohmann::json& texts = special.at("tokens");
        if (!ids.is_array() || !texts.is_array() || ids.size() != texts.size() || ids.size() > most_template_tokens) {
            special.fail("ids", "as many ids as tokens", describe(ids));
        }
        for (std::size_t i = 0; i < ids.size(); ++i) {
            if (!ids[i].is_number_unsigned() || ids[i].get<std::uint64_t>() >= static_cast<std::uint64_t>(most_ids) ||
                !texts[i].is_string()) {
                special.fail("ids", "an id and a text", describe(ids[i]));
            }
            tokens.push_back({ids[i].get<std::int64_t>(), texts[i].get<std::string>(), 0, 0});
        }
    }

    const JsonMembers& document_;
    WordPieceSettings& settings_;
};

} // namespace

std::unique_ptr<Tokenizer> wordpiece_from_json(const nlohmann::json& document, const std::string& subject) {
    const JsonMembers members(document, subject);
    const JsonMembers model = members.object("model");

    WordPieceSettings settings;
    settings.vocabulary = read_vocabulary(model);
    settings.unknown = model.text("unk_token", settings.unknown);
    settings.continuation = model.text("continuing_subword_prefix", settings.continuation);
    check_token(settings.continuation, model, "continuing_subword_prefix");
    settings.longest_word = static_cast<std::size_t>(model.integer("max_input_chars_per_word", 1, longest_word_limit,
                                                                   static_cast<std::int64_t>(settings.longest_word)));
    if (!settings.vocabulary.contains(settings.unknown)) {
        model.fail("vocab", "the unknown token " + excerpt(settings.unknown) + " in the vocabulary", "none");
    }
    settings.normalizer = read_normalizer(members);
    if (members.find("pre_tokenizer")) {
        const JsonMembers splitter = members.object("pre_tokenizer");
        if (const std::string type = splitter.text("type"); type != "BertPreTokenizer") {
            splitter.fail("type", "BertPreTokenizer", excerpt(type));
        }
    } else {
        members.fail("pre_tokenizer", "BertPreTokenizer", "none");
    }
    settings.added = read_added_tokens(members);
    Surroundings(members, settings).read();
    return std::make_unique<WordPiece>(std::move(settings));
}

std::unique_ptr<Tokenizer> wordpiece_from_vocabulary(const std::filesystem::path& path) {
    const std::string subject = path.string();
    WordPieceSettings settings;
    std::string lines = read_file(path, std::size_t{64} << 20);
    std::int64_t id = 0;
    for (std::size_t begin = 0; begin < lines.size(); ++id) {
        const std::size_t end = std::min(lines.find('\n', begin), lines.size());
        std::string token = lines.substr(begin, end - begin);
        if (token.ends_with('\r'))
            token.pop_back();
        if (token.size() > longest_token_limit || id >= most_ids) {
            input_error(subject, "a token a line", bytes_text(token.size()), "line " + std::to_string(id + 1));
        }
        settings.vocabulary.insert_or_assign(std::move(token), id);
        begin = end + 1;
    }
    if (!settings.vocabulary.contains(settings.unknown)) {
        input_error(subject, "the unknown token " + settings.unknown, "none");
    }

    const std::filesystem::path beside = path.parent_path() / "tokenizer_config.json";
    nlohmann::json config = nlohmann::json::object();
    if (std::filesystem::exists(beside))
        config = parse_json(read_file(beside, std::size_t{16} << 20), beside.string());
    const JsonMembers members(config, beside.string());
    settings.normalizer->lower_case = members.flag("do_lower_case", true);
    settings.normalizer->strip_accents = members.flag("strip_accents", settings.normalizer->lower_case);
    settings.normalizer->space_cjk = members.flag("tokenize_chinese_chars", true);

    for (const char* const special : {"[PAD]", "[UNK]", beginning, ending, "[MASK]"}) {
        if (const auto found = settings.vocabulary.find(special); found != settings.vocabulary.end()) {
            settings.added.push_back({.id = found->second, .content = special});
        }
    }
    Surroundings(members, settings).take_defaults();
    return std::make_unique<WordPiece>(std::move(settings));
}

} // namespace attnscope
