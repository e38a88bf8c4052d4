// Sentence encoders: texts into vectors.
#pragma once

#include <attnscope/bank.h>
#include <attnscope/job.h>
#include <attnscope/tokenizer.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace attnscope {

/// A sentence encoder of the BERT family: mean pooling over unpadded tokens, unit norm.
class TextEncoder {
public:
    virtual ~TextEncoder() = default;
    virtual std::size_t dimension() const = 0;
    virtual std::string name() const = 0;    ///< of the folder or file
    virtual std::string summary() const = 0; ///< bert · 6 layers · 12 heads · hidden 384
    /// SHA-256 of the weights file, computed once. Kept only when complete.
    virtual std::string sha256(const BytesDone& between = {}) const = 0;
    virtual const Tokenizer& tokenizer() const = 0;
    /// (texts, dimension) row-major, in the order of the texts. Batches by length, reports progress, a checkpoint every
    /// batch. `finished(index, row)` is called for every text as it is done, from any thread, one call at a time.
    virtual std::vector<float>
    encode(std::span<const std::string> texts, JobContext& context,
           const std::function<void(std::size_t, std::span<const float>)>& finished = {}) const = 0;
};
/// Opens a Hugging Face folder of the BERT family (config.json, model.safetensors or pytorch_model.bin, tokenizer.json
/// or vocab.txt), or a GGUF file of architecture bert. Weights are mapped. Throws Error{input}: architecture not known
/// (named), tensor missing (named), another pooling than the mean.
std::shared_ptr<const TextEncoder> open_text_encoder(const std::filesystem::path& path);

/// Embeds texts into a bank file; resumable: finished rows lie in `out`.partial and are taken up by the next run with
/// the same encoder and texts. On cancel the .partial stays and nothing is at `out`.
void embed_to_file(const TextEncoder& encoder, std::span<const std::string> lines, std::span<const std::string> texts,
                   const std::filesystem::path& out, JobContext& context);

} // namespace attnscope
