// A model whose weights are at hand: what every forward pass starts from. <attnscope/model.h> says what a model is.
#pragma once

#include "models/bert.h"
#include "models/families.h"
#include "models/weights.h"

#include <attnscope/chat.h>
#include <attnscope/model.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace attnscope::models {

class LoadedModel final : public LanguageModel {
public:
    explicit LoadedModel(ModelFiles files);

    const ModelFiles& files() const override { return files_; }
    const Tokenizer& tokenizer() const override;
    const ChatFormat& chat_format() const override;
    WeightMemory memory() const override;
    void set_memory_budget(std::uint64_t bytes) const override;
    std::string sha256(const std::function<void(std::uint64_t)>& between) const override;

    /// An encoder has no such forward pass, but a Bert.
    bool is_encoder() const noexcept { return files_.config.family == Family::bert; }
    const FamilyForward& forward() const { return *forward_; }
    const Weights& weights() const { return *weights_; }
    /// Of an encoder; opened at the first call.
    const Bert& bert() const;

private:
    ModelFiles files_;
    const FamilyForward* forward_ = nullptr; // of a decoder
    std::unique_ptr<Weights> weights_;       // of a decoder
    // Not std::call_once: an exception that passes through it ends the process where memory is short.
    mutable std::mutex opening_, hashing_;
    mutable std::unique_ptr<Tokenizer> tokenizer_;
    mutable std::optional<ChatFormat> chat_;
    mutable std::string sha256_;
    mutable std::mutex bert_mutex_; // held while it is opened, which takes seconds
    mutable std::unique_ptr<Bert> bert_;
    mutable std::atomic<const Bert*> opened_bert_{nullptr}; // for who may not wait
};

/// Every model a request can hold was opened here.
const LoadedModel& loaded(const LanguageModel& model);

} // namespace attnscope::models

namespace attnscope::compute {

/// What the compute module's table points at.
ModelPtr open_language_model(const std::filesystem::path& path);
LogitsResult logits(const LogitsRequest& request, JobContext& context);

} // namespace attnscope::compute
