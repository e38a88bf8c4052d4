// Maps into a file, layer by layer as they are made.
#include <attnscope/captures_writer.h>

#include "base/checked.h"
#include "files/file_writer.h"
#include "files/npz.h"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <optional>
#include <utility>

namespace attnscope::jacobian {

namespace {

constexpr std::size_t most_bytes_at_once = std::size_t{8} << 20;

bool is_npz(const std::filesystem::path& path) {
    std::string type = path.extension().string();
    std::transform(type.begin(), type.end(), type.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    return type == ".npz";
}

std::vector<std::int64_t> shape_of(const Captures::Layer& layer) {
    return {static_cast<std::int64_t>(layer.sequences), static_cast<std::int64_t>(layer.heads),
            static_cast<std::int64_t>(layer.length), static_cast<std::int64_t>(layer.length)};
}

/// Throws Error{resource} where a layer's maps cannot be counted.
std::size_t bytes_of(const Captures::Layer& layer) {
    std::optional<std::size_t> bytes = sizeof(float);
    for (const std::size_t size : {layer.sequences, layer.heads, layer.length, layer.length})
        if (bytes) bytes = checked_multiply(*bytes, size);
    if (!bytes)
        throw Error(ErrorKind::resource, "captures", "fewer or shorter sequences", std::to_string(layer.length));
    return *bytes;
}

} // namespace

struct CapturesWriter::State {
    State(const std::filesystem::path& path, std::vector<Captures::Layer> expected)
        : file(path), layers(std::move(expected)) {
        if (is_npz(path))
            npz.emplace([this](std::string_view bytes) { write(bytes); });
        else
            write_header();
    }

    /// Whoever waits for a job to end does not wait for the disk: a checkpoint between parts.
    void write(std::string_view bytes) {
        for (std::size_t first = 0; first < bytes.size(); first += most_bytes_at_once) {
            if (context) context->checkpoint();
            file.write(bytes.substr(first, most_bytes_at_once));
        }
    }

    std::string name(int layer, const char* which) const {
        return layers.size() == 1 ? which : "layers." + std::to_string(layer) + "." + which;
    }

    /// safetensors: offsets follow from the shapes, so the header can go first.
    void write_header() {
        constexpr std::size_t alignment = 64;
        std::string text = "{";
        std::size_t offset = 0;
        for (const Captures::Layer& layer : layers) {
            const std::size_t bytes = bytes_of(layer);
            for (const char* which : {"A", "g"}) {
                std::string shape;
                for (const std::int64_t size : shape_of(layer))
                    shape += (shape.empty() ? "" : ",") + std::to_string(size);
                const auto end = checked_add(offset, bytes);
                if (!end) throw Error(ErrorKind::resource, "captures", "fewer layers", std::to_string(layers.size()));
                text += (offset > 0 ? ",\"" : "\"") + name(layer.layer, which) + R"(":{"dtype":"F32","shape":[)" +
                        shape + R"(],"data_offsets":[)" + std::to_string(offset) + "," + std::to_string(*end) + "]}";
                offset = *end;
            }
        }
        text += "}";
        std::uint64_t size = text.size();
        text.append((alignment - (sizeof size + size) % alignment) % alignment, ' ');
        size = text.size();
        file.write(std::as_bytes(std::span(&size, 1)));
        file.write(text);
    }

    FileWriter file;
    std::vector<Captures::Layer> layers;
    std::optional<NpzWriter> npz;
    const JobContext* context = nullptr;
    std::size_t next = 0;
    bool finished = false;
};

CapturesWriter::CapturesWriter(const std::filesystem::path& path, std::vector<Captures::Layer> layers)
    : state_(std::make_unique<State>(path, std::move(layers))) {}

CapturesWriter::~CapturesWriter() = default;

void CapturesWriter::add(const LayerMaps& maps, const JobContext& context) {
    ATTNSCOPE_ASSERT(state_->next < state_->layers.size());
    const Captures::Layer& layer = state_->layers[state_->next++];
    ATTNSCOPE_ASSERT(layer.layer == maps.layer && layer.sequences == maps.sequences && layer.heads == maps.heads &&
                     layer.length == maps.length);
    state_->context = &context;
    const auto put = [&](const char* which, const std::vector<float>& values) {
        const auto bytes = std::as_bytes(std::span(values));
        if (state_->npz)
            state_->npz->add({state_->name(maps.layer, which), DType::f32, shape_of(layer), bytes});
        else
            state_->write({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    };
    put("A", maps.probabilities);
    put("g", maps.gradients);
    state_->context = nullptr;
}

void CapturesWriter::finish() {
    ATTNSCOPE_ASSERT(state_->next == state_->layers.size());
    if (state_->finished) return;
    if (state_->npz) state_->npz->finish();
    state_->file.flush();
    state_->finished = true;
}

void CapturesWriter::commit() {
    finish();
    state_->file.commit();
}

} // namespace attnscope::jacobian
