#include "files/model_identity.h"

#include "files/find_input.h"

#include <attnscope/model.h>
#include <attnscope/tensor_file.h>

#include <algorithm>
#include <array>

namespace attnscope {
namespace {

namespace fs = std::filesystem;

/// Files that are read of a folder, or that the libraries which define its numbers read.
constexpr std::array companion_names{"config.json",
                                     "model.safetensors.index.json",
                                     "pytorch_model.bin.index.json",
                                     "tokenizer.json",
                                     "vocab.txt",
                                     "tokenizer_config.json",
                                     "chat_template.jinja",
                                     "modules.json",
                                     "sentence_bert_config.json",
                                     "1_Pooling/config.json"};

std::string companion_role(const std::string& role) {
    return role + "-file";
}

bool has_companions(const std::string& role) {
    return role == model_role || role == encoder_role;
}

bool is_gguf_name(const std::string& name) {
    return fs::path(name).extension() == ".gguf";
}

/// How the companions of a folder are not those of a recipe; none where they are.
std::optional<Error> difference(const RecipeInput& input, const std::vector<RecipeInput>& wanted, const fs::path& found,
                                const BytesDone& between) {
    const std::vector<RecipeInput> there = companion_inputs(input.role, found, between);
    const auto named = [](const std::vector<RecipeInput>& list, const std::string& name) {
        const auto at =
            std::find_if(list.begin(), list.end(), [&](const RecipeInput& file) { return file.name == name; });
        return at == list.end() ? std::string() : at->sha256;
    };
    const auto differs = [&](const std::string& name, const std::string& expected, const std::string& got) {
        return Error(ErrorKind::input, input.name, expected.empty() ? "no " + name : name + " with SHA-256 " + expected,
                     got.empty() ? "none" : "another: its weights are the recipe's, its files are not", input.role);
    };
    for (const RecipeInput& file : wanted)
        if (const std::string got = named(there, file.name); got != file.sha256)
            return differs(file.name, file.sha256, got);
    for (const RecipeInput& file : there)
        if (named(wanted, file.name).empty()) return differs(file.name, "", file.sha256);
    return std::nullopt;
}

} // namespace

std::vector<RecipeInput> companion_inputs(const std::string& role, const fs::path& model, const BytesDone& between) {
    std::vector<RecipeInput> files;
    std::error_code failure;
    if (!fs::is_directory(model, failure)) return files;
    for (const char* const name : companion_names)
        if (fs::is_regular_file(model / name, failure))
            files.push_back({companion_role(role), name, sha256_file(model / name, between)});
    return files;
}

std::vector<RecipeInput> companions_of(const Recipe& recipe, const std::string& role) {
    std::vector<RecipeInput> files;
    std::copy_if(recipe.inputs.begin(), recipe.inputs.end(), std::back_inserter(files),
                 [wanted = companion_role(role)](const RecipeInput& input) { return input.role == wanted; });
    return files;
}

std::string model_identity(const LanguageModel& model) {
    std::string text = model.sha256();
    for (const RecipeInput& file : companion_inputs(model_role, model.files().path))
        text += "\n" + file.name + " " + file.sha256;
    return sha256(text);
}

fs::path locate(const Recipe& recipe, const RecipeInput& input, const std::vector<fs::path>& places,
                const BytesDone& between) {
    const std::vector<RecipeInput> wanted = companions_of(recipe, input.role);
    if (wanted.empty() || !has_companions(input.role)) return locate(input, places, between);
    std::optional<Error> first;
    const auto accept = [&](const fs::path& candidate) {
        const auto different = difference(input, wanted, candidate, between);
        if (different && !first) first = different;
        return !different;
    };
    const fs::path found = find_where(input, places, accept, between);
    if (found.empty() && first) throw *first;
    return found.empty() ? locate(input, places, between) : found;
}

std::vector<Warning> recipe_warnings(const Recipe& recipe) {
    std::vector<Warning> warnings;
    for (const RecipeInput& input : recipe.inputs)
        if (has_companions(input.role) && !is_gguf_name(input.name) && companions_of(recipe, input.role).empty())
            warnings.push_back({"weights-alone", "the recipe names only the weights of " + input.name +
                                                     ": its configuration and tokenizer cannot be checked"});
    return warnings;
}

} // namespace attnscope
