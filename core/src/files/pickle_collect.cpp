#include "files/pickle_values.h"

#include "base/input_error.h"
#include "base/memory.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>

namespace attnscope::pickle {
namespace {

// Objects may be shared and contain themselves, so the walk is bounded by its own length, not by their number.
constexpr std::size_t max_depth = 32, max_visits = 1'000'000, max_tensors = 100'000, max_name = 4096,
                      max_lines = std::size_t{256} << 20;

class Collector {
public:
    explicit Collector(const Heap& heap) : heap_(heap) {}
    std::vector<StoredTensor> tensors;

    void visit(const Value& value, const std::string& name, std::size_t depth) {
        if (depth > max_depth) heap_.fail("at most 32 levels of nesting", "more");
        if (++visits_ > max_visits) heap_.fail("at most a million values", "more");
        switch (value.kind) {
        case Value::Kind::tensor:
        case Value::Kind::array:
            if (value.tensor) take(*value.tensor, name);
            return;
        case Value::Kind::dictionary:
            for (std::size_t i = 0; i + 1 < value.items.size(); i += 2)
                visit(*value.items[i + 1], joined(name, key_text(*value.items[i])), depth + 1);
            return;
        case Value::Kind::list:
        case Value::Kind::tuple:
            if (all_texts(value)) return take(as_lines(value), name);
            for (std::size_t i = 0; i < value.items.size(); ++i)
                visit(*value.items[i], joined(name, std::to_string(i)), depth + 1);
            return;
        default: return;
        }
    }

private:
    std::string key_text(const Value& key) const {
        if (key.kind == Value::Kind::integer) return std::to_string(key.integer);
        if (key.kind != Value::Kind::text) heap_.fail("texts or whole numbers as keys", "another key");
        return std::string(key.text.substr(0, max_name + 1));
    }

    std::string joined(const std::string& prefix, std::string name) const {
        if (!prefix.empty()) name = prefix + "." + name;
        if (name.size() > max_name) heap_.fail("names of at most 4096 bytes", "a longer one");
        return name;
    }

    bool all_texts(const Value& sequence) {
        visits_ += sequence.items.size();
        return !sequence.items.empty() &&
               std::all_of(sequence.items.begin(), sequence.items.end(),
                           [](const Value* item) { return item->kind == Value::Kind::text; });
    }

    StoredTensor as_lines(const Value& texts) {
        std::size_t size = 0;
        for (const Value* text : texts.items) size += text->text.size() + 1;
        lines_ += size;
        if (lines_ > max_lines) heap_.fail("at most 256 MiB of texts", "more");
        const auto memory = allocate_bytes(size, heap_.subject());
        char* out = reinterpret_cast<char*>(memory.get());
        for (const Value* text : texts.items) {
            out = std::replace_copy(text->text.begin(), text->text.end(), out, '\n', ' ');
            *out++ = '\n';
        }
        StoredTensor lines;
        lines.info.dtype = DType::u8;
        lines.info.shape = {static_cast<std::int64_t>(size)};
        lines.info.strides = {1};
        lines.storage = {{memory.get(), size}, memory, false};
        return lines;
    }

    void take(StoredTensor tensor, const std::string& name) {
        tensor.info.name = name.empty() ? "tensor" : name;
        if (!names_.insert(tensor.info.name).second) heap_.fail("names once", "'" + excerpt(name) + "' twice");
        if (tensors.size() >= max_tensors) heap_.fail("at most 100000 tensors", "more");
        tensors.push_back(std::move(tensor));
    }

    const Heap& heap_;
    std::unordered_set<std::string> names_;
    std::size_t visits_ = 0, lines_ = 0;
};

} // namespace

std::vector<StoredTensor> collect_tensors(const Value& root, const Heap& heap) {
    Collector collector(heap);
    collector.visit(root, {}, 0);
    return std::move(collector.tensors);
}

} // namespace attnscope::pickle
