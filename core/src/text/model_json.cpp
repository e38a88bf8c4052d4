// Tokenizers out of a tokenizer.json or a vocab.txt, by the kind of their model.
#include "base/input_error.h"
#include "text/tokenizer_json.h"

#include <attnscope/tensor_file.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace attnscope {
namespace {

constexpr std::int64_t longest_word_limit = 10'000; // cutting a word is quadratic in its length

/// "a b" or ["a", "b"]
std::pair<std::string, std::string> read_merge(const nlohmann::json& merge) {
    if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string())
        return {merge[0].get<std::string>(), merge[1].get<std::string>()};
    if (!merge.is_string()) return {};
    return split_merge(merge.get_ref<const std::string&>());
}

MergeTable read_merges(const JsonMembers& model, const Vocabulary& vocabulary, const std::string& continuation) {
    const nlohmann::json& merges = model.at("merges");
    if (!merges.is_array()) model.fail("merges", "a list", describe(merges));
    MergeBuilder builder(vocabulary, continuation, merges.size());
    for (std::size_t i = 0; i < merges.size(); ++i) {
        const auto [left, right] = read_merge(merges[i]);
        if (!builder.add(left, right)) {
            model.fail(("merges[" + std::to_string(i) + "]").c_str(), "two tokens that make a third",
                       describe(merges[i]));
        }
    }
    return builder.take();
}

std::unique_ptr<Tokenizer> finished(const JsonMembers& document, const Vocabulary& vocabulary,
                                    PipelineSettings settings, Surroundings around) {
    settings.added = read_added_tokens(document, vocabulary);
    settings.spellings = spellings_of(vocabulary);
    settings.before = std::move(around.before);
    settings.after = std::move(around.after);
    return std::make_unique<PipelineTokenizer>(std::move(settings));
}

std::unique_ptr<const TokenModel> wordpiece_model(const JsonMembers& model, Vocabulary vocabulary) {
    WordPieceSettings settings;
    settings.vocabulary = std::move(vocabulary);
    settings.unknown = model.text("unk_token", settings.unknown);
    settings.continuation = model.text("continuing_subword_prefix", settings.continuation);
    check_token(settings.continuation, model, "continuing_subword_prefix");
    settings.longest_word = static_cast<std::size_t>(model.integer("max_input_chars_per_word", 1, longest_word_limit,
                                                                   static_cast<std::int64_t>(settings.longest_word)));
    if (!settings.vocabulary.contains(settings.unknown))
        model.fail("vocab", "the unknown token " + excerpt(settings.unknown) + " in the vocabulary", "none");
    return std::make_unique<WordPieceModel>(std::move(settings));
}

} // namespace

std::unique_ptr<Tokenizer> wordpiece_from_json(const nlohmann::json& json, const std::string& subject) {
    const JsonMembers document(json, subject);
    const JsonMembers model = document.object("model");
    const Vocabulary vocabulary = read_vocabulary(model);
    PipelineSettings settings;
    SpaceMark spaces;
    bool spells_bytes = false;
    settings.normalizer = read_normalizer(document, spaces);
    settings.pre_tokenizer = read_pre_tokenizer(document, spaces, spells_bytes);
    if (spells_bytes) document.fail("pre_tokenizer", "pieces of text for WordPiece", "bytes");
    settings.model = wordpiece_model(model, vocabulary);
    return finished(document, vocabulary, std::move(settings),
                    document.find("post_processor") ? read_surroundings(document) : bert_surroundings(vocabulary));
}

std::unique_ptr<Tokenizer> byte_pair_from_json(const nlohmann::json& json, const std::string& subject) {
    using Units = BytePairSettings::Units;
    const JsonMembers document(json, subject);
    const JsonMembers model = document.object("model");
    const Vocabulary vocabulary = read_vocabulary(model);
    PipelineSettings settings;
    SpaceMark spaces;
    bool spells_bytes = false;
    settings.normalizer = read_normalizer(document, spaces);
    settings.pre_tokenizer = read_pre_tokenizer(document, spaces, spells_bytes);

    if (model.number("dropout", 0) != 0) model.fail("dropout", "no dropout", describe(model.at("dropout")));
    BytePairSettings pairs;
    pairs.units = !spells_bytes                        ? Units::characters
                  : settings.pre_tokenizer.gives_bytes ? Units::bytes
                                                       : Units::spelled_bytes;
    pairs.byte_fallback = model.flag("byte_fallback", false);
    pairs.ignore_merges = model.flag("ignore_merges", false);
    pairs.fuse_unknown = model.flag("fuse_unk", false);
    pairs.continuation = model.text("continuing_subword_prefix", "");
    pairs.word_end = model.text("end_of_word_suffix", "");
    check_token(pairs.continuation, model, "continuing_subword_prefix");
    check_token(pairs.word_end, model, "end_of_word_suffix");
    if (model.find("unk_token")) {
        const auto unknown = vocabulary.find(model.text("unk_token"));
        if (unknown == vocabulary.end())
            model.fail("unk_token", "a token of the vocabulary", excerpt(model.text("unk_token")));
        pairs.unknown = unknown->second;
    }
    pairs.merges = read_merges(model, vocabulary, pairs.continuation);
    pairs.vocabulary = vocabulary;
    set_spaces(spaces, pairs, settings.pre_tokenizer);
    settings.model = std::make_unique<BytePairModel>(std::move(pairs));
    return finished(document, vocabulary, std::move(settings), read_surroundings(document));
}

std::unique_ptr<Tokenizer> wordpiece_from_vocabulary(const std::filesystem::path& path) {
    const std::string subject = path.string();
    WordPieceSettings model;
    const std::string lines = read_file(path, std::size_t{64} << 20);
    std::int64_t id = 0;
    for (std::size_t begin = 0; begin < lines.size(); ++id) {
        const std::size_t end = std::min(lines.find('\n', begin), lines.size());
        std::string token = lines.substr(begin, end - begin);
        if (token.ends_with('\r')) token.pop_back();
        if (token.size() > longest_token || id >= most_token_ids)
            input_error(subject, "a token a line", bytes_text(token.size()), "line " + std::to_string(id + 1));
        model.vocabulary.insert_or_assign(std::move(token), id);
        begin = end + 1;
    }
    if (!model.vocabulary.contains(model.unknown)) input_error(subject, "the unknown token " + model.unknown, "none");

    const std::filesystem::path beside = path.parent_path() / "tokenizer_config.json";
    nlohmann::json config = nlohmann::json::object();
    if (std::filesystem::exists(beside))
        config = read_json<nlohmann::json>(beside, json_kinds::model_config, beside.string());
    const JsonMembers members(config, beside.string());
    BertNormalizer normalizer;
    normalizer.lower_case = members.flag("do_lower_case", true);
    normalizer.strip_accents = members.flag("strip_accents", normalizer.lower_case);
    normalizer.space_cjk = members.flag("tokenize_chinese_chars", true);

    PipelineSettings settings;
    settings.normalizer.steps = {bert_step(normalizer)};
    settings.pre_tokenizer.steps = bert_split();
    Surroundings around = bert_surroundings(model.vocabulary);
    settings.before = std::move(around.before);
    settings.after = std::move(around.after);
    for (const char* const special : {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}) {
        if (const auto found = model.vocabulary.find(special); found != model.vocabulary.end())
            settings.added.push_back({.id = found->second, .content = special});
    }
    settings.spellings = spellings_of(model.vocabulary);
    settings.model = std::make_unique<WordPieceModel>(std::move(model));
    return std::make_unique<PipelineTokenizer>(std::move(settings));
}

} // namespace attnscope
