// Models of which the header is enough: large ones, the sample, and the golden ones.
#include "support/golden.h"
#include "support/model_folder.h"
#include "support/waiting.h"

#include <attnscope/bank.h>

#include <chrono>
#include <cstdio>
#include <numeric>

namespace attnscope {
namespace {

namespace fs = std::filesystem;
using test::TinyGguf;

class LargeModels : public test::ModelFolder {};

/// Names and shapes of a Llama of 6.7 billion parameters; a function because names depend on the format.
struct LargeTensor {
    std::string name;
    std::vector<std::uint64_t> shape;
};
struct LargeNames {
    const char *embedding, *norm, *head, *layer, *queries, *keys, *values, *output, *gate, *up, *down, *first, *second;
};
std::vector<LargeTensor> large_llama(const LargeNames& names) {
    constexpr std::uint64_t hidden = 4096, intermediate = 11008, vocabulary = 32000;
    std::vector<LargeTensor> tensors{
        {names.embedding, {vocabulary, hidden}}, {names.head, {vocabulary, hidden}}, {names.norm, {hidden}}};
    for (int i = 0; i < 32; ++i) {
        const std::string layer = names.layer + std::to_string(i) + ".";
        for (const char* const square : {names.queries, names.keys, names.values, names.output})
            tensors.push_back({layer + square, {hidden, hidden}});
        for (const char* const wide : {names.gate, names.up}) tensors.push_back({layer + wide, {intermediate, hidden}});
        tensors.push_back({layer + names.down, {hidden, intermediate}});
        for (const char* const norm : {names.first, names.second}) tensors.push_back({layer + norm, {hidden}});
    }
    return tensors;
}
std::uint64_t elements(const LargeTensor& tensor) {
    return std::accumulate(tensor.shape.begin(), tensor.shape.end(), std::uint64_t{1}, std::multiplies<>());
}
double seconds_to_open(const fs::path& path) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(open_model_files(path).parameters, 6738415616u);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

TEST_F(LargeModels, OpensAGgufOfSevenBillionByItsHeader) {
    TinyGguf file;
    file.text("general.architecture", "llama").integer("llama.block_count", 32).integer("llama.context_length", 4096);
    file.integer("llama.embedding_length", 4096).integer("llama.feed_forward_length", 11008);
    file.integer("llama.attention.head_count", 32);
    std::vector<std::string> tokens;
    for (int i = 0; i < 32000; ++i) tokens.push_back("token " + std::to_string(i));
    file.text("tokenizer.ggml.model", "llama").texts("tokenizer.ggml.tokens", tokens);
    std::uint64_t offset = 0;
    for (const LargeTensor& tensor :
         large_llama({"token_embd.weight", "output_norm.weight", "output.weight", "blk.", "attn_q.weight",
                      "attn_k.weight", "attn_v.weight", "attn_output.weight", "ffn_gate.weight", "ffn_up.weight",
                      "ffn_down.weight", "attn_norm.weight", "ffn_norm.weight"})) {
        const bool norm = tensor.shape.size() == 1;
        file.tensor({tensor.name, tensor.shape, norm ? 0u : 12u, {}, static_cast<std::int64_t>(offset)});
        offset += norm ? elements(tensor) * 4 : elements(tensor) / 256 * block_size(DType::q4_k);
    }
    const fs::path path = folder.put("large.gguf", file.header());
    fs::resize_file(path, fs::file_size(path) / 32 * 32 + 32 + offset);
    EXPECT_LT(seconds_to_open(path), test::hang_limit.count());
}

TEST_F(LargeModels, OpensAFolderOfSevenBillionByItsHeaders) {
    folder.put("config.json", R"({"architectures": ["LlamaForCausalLM"], "num_hidden_layers": 32, "hidden_size": 4096,
        "num_attention_heads": 32, "intermediate_size": 11008, "vocab_size": 32000, "max_position_embeddings": 4096})");
    const std::vector<LargeTensor> tensors = large_llama(
        {"model.embed_tokens.weight", "model.norm.weight", "lm_head.weight", "model.layers.", "self_attn.q_proj.weight",
         "self_attn.k_proj.weight", "self_attn.v_proj.weight", "self_attn.o_proj.weight", "mlp.gate_proj.weight",
         "mlp.up_proj.weight", "mlp.down_proj.weight", "input_layernorm.weight", "post_attention_layernorm.weight"});
    nlohmann::json map;
    for (std::size_t shard = 0; shard < 3; ++shard) {
        const std::string name = "model-" + std::to_string(shard) + ".safetensors";
        nlohmann::json header;
        std::uint64_t offset = 0;
        for (std::size_t k = shard; k < tensors.size(); k += 3) {
            const std::uint64_t end = offset + 2 * elements(tensors[k]);
            header[tensors[k].name] = {{"dtype", "BF16"}, {"shape", tensors[k].shape}, {"data_offsets", {offset, end}}};
            map[tensors[k].name] = name;
            offset = end;
        }
        const std::string text = header.dump();
        const fs::path path = folder.put(name, test::raw(std::uint64_t{text.size()}) + text);
        fs::resize_file(path, fs::file_size(path) + offset);
    }
    folder.put("model.safetensors.index.json", nlohmann::json{{"weight_map", map}}.dump());
    EXPECT_LT(seconds_to_open(folder.path()), test::hang_limit.count());
}

TEST(SampleModel, IsWhatItIs) {
    const fs::path path = find_samples().model;
    if (path.empty()) GTEST_SKIP() << "no sample model";
    const ModelFiles files = open_model_files(path);
    EXPECT_EQ(files.summary(), "llama · 30 layers · 9 heads (3 KV) · hidden 576 · Q4_1");
    EXPECT_EQ(files.parameters, 134515008u);
    EXPECT_EQ(files.config.rotary.theta, 100000);
    EXPECT_TRUE(files.config.rotary.interleaved);
    EXPECT_TRUE(files.config.tied_head);
    EXPECT_TRUE(files.has_tokenizer);
    const FloatTensor norm = files.weights->read(*files.weights->find("output_norm.weight"));
    EXPECT_EQ(norm.values.size(), 576u);
    EXPECT_TRUE(norm.mapped);
}

TEST(GoldenModels, OpenAsTheyAreDescribed) {
    const fs::path golden = test::golden_folder();
    if (golden.empty()) GTEST_SKIP() << test::without_golden;
    const fs::path models = golden.parent_path() / "models";
    const auto summary = [&](const char* name) { return open_model_files(models / name).summary(); };
    EXPECT_EQ(summary("gpt2-tiny"), "gpt2 · 4 layers · 4 heads · hidden 128 · float32");
    EXPECT_EQ(summary("neox-tiny"), "gpt_neox · 4 layers · 4 heads · hidden 128 · float32");
    EXPECT_EQ(summary("qwen3-tiny"), "qwen3 · 4 layers · 4 heads (2 KV) · hidden 128 · float32");
    EXPECT_EQ(summary("kquant-llama.gguf"), "llama · 3 layers · 4 heads (2 KV) · hidden 256 · Q4_K");
}

} // namespace
} // namespace attnscope
