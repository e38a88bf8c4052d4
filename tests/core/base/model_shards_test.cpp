// Models in PyTorch files and in shards.
#include "support/archives.h"
#include "support/model_folder.h"

namespace attnscope {
namespace {

namespace fs = std::filesystem;
using test::message_of;
using test::TinyGguf;
using test::TinyModel;

class PyTorchModels : public test::ModelFolder {};

/// Some of a model's weights as torch.save writes them, all views of one storage.
std::string pytorch_file(const TinyModel& model, std::size_t first, std::size_t step) {
    test::Pickle pickle;
    pickle.op("}(");
    std::string storage;
    std::size_t count = 0, i = 0;
    for (const auto& [name, weight] : model.weights) count += i++ % step == first ? weight.values.size() : 0;
    const auto size = [](auto number) { return static_cast<std::int32_t>(number); };
    i = 0;
    for (const auto& [name, weight] : model.weights) {
        if (i++ % step != first) continue;
        const std::int32_t offset = size(storage.size() / sizeof(float));
        pickle.text(name);
        if (weight.shape.size() == 1)
            pickle.tensor("0", size(count), offset, {size(weight.shape[0])}, {1});
        else
            pickle.tensor("0", size(count), offset, {size(weight.shape[0]), size(weight.shape[1])},
                          {size(weight.shape[1]), 1});
        storage += TinyGguf::bytes_of(weight.values);
    }
    return test::pytorch(pickle.op("u").str(), {storage});
}

TEST_F(PyTorchModels, OpensPyTorchFilesAndTheirShards) {
    const TinyModel model("GPT2LMHeadModel");
    const ModelFiles reference = open(model);
    fs::remove(folder / "model.safetensors");
    folder.put("pytorch_model.bin", pytorch_file(model, 0, 1));
    const ModelFiles whole = open_model_files(folder.path());
    EXPECT_EQ(whole.format, "pytorch");
    EXPECT_EQ(whole.config, reference.config);
    EXPECT_EQ(whole.parameters, reference.parameters);

    fs::remove(folder / "pytorch_model.bin");
    nlohmann::json map;
    std::size_t i = 0;
    for (const auto& [name, weight] : model.weights) map[name] = i++ % 2 == 0 ? "a.bin" : "b.bin";
    folder.put("a.bin", pytorch_file(model, 0, 2));
    folder.put("b.bin", pytorch_file(model, 1, 2));
    folder.put("pytorch_model.bin.index.json", nlohmann::json{{"weight_map", map}}.dump());
    const ModelFiles shards = open_model_files(folder.path());
    EXPECT_EQ(shards.weight_files.size(), 2u);
    EXPECT_EQ(shards.parameters, reference.parameters);
    for (const auto& [name, weight] : model.weights) {
        const FloatTensor read = shards.weights->read(*shards.weights->find(name));
        EXPECT_EQ(std::vector<float>(read.values.begin(), read.values.end()), weight.values) << name;
    }
}

class Shards : public test::ModelFolder {
protected:
    void SetUp() override { model.write_shards(folder.path(), 3); }
    std::string refusal() {
        return message_of([&] { open_model_files(folder.path()); });
    }
    void write_index(const std::string& text) { folder.put("model.safetensors.index.json", text); }
    nlohmann::json index() const { return nlohmann::json::parse(read_file(folder / "model.safetensors.index.json")); }
    const TinyModel model{"Qwen3ForCausalLM"};
};

TEST_F(Shards, AreOneFile) {
    const ModelFiles files = open_model_files(folder.path());
    EXPECT_EQ(files.format, "safetensors");
    EXPECT_EQ(files.weight_files.size(), 3u);
    EXPECT_EQ(files.weights->tensors().size(), model.weights.size());
    std::uint64_t bytes = 0;
    for (const auto& path : files.weight_files) bytes += fs::file_size(path);
    EXPECT_EQ(files.bytes, bytes);
    for (const auto& [name, weight] : model.weights) {
        const TensorInfo* const tensor = files.weights->find(name);
        ASSERT_NE(tensor, nullptr) << name;
        const FloatTensor read = files.weights->read(*tensor);
        EXPECT_EQ(std::vector<float>(read.values.begin(), read.values.end()), weight.values);
        EXPECT_EQ(read.shape, weight.shape);
    }
    EXPECT_EQ(files.sha256().size(), 64u);
    EXPECT_NE(files.sha256(), sha256_file(files.weight_files[0]));
}

TEST_F(Shards, NamesWhatIsMissing) {
    nlohmann::json changed = index();
    changed["weight_map"]["extra"] = "model-2.safetensors";
    write_index(changed.dump());
    EXPECT_SAYS(refusal(), "model-2.safetensors: expected tensor extra, got none (model.safetensors.index.json)");
    fs::remove(folder / "model-2.safetensors");
    EXPECT_SAYS(refusal(), "model-2.safetensors: expected a shard of the model, got nothing there");
    fs::remove(folder / "model.safetensors.index.json");
    EXPECT_SAYS(refusal(),
                "expected model.safetensors, pytorch_model.bin or the index of its shards, got none of them");
}

TEST_F(Shards, StayBesideTheirIndex) {
    for (const char* const name : {"../model-1.safetensors", "/etc/passwd", "", ".", "..", "a/b", "a\\b"}) {
        nlohmann::json changed = index();
        changed["weight_map"]["model.norm.weight"] = name;
        write_index(changed.dump());
        EXPECT_SAYS(refusal(), "expected the name of a file beside it, got '" + std::string(name) + "'");
    }
    nlohmann::json changed = index();
    changed["weight_map"]["model.norm.weight"] = std::string("a\0b", 3);
    write_index(changed.dump());
    EXPECT_SAYS(refusal(), "expected the name of a file beside it");
}

TEST_F(Shards, RefusesIndicesThatLie) {
    write_index("{}");
    EXPECT_SAYS(refusal(), "weight_map");
    write_index(R"({"weight_map": {}})");
    EXPECT_SAYS(refusal(), "expected a shard for every tensor, got none (weight_map)");
    write_index(R"({"weight_map": []})");
    EXPECT_SAYS(refusal(), "got a list (weight_map)");
    write_index(R"({"weight_map": {"a": 3}})");
    EXPECT_SAYS(refusal(), "the name of a file, got 3 (weight_map, tensor a)");
    write_index(R"({"weight_map": {"a": "model-1.safetensors", "a": "model-2.safetensors"}})");
    EXPECT_SAYS(refusal(), "each member once, got a second one (a)");
    write_index("{");
    EXPECT_SAYS(refusal(), "expected JSON");
    model.write_shards(folder.path(), 3);
    fs::copy_file(folder / "model-1.safetensors", folder / "copy.safetensors");
    nlohmann::json changed = index();
    changed["weight_map"][model.weights.begin()->first] = "copy.safetensors";
    write_index(changed.dump());
    EXPECT_SAYS(refusal(), "tensors of its own, got one of another shard");
}

} // namespace
} // namespace attnscope
