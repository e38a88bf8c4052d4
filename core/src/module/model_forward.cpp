// The public functions of model.h that run models: checks, and the door to what the compute module does.
#include <attnscope/chat.h>
#include <attnscope/model.h>

#include "module/compute_module.h"

namespace attnscope {

ModelPtr open_language_model(const std::filesystem::path& path) {
    return compute_module().open_language_model(path);
}

LogitsResult compute_logits(const LogitsRequest& request, JobContext& context) {
    return compute_module().logits(request, context);
}

const Tokenizer* usable_tokenizer(const LanguageModel& model) {
    if (!model.files().has_tokenizer) return nullptr;
    try {
        return &model.tokenizer();
    } catch (const Error&) {
        return nullptr; // whoever needs it will be told
    }
}

std::vector<std::string> token_texts(const LanguageModel& model, const std::vector<std::int64_t>& ids) {
    std::vector<std::string> texts;
    if (const Tokenizer* tokenizer = usable_tokenizer(model)) {
        for (const std::int64_t id : ids) texts.push_back(tokenizer->token_text(id));
    }
    return texts;
}

std::vector<std::string> token_labels(const LanguageModel& model, const std::vector<std::int64_t>& ids) {
    std::vector<std::string> labels = token_texts(model, ids);
    if (labels.empty())
        for (const std::int64_t id : ids) labels.push_back(std::to_string(id));
    return labels;
}

namespace {

std::vector<Token> checked(const LanguageModel& model, std::vector<Token> tokens) {
    check_tokens(model, token_ids(tokens));
    return tokens;
}

} // namespace

std::vector<Token> model_tokens(const LanguageModel& model, const std::string& text,
                                const std::function<void()>& between) {
    return checked(model, model.tokenizer().encode(text, between));
}

std::vector<Token> chat_tokens(const LanguageModel& model, const std::string& written,
                               const std::function<void()>& between) {
    return checked(model, model.tokenizer().encode_alone(written, between));
}

void check_tokens(const LanguageModel& model, const std::vector<std::int64_t>& ids) {
    const ModelConfig& config = model.config();
    const auto fail = [&](const std::string& expected, const std::string& got, const std::string& where = {}) {
        throw Error(ErrorKind::input, model.files().name, expected, got, where);
    };
    if (ids.empty()) fail("at least one token", "none");
    if (ids.size() > static_cast<std::size_t>(config.positions)) {
        fail("at most " + std::to_string(config.positions) + " tokens, its longest context",
             std::to_string(ids.size()));
    }
    for (std::size_t i = 0; i < ids.size(); ++i) {
        if (ids[i] >= 0 && ids[i] < config.vocabulary) continue;
        fail("token ids from 0 to " + std::to_string(config.vocabulary - 1), std::to_string(ids[i]),
             "position " + std::to_string(i));
    }
}

} // namespace attnscope
