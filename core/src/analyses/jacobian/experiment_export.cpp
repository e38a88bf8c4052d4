// A trained character model as a folder of the Hugging Face library.
#include <attnscope/jacobian_experiment.h>
#include <attnscope/tensor_file.h>

#include "base/json_text.h"
#include "files/file_sets.h"
#include "text/characters.h"

#include <deque>
#include <span>

namespace attnscope::jacobian {
namespace {

namespace fs = std::filesystem;

Json config_json(const ExperimentRequest& request) {
    const CharGptShape& shape = request.shape;
    return {{"architectures", {"GPT2LMHeadModel"}},
            {"model_type", "gpt2"},
            {"vocab_size", request.text->vocabulary.size()},
            {"n_positions", shape.block},
            {"n_embd", shape.width},
            {"n_layer", shape.layers},
            {"n_head", shape.heads},
            {"n_inner", 4 * shape.width},
            {"activation_function", "gelu"},
            {"layer_norm_epsilon", 1e-5},
            {"tie_word_embeddings", false},
            {"bos_token_id", nullptr},
            {"eos_token_id", nullptr},
            {"attn_pdrop", 0.0},
            {"embd_pdrop", 0.0},
            {"resid_pdrop", 0.0},
            {"torch_dtype", "float32"}};
}

/// Byte pairs without pairs: what is left are characters. Those that the text did not have are dropped.
Json tokenizer_json(const std::vector<char32_t>& vocabulary) {
    Json tokens = Json::object();
    for (std::size_t number = 0; number < vocabulary.size(); ++number) {
        std::string character;
        append_utf8(character, vocabulary[number]);
        tokens[character] = number;
    }
    const Json model = {{"type", "BPE"},
                        {"dropout", nullptr},
                        {"unk_token", nullptr},
                        {"continuing_subword_prefix", nullptr},
                        {"end_of_word_suffix", nullptr},
                        {"fuse_unk", false},
                        {"byte_fallback", false},
                        {"ignore_merges", false},
                        {"vocab", std::move(tokens)},
                        {"merges", Json::array()}};
    return {{"version", "1.0"},
            {"truncation", nullptr},
            {"padding", nullptr},
            {"added_tokens", Json::array()},
            {"normalizer", nullptr},
            {"pre_tokenizer", nullptr},
            {"post_processor", nullptr},
            {"decoder", {{"type", "Fuse"}}},
            {"model", model}};
}

/// (rows, columns) as (columns, rows).
std::vector<float> transposed(std::span<const float> values, std::int64_t rows, std::int64_t columns) {
    std::vector<float> out(values.size());
    for (std::int64_t row = 0; row < rows; ++row)
        for (std::int64_t column = 0; column < columns; ++column)
            out[static_cast<std::size_t>(column * rows + row)] =
                values[static_cast<std::size_t>(row * columns + column)];
    return out;
}

void write_weights(const ExperimentRequest& request, const std::vector<float>& parameters, FileWriter& file) {
    std::deque<std::vector<float>> turned;
    std::vector<TensorToWrite> tensors;
    for (const CharGptPart& part : char_gpt_parts(request.shape, request.text->vocabulary.size())) {
        std::span<const float> values =
            std::span(parameters).subspan(static_cast<std::size_t>(part.offset), static_cast<std::size_t>(part.size()));
        std::vector<std::int64_t> sizes = part.sizes;
        // The library keeps the matrices in GPT-2's layers as (inputs, outputs).
        if (part.kind == CharGptPart::Kind::weight && part.name.starts_with("transformer.")) {
            values = turned.emplace_back(transposed(values, sizes[0], sizes[1]));
            std::swap(sizes[0], sizes[1]);
        }
        tensors.push_back({part.name, DType::f32, std::move(sizes), std::as_bytes(values)});
    }
    add_safetensors(file, tensors, {{"format", "pt"}});
}

} // namespace

void export_char_gpt(const ExperimentRequest& request, const TrainingRun& run, const fs::path& folder) {
    NewFolder made(folder);
    FileSet files;
    add_char_gpt(files, request, run, folder);
    files.commit();
    made.keep();
}

void add_char_gpt(FileSet& files, const ExperimentRequest& request, const TrainingRun& run, const fs::path& folder) {
    if (!request.text || !run.training)
        throw Error(ErrorKind::usage, "export", "a run that was trained", "one without parameters");
    const auto parts = char_gpt_parts(request.shape, request.text->vocabulary.size());
    ATTNSCOPE_ASSERT(std::ssize(run.training->parameters) == char_gpt_size(parts));
    write_weights(request, run.training->parameters, files.add(folder / "model.safetensors"));
    files.add(folder / "tokenizer.json", one_line(tokenizer_json(request.text->vocabulary)) + "\n");
    files.add(folder / "tokenizer_config.json",
              one_line({{"tokenizer_class", "PreTrainedTokenizerFast"}, {"model_max_length", request.shape.block}}) +
                  "\n");
    files.add(folder / "config.json", readable(config_json(request)) + "\n");
}

} // namespace attnscope::jacobian
