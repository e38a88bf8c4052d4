#include "files/model_inputs.h"

#include "base/json_number.h"
#include "base/params_reader.h"
#include "files/find_input.h"
#include "files/model_identity.h"

#include <attnscope/chat.h>
#include <attnscope/tensor_file.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace attnscope {
namespace {

constexpr std::size_t most_token_bytes = std::size_t{256} << 20;
constexpr std::array kinds{TokenSource::Kind::prompt, TokenSource::Kind::text, TokenSource::Kind::ids};

const char* kind_name(TokenSource::Kind kind) {
    switch (kind) {
    case TokenSource::Kind::prompt: return "prompt";
    case TokenSource::Kind::text: return "text";
    case TokenSource::Kind::ids: break;
    }
    return "ids";
}

[[noreturn]] void refuse_id(const std::string& subject, std::string got, std::size_t position) {
    constexpr std::size_t most_quoted = 40;
    if (got.size() > most_quoted) got = got.substr(0, most_quoted) + "…";
    throw Error(ErrorKind::input, subject, "whole numbers apart by spaces or commas, or a JSON array of them", got,
                "position " + std::to_string(position));
}

std::vector<std::int64_t> ids_of_array(std::string_view text, const std::string& subject) {
    const Json list = parse_json(text, subject, json_kinds::token_ids);
    std::vector<std::int64_t> ids;
    for (const Json& entry : list) {
        const auto id = number_in<std::int64_t>(entry);
        if (!id) refuse_id(subject, one_line(entry), ids.size());
        ids.push_back(*id);
    }
    return ids;
}

} // namespace

std::vector<std::int64_t> parse_token_ids(std::string_view text, const std::string& subject) {
    constexpr std::string_view apart = " \t\r\n\f\v,";
    std::size_t begin = text.find_first_not_of(" \t\r\n\f\v");
    if (begin != std::string_view::npos && text[begin] == '[') return ids_of_array(text, subject);
    std::vector<std::int64_t> ids;
    for (begin = text.find_first_not_of(apart); begin != std::string_view::npos;) {
        const std::size_t end = std::min(text.find_first_of(apart, begin), text.size());
        std::int64_t id = 0;
        const auto [stopped, failure] = std::from_chars(text.data() + begin, text.data() + end, id);
        if (failure != std::errc{} || stopped != text.data() + end) {
            refuse_id(subject, std::string(text.substr(begin, end - begin)), ids.size());
        }
        ids.push_back(id);
        begin = text.find_first_not_of(apart, end);
    }
    return ids;
}

std::vector<std::int64_t> ids_of_text(const TokenSource& source, const LanguageModel& model, const std::string& text) {
    if (source.kind == TokenSource::Kind::ids) {
        const bool typed = source.file.empty();
        auto ids = parse_token_ids(text, typed ? model.files().name : base_name(source.file));
        check_tokens(model, ids);
        return ids;
    }
    return token_ids(source.chat ? chat_tokens(model, model.chat_format().apply(text)) : model_tokens(model, text));
}

std::vector<std::int64_t> load_tokens(const TokenSource& source, const LanguageModel& model) {
    return ids_of_text(source, model, source.file.empty() ? source.prompt : read_file(source.file, most_token_bytes));
}

namespace {

/// The first `most` tokens of a text: of one that is much longer only a part is looked at, cut where a word ends, and
/// its last tokens, which the cut may have changed, are not used.
std::vector<std::int64_t> first_tokens(const Tokenizer& tokenizer, std::string_view text, std::size_t most,
                                       std::string (*prepare)(std::string_view)) {
    constexpr std::size_t unsure = 64, shortest = 4096;
    const auto encode = [&](std::string_view part) {
        return token_ids(tokenizer.encode(prepare ? prepare(part) : std::string(part)));
    };
    // A text of fewer bytes than that has fewer tokens than wanted.
    const std::size_t first = most > text.size() ? text.size() : std::max(shortest, 16 * most);
    for (std::size_t size = first; size < text.size(); size *= 4) {
        const std::size_t end = text.find_last_of(" \n\t", size);
        if (end == std::string_view::npos || end == 0) continue;
        std::vector<std::int64_t> ids = encode(text.substr(0, end));
        if (ids.size() >= most + unsure) {
            ids.resize(most);
            return ids;
        }
    }
    std::vector<std::int64_t> ids = encode(text);
    ids.resize(std::min(ids.size(), most));
    return ids;
}

} // namespace

std::vector<std::int64_t> first_ids(const TokenSource& source, const LanguageModel& model, std::size_t most,
                                    std::string (*prepare)(std::string_view)) {
    const auto cut = [most](std::vector<std::int64_t> ids) {
        ids.resize(std::min(ids.size(), most));
        return ids;
    };
    if (source.chat) return cut(load_tokens(source, model));
    if (source.kind == TokenSource::Kind::ids) {
        const bool typed = source.file.empty();
        return cut(typed ? parse_token_ids(source.prompt, model.files().name)
                         : parse_token_ids(read_file(source.file, most_token_bytes), base_name(source.file)));
    }
    if (source.kind == TokenSource::Kind::prompt) return first_tokens(model.tokenizer(), source.prompt, most, prepare);
    const auto file = MappedFile::open(source.file);
    const auto bytes = file->bytes();
    auto ids =
        first_tokens(model.tokenizer(), {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, most, prepare);
    file->check_intact();
    return ids;
}

void hash_model(const LanguageModel& model, JobContext& context) {
    model.sha256([&](std::uint64_t done) {
        context.progress(static_cast<double>(done), static_cast<double>(model.files().bytes), "hashing weights");
    });
}

ModelPtr open_input_model(const std::filesystem::path& path, JobContext& context) {
    context.progress(0, 0, "opening the model");
    ModelPtr model = open_language_model(path);
    hash_model(*model, context);
    return model;
}

std::vector<RecipeInput> model_inputs(const LanguageModel& model, const TokenSource& tokens) {
    std::vector<RecipeInput> inputs{{model_role, model.files().name, model.sha256()}};
    if (!tokens.file.empty()) {
        inputs.push_back({kind_name(tokens.kind), base_name(tokens.file), sha256_file(tokens.file)});
    }
    const auto companions = companion_inputs(model_role, model.files().path);
    inputs.insert(inputs.end(), companions.begin(), companions.end());
    return inputs;
}

Json token_params(const TokenSource& tokens) {
    Json params = {{"kind", kind_name(tokens.kind)}};
    if (tokens.kind == TokenSource::Kind::prompt) params["prompt"] = tokens.prompt;
    if (tokens.kind == TokenSource::Kind::ids && tokens.file.empty()) params["typed"] = tokens.prompt;
    if (tokens.chat) params["chat"] = true;
    return params;
}

ModelInputs find_model_inputs(const Recipe& recipe, const Json& params,
                              const std::vector<std::filesystem::path>& folders, const BytesDone& between) {
    ModelInputs inputs;
    const Json* const tokens = ParamsReader(params).object("tokens");
    if (tokens == nullptr) ParamsReader::fail("an object", "none", "tokens");
    const ParamsReader reader(*tokens);
    std::string kind = kind_name(inputs.tokens.kind);
    reader.text("kind", kind);
    bool known = false;
    for (const TokenSource::Kind candidate : kinds) {
        if (kind != kind_name(candidate)) continue;
        inputs.tokens.kind = candidate;
        known = true;
    }
    if (!known) ParamsReader::fail("prompt, text or ids", kind, "tokens.kind");
    const bool typed_ids = inputs.tokens.kind == TokenSource::Kind::ids && tokens->contains("typed");
    reader.text(typed_ids ? "typed" : "prompt", inputs.tokens.prompt);
    reader.flag("chat", inputs.tokens.chat);

    const auto places = with_samples(folders);
    for (const RecipeInput& input : recipe.inputs) {
        if (input.role == model_role) inputs.model = locate(recipe, input, places, between);
        if (input.role == kind) inputs.tokens.file = locate(input, places, between);
    }
    if (inputs.model.empty()) throw Error(ErrorKind::input, "recipe", "a model", "none", "inputs");
    if (inputs.tokens.kind != TokenSource::Kind::prompt && !typed_ids && inputs.tokens.file.empty()) {
        throw Error(ErrorKind::input, "recipe", "a file of " + kind, "none", "inputs");
    }
    return inputs;
}

} // namespace attnscope
