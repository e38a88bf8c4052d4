// The shards of a model as one file of tensors, and the index that names them.
#pragma once

#include <attnscope/tensor_file.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace attnscope {

/// Which tensors lie in which shard, by the shard's file name.
using ShardIndex = std::map<std::string, std::vector<std::string>>;

/// From the text of model.safetensors.index.json. Throws Error{input}: no weight_map, a tensor named twice, a shard
/// whose name is more than the name of a file.
ShardIndex parse_shard_index(std::string_view text, const std::string& subject);

/// Opens every shard beside the index. `path()` is that of the index. Throws Error{input} naming the shard or tensor:
/// missing, in two shards, shards of different formats.
std::shared_ptr<const TensorFile> open_shards(const std::filesystem::path& index,
                                              std::vector<std::filesystem::path>& files);

} // namespace attnscope
