#include "text/tokenizer.h"

#include "data/input_error.h"
#include "text/json_document.h"
#include "text/wordpiece.h"

#include <nlohmann/json.hpp>

#include <array>

namespace attnscope {
namespace {

struct Kind {
    const char* name;
    std::unique_ptr<Tokenizer> (*make)(const nlohmann::json& document, const std::string& subject);
};

/// Every kind of tokenizer.json that can be read, by its model's type.
constexpr std::array kinds{Kind{"WordPiece", wordpiece_from_json}};

std::string kind_names() {
    std::string names;
    for (const Kind& kind : kinds)
        names += (names.empty() ? "" : ", ") + std::string(kind.name);
    return names;
}

} // namespace

std::unique_ptr<Tokenizer> tokenizer_from_json(std::string_view text, const std::string& subject) {
    const nlohmann::json document = parse_json(text, subject);
    const JsonMembers model = JsonMembers(document, subject).object("model");
    const std::string type = model.text("type");
    for (const Kind& kind : kinds) {
        if (type == kind.name)
            return kind.make(document, subject);
    }
    model.fail("type", "a tokenizer of kind " + kind_names(), excerpt(type));
}

std::unique_ptr<Tokenizer> open_tokenizer(const std::filesystem::path& path) {
    constexpr std::size_t largest = std::size_t{256} << 20;
    std::filesystem::path file = path;
    if (std::filesystem::is_directory(path)) {
        file = path / "tokenizer.json";
        if (!std::filesystem::exists(file))
            file = path / "vocab.txt";
        if (!std::filesystem::exists(file))
            input_error(path.string(), "tokenizer.json or vocab.txt", "neither");
    }
    if (file.extension() == ".txt")
        return wordpiece_from_vocabulary(file);
    return tokenizer_from_json(read_file(file, largest), file.string());
}

} // namespace attnscope
