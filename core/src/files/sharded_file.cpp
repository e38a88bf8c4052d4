#include "files/sharded_file.h"

#include "base/input_error.h"
#include "base/json_members.h"
#include "base/json_reader.h"
#include "files/tensor_contents.h"

#include <nlohmann/json.hpp>

#include <unordered_map>
#include <unordered_set>

namespace attnscope {
namespace {

namespace fs = std::filesystem;
using PlainJson = nlohmann::json;

constexpr std::size_t most_shards = 4096;
constexpr const char* map_name = "weight_map";

void check_file_name(const std::string& name, const std::string& subject) {
    const bool plain = !name.empty() && name != "." && name != ".." &&
                       name.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos;
    if (!plain) input_error(subject, "the name of a file beside it", "'" + excerpt(name) + "'", map_name);
}

class ShardedFile final : public TensorFile {
public:
    ShardedFile(const fs::path& index, const ShardIndex& shards) {
        path_ = index;
        std::unordered_set<std::string> seen;
        for (const auto& [name, tensors] : shards) {
            const fs::path path = index.parent_path() / name;
            std::error_code failure;
            if (!fs::exists(path, failure))
                input_error(path.string(), "a shard of the model", "nothing there", index.filename().string());
            files_.push_back(open_tensor_file(path));
            const TensorFile& file = *files_.back();
            if (file.format() != files_.front()->format())
                input_error(path.string(), "a " + files_.front()->format() + " file like the other shards",
                            "a " + file.format() + " file");
            for (const TensorInfo& tensor : file.tensors())
                if (!seen.insert(tensor.name).second)
                    input_error(path.string(), "tensors of its own", "one of another shard", tensor_place(tensor.name));
            std::unordered_map<std::string_view, const TensorInfo*> own;
            for (const TensorInfo& tensor : file.tensors()) own.emplace(tensor.name, &tensor);
            for (const std::string& tensor : tensors) {
                const auto found = own.find(tensor);
                if (found == own.end())
                    input_error(path.string(), "tensor " + excerpt(tensor), "none", index.filename().string());
                infos_.push_back(*found->second);
                shard_of_.emplace(tensor, &file);
            }
        }
    }

    const std::vector<TensorInfo>& tensors() const override { return infos_; }
    std::string format() const override { return files_.front()->format(); }
    const std::map<std::string, std::string>& metadata() const override { return files_.front()->metadata(); }
    FloatTensor read(const TensorInfo& tensor, const BytesDone& between) const override {
        return shard(tensor).read(tensor, between);
    }
    FloatTensor read_rows(const TensorInfo& matrix, std::span<const std::int64_t> rows) const override {
        return shard(matrix).read_rows(matrix, rows);
    }
    std::vector<std::int64_t> read_integers(const TensorInfo& tensor) const override {
        return shard(tensor).read_integers(tensor);
    }
    std::string read_text(const TensorInfo& tensor) const override { return shard(tensor).read_text(tensor); }

private:
    const TensorFile& shard(const TensorInfo& tensor) const {
        const auto found = shard_of_.find(tensor.name);
        if (found == shard_of_.end())
            input_error(path_.string(), "a tensor of the file", "none of that name", tensor_place(tensor.name));
        return *found->second;
    }

    std::vector<std::unique_ptr<TensorFile>> files_;
    std::vector<TensorInfo> infos_;
    std::unordered_map<std::string, const TensorFile*> shard_of_;
};

} // namespace

ShardIndex parse_shard_index(std::string_view text, const std::string& subject) {
    const PlainJson document = parse_json<PlainJson>(text, subject, json_kinds::shard_index);
    const PlainJson& map = JsonMembers(document, subject).at(map_name);
    if (!map.is_object() || map.empty())
        input_error(subject, "a shard for every tensor", map.is_object() ? "none" : describe(map), map_name);
    ShardIndex shards;
    for (const auto& [tensor, shard] : map.items()) {
        if (!shard.is_string())
            input_error(subject, "the name of a file", describe(shard),
                        std::string(map_name) + ", " + tensor_place(tensor));
        const std::string& name = shard.get_ref<const std::string&>();
        check_file_name(name, subject);
        shards[name].push_back(tensor);
        if (shards.size() > most_shards)
            input_error(subject, "at most " + std::to_string(most_shards) + " shards", "more", map_name);
    }
    return shards;
}

std::shared_ptr<const TensorFile> open_shards(const fs::path& index, std::vector<fs::path>& files) {
    const ShardIndex shards = parse_shard_index(read_file(index, json_kinds::shard_index.most_bytes), index.string());
    auto file = std::make_shared<ShardedFile>(index, shards);
    for (const auto& [name, tensors] : shards) files.push_back(index.parent_path() / name);
    return file;
}

} // namespace attnscope
