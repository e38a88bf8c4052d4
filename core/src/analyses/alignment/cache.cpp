// Operators of a model on disk, so that opening it again costs nothing but a hash.
//
// An entry is one safetensors file; numbers in float64 are kept as the integers of their bits, which every reader gives
// back exactly. It is used where it carries the key it is looked for under and the checksum of its own numbers; any
// other is removed and computed anew.
#include <attnscope/alignment_recipe.h>

#include "base/build_id.h"
#include "files/model_identity.h"
#include "files/model_inputs.h"
#include "files/sha256.h"

#include <attnscope/bank.h>
#include <attnscope/tensor_file.h>

#include <algorithm>
#include <bit>
#include <span>

namespace attnscope {

namespace {

using alignment::Operators;
namespace fs = std::filesystem;

constexpr const char* key_name = "key";
constexpr const char* checksum_name = "sha256";
constexpr std::uintmax_t most_bytes = std::uintmax_t{1} << 30; // of all entries

/// Everything that decides the numbers of an entry: model, parameters, and the arithmetic they are computed with.
std::string entry_key(const alignment::Request& request) {
    return arithmetic_key() + " " + model_identity(*request.model) + " " + choice_name(request.kind) + " " +
           choice_name(request.basis) + " " + (request.norm_gain ? "gain" : "raw") + " " + std::to_string(request.topk);
}

fs::path entry_path(const std::string& key) {
    return cache_folder() / "alignment" / (sha256(key) + ".safetensors");
}

/// Of the bits of every number.
std::string checksum(const Operators& operators) {
    Sha256 hash;
    for (const std::vector<double>* numbers : {&operators.gram, &operators.fro_sq, &operators.spectrum})
        hash.add(std::as_bytes(std::span(*numbers)));
    hash.add(std::as_bytes(std::span(operators.directions)));
    return hash.hex();
}

std::vector<std::int64_t> bits_of(const std::vector<double>& numbers) {
    std::vector<std::int64_t> bits(numbers.size());
    std::transform(numbers.begin(), numbers.end(), bits.begin(),
                   [](double x) { return std::bit_cast<std::int64_t>(x); });
    return bits;
}

/// Throws Error where anything is not as it was written.
std::vector<double> read_doubles(const TensorFile& file, const char* name, std::size_t count) {
    const TensorInfo* const tensor = file.find(name);
    if (!tensor || tensor->elements() != count)
        throw Error(ErrorKind::input, file.path().string(), name, "another size");
    std::vector<double> numbers;
    for (const std::int64_t bits : file.read_integers(*tensor)) numbers.push_back(std::bit_cast<double>(bits));
    return numbers;
}

/// Throws Error{input} unless the file says of itself that it is `expected`.
void check_said(const TensorFile& file, const char* name, const std::string& expected) {
    const auto said = file.metadata().find(name);
    if (said == file.metadata().end() || said->second != expected)
        throw Error(ErrorKind::input, file.path().string(), name + (" " + expected),
                    said == file.metadata().end() ? "none" : said->second);
}

Operators read_entry(const fs::path& path, const std::string& key, const alignment::Request& request) {
    const ModelConfig& config = request.model->config();
    const auto file = open_tensor_file(path);
    check_said(*file, key_name, key);
    Operators operators;
    operators.name = request.model->files().name;
    operators.kind = request.kind;
    operators.basis = request.basis;
    operators.norm_gain = request.norm_gain;
    operators.layers = static_cast<int>(config.layers);
    operators.heads = static_cast<int>(config.heads);
    operators.head_dim = static_cast<int>(config.head_dim);
    operators.hidden = static_cast<int>(config.hidden);
    operators.values =
        std::min(operators.head_dim * (request.basis == alignment::Basis::symmetric ? 2 : 1), operators.hidden);
    operators.topk = std::min(request.topk, operators.values);
    const std::size_t heads = static_cast<std::size_t>(operators.layers) * static_cast<std::size_t>(operators.heads);
    operators.gram = read_doubles(*file, "gram", heads * static_cast<std::size_t>(operators.layers));
    operators.fro_sq = read_doubles(*file, "fro_sq", heads);
    operators.spectrum = read_doubles(*file, "spectrum", heads * static_cast<std::size_t>(operators.values));
    const TensorInfo* const directions = file->find("directions");
    const std::size_t numbers =
        heads * static_cast<std::size_t>(operators.topk) * static_cast<std::size_t>(operators.hidden);
    if (!directions || directions->elements() != numbers || directions->dtype != DType::f32)
        throw Error(ErrorKind::input, path.string(), "directions", "another size");
    const FloatTensor values = file->read(*directions);
    operators.directions.assign(values.values.begin(), values.values.end());
    check_said(*file, checksum_name, checksum(operators));
    return operators;
}

void write_entry(const fs::path& path, const std::string& key, const Operators& operators) {
    const auto gram = bits_of(operators.gram), fro_sq = bits_of(operators.fro_sq),
               spectrum = bits_of(operators.spectrum);
    std::vector<TensorToWrite> tensors;
    for (const auto& [name, bits] : {std::pair{"gram", &gram}, {"fro_sq", &fro_sq}, {"spectrum", &spectrum}})
        tensors.push_back(
            {name, DType::i64, {static_cast<std::int64_t>(bits->size())}, std::as_bytes(std::span(*bits))});
    tensors.push_back({"directions",
                       DType::f32,
                       {static_cast<std::int64_t>(operators.directions.size())},
                       std::as_bytes(std::span(operators.directions))});
    write_safetensors(path, tensors, {{key_name, key}, {checksum_name, checksum(operators)}});
}

/// Drops the entries used longest ago until `room` more bytes fit.
void make_room(const fs::path& folder, std::uintmax_t room) {
    struct Entry {
        fs::file_time_type time;
        std::uintmax_t size;
        fs::path path;
    };
    std::vector<Entry> entries;
    std::uintmax_t total = room;
    std::error_code failure;
    for (fs::directory_iterator it(folder, failure), end; !failure && it != end; it.increment(failure)) {
        std::error_code unreadable;
        Entry entry{it->last_write_time(unreadable), it->file_size(unreadable), it->path()};
        if (unreadable || it->path().extension() != ".safetensors") continue;
        total += entry.size;
        entries.push_back(std::move(entry));
    }
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.time < b.time; });
    for (const Entry& entry : entries) {
        if (total <= most_bytes) return;
        fs::remove(entry.path, failure);
        total -= entry.size;
    }
}

} // namespace

Operators cached_operators(const alignment::Request& request, JobContext& context) {
    hash_model(*request.model, context);
    const std::string key = entry_key(request);
    const fs::path path = entry_path(key);
    std::error_code failure;
    if (fs::exists(path, failure)) {
        try {
            Operators operators = read_entry(path, key, request);
            fs::last_write_time(path, fs::file_time_type::clock::now(), failure);
            return operators;
        } catch (const Error& error) {
            if (error.kind == ErrorKind::resource) throw; // says nothing of the file
            fs::remove(path, failure);                    // damaged
        }
    }
    Operators operators = alignment::compute_operators(request, context);
    if (operators.bytes() > most_bytes / 2) return operators;
    try {
        fs::create_directories(path.parent_path(), failure);
        make_room(path.parent_path(), operators.bytes());
        write_entry(path, key, operators);
    } catch (const Error&) {
        // No room or no permission: the next time computes again.
    }
    return operators;
}

} // namespace attnscope
