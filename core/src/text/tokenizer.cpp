#include "text/tokenizer.h"

#include "base/input_error.h"
#include "base/text_list.h"
#include "files/gguf.h"
#include "text/gguf_tokenizer.h"
#include "text/tokenizer_json.h"

#include <attnscope/model.h>
#include <attnscope/tensor_file.h>

#include <nlohmann/json.hpp>

#include <array>

namespace attnscope {
namespace {

struct Kind {
    const char* name;
    std::unique_ptr<Tokenizer> (*make)(const nlohmann::json& document, const std::string& subject);
};

/// Every kind of tokenizer.json that can be read, by its model's type.
constexpr std::array kinds{Kind{"BPE", byte_pair_from_json}, Kind{"WordPiece", wordpiece_from_json}};

std::string kind_names() {
    std::string names;
    for (const Kind& kind : kinds) add_to_list(names, kind.name);
    return names;
}

} // namespace

std::vector<std::int64_t> token_ids(std::span<const Token> tokens) {
    std::vector<std::int64_t> ids;
    for (const Token& token : tokens) ids.push_back(token.id);
    return ids;
}

std::unique_ptr<Tokenizer> tokenizer_from_json(std::string_view text, const std::string& subject) {
    const nlohmann::json document = parse_json<nlohmann::json>(text, subject, json_kinds::tokenizer);
    const JsonMembers model = JsonMembers(document, subject).object("model");
    const std::string type = model.text("type");
    for (const Kind& kind : kinds) {
        if (type == kind.name) return kind.make(document, subject);
    }
    model.fail("type", "a tokenizer of kind " + kind_names(), excerpt(type));
}

std::unique_ptr<Tokenizer> open_tokenizer(const std::filesystem::path& path) {
    std::filesystem::path file = path;
    if (std::filesystem::is_directory(path)) {
        file = path / "tokenizer.json";
        if (!std::filesystem::exists(file)) file = path / "vocab.txt";
        if (!std::filesystem::exists(file)) input_error(path.string(), "tokenizer.json or vocab.txt", "neither");
    } else if (is_model(path)) {
        return tokenizer_from_gguf(read_gguf_tokenizer(read_gguf_metadata(path)), path.string());
    }
    if (file.extension() == ".txt") return wordpiece_from_vocabulary(file);
    return tokenizer_from_json(read_file(file, json_kinds::tokenizer.most_bytes), file.string());
}

std::unique_ptr<Tokenizer> open_tokenizer(const ModelFiles& files) {
    if (!files.has_tokenizer) input_error(files.path.string(), "a tokenizer with the model", "none");
    return open_tokenizer(files.path);
}

} // namespace attnscope
