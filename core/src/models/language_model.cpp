#include "models/language_model.h"

#include <utility>

namespace attnscope::models {

LoadedModel::LoadedModel(ModelFiles files) : files_(std::move(files)) {
    if (is_encoder()) return;
    forward_ = &family_forward(files_.config.family, files_.name);
    weights_ = std::make_unique<Weights>(files_.weights, files_.name, forward_->names);
}

const Tokenizer& LoadedModel::tokenizer() const {
    const std::lock_guard lock(opening_);
    if (!tokenizer_) tokenizer_ = open_tokenizer(files_);
    return *tokenizer_;
}

const ChatFormat& LoadedModel::chat_format() const {
    const std::lock_guard lock(opening_);
    if (!chat_) chat_ = open_chat_format(files_.path);
    return *chat_;
}

std::string LoadedModel::sha256(const std::function<void(std::uint64_t)>& between) const {
    const std::lock_guard lock(hashing_);
    if (sha256_.empty()) sha256_ = files_.sha256(between);
    return sha256_;
}

WeightMemory LoadedModel::memory() const {
    if (weights_) return weights_->memory();
    const Bert* const bert = opened_bert_;
    return bert ? WeightMemory{.mapped = files_.bytes, .converted = bert->packed_bytes(), .budget = 0} : WeightMemory{};
}

void LoadedModel::set_memory_budget(std::uint64_t bytes) const {
    if (weights_) weights_->set_budget(bytes);
}

const Bert& LoadedModel::bert() const {
    const std::lock_guard lock(bert_mutex_);
    if (!bert_) bert_ = std::make_unique<Bert>(files_.config, *files_.weights);
    opened_bert_ = bert_.get();
    return *bert_;
}

const LoadedModel& loaded(const LanguageModel& model) {
    return dynamic_cast<const LoadedModel&>(model);
}

} // namespace attnscope::models

namespace attnscope::compute {

ModelPtr open_language_model(const std::filesystem::path& path) {
    return std::make_shared<models::LoadedModel>(open_model_files(path));
}

} // namespace attnscope::compute
