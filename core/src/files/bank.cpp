#include <attnscope/bank.h>

#include "base/input_error.h"
#include "files/sha256.h"
#include "files/tensor_contents.h"
#include "files/text_files.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cmath>
#include <cstring>

namespace attnscope {
namespace {

/// «(20, 384)»
std::string shape_text(const std::vector<std::int64_t>& shape) {
    std::string text = "(";
    for (std::size_t k = 0; k < shape.size(); ++k) text += (k > 0 ? ", " : "") + std::to_string(shape[k]);
    return text + ")";
}

std::string names_text(const std::vector<const TensorInfo*>& tensors) {
    if (tensors.empty()) return "none";
    constexpr std::size_t shown = 6;
    std::string text;
    for (std::size_t i = 0; i < std::min(tensors.size(), shown); ++i)
        text += (i > 0 ? ", " : "") + excerpt(tensors[i]->name) + " " + shape_text(tensors[i]->shape);
    return text + (tensors.size() > shown ? " and " + std::to_string(tensors.size() - shown) + " more" : "");
}

/// The tensor `key` names, else the first of `usual` that is there, else the only one with `least` to 2 dimensions.
const TensorInfo& choose_tensor(const TensorFile& file, const std::string& key,
                                std::initializer_list<const char*> usual, std::size_t least) {
    const std::string subject = file.path().string();
    std::vector<const TensorInfo*> all, fitting;
    for (const TensorInfo& tensor : file.tensors()) {
        all.push_back(&tensor);
        if (tensor.shape.size() >= least && tensor.shape.size() <= 2 && tensor.name != "texts")
            fitting.push_back(&tensor);
    }
    const TensorInfo* chosen = nullptr;
    if (!key.empty()) {
        chosen = file.find(key);
        if (chosen == nullptr) input_error(subject, "a tensor '" + excerpt(key) + "'", names_text(all));
    }
    for (const char* name : usual)
        if (chosen == nullptr) chosen = file.find(name);
    if (chosen == nullptr && fitting.size() > 1)
        input_error(subject, "one 2-D tensor, or a key that names one", names_text(fitting));
    if (chosen == nullptr && fitting.empty()) input_error(subject, "a 2-D tensor", names_text(all));
    if (chosen == nullptr) chosen = fitting[0];
    if (chosen->shape.size() < least || chosen->shape.size() > 2)
        input_error(subject, "a 2-D tensor", "shape " + shape_text(chosen->shape), tensor_place(chosen->name));
    return *chosen;
}

/// PyTorch files keep a bank under `embeddings` a memory a column; everything else keeps a memory a row.
bool columns_by_custom(const TensorFile& file, const TensorInfo& tensor) {
    return file.format() == "pytorch" && tensor.name == "embeddings";
}

void add_note(std::string& notes, const std::string& note) {
    notes += (notes.empty() ? "" : "; ") + note;
}

/// Texts of the file, or of the file of lines beside it.
TextTable find_texts(const TensorFile& file, std::size_t n, std::string& notes) {
    const std::string subject = file.path().string();
    if (const TensorInfo* texts = file.find("texts"); texts != nullptr && texts->dtype == DType::u8) {
        std::string lines = file.read_text(*texts);
        TextTable table = TextTable::from_lines(lines);
        // Lines that were joined, not ended, by line feeds lose an empty last one.
        if (table.size() + 1 == n && lines.ends_with('\n')) table = TextTable::from_lines(lines += '\n');
        if (table.size() != n)
            input_error(subject, std::to_string(n) + " texts, one a memory", std::to_string(table.size()),
                        tensor_place("texts"));
        return table;
    }
    auto beside = file.path();
    beside.replace_extension(".txt");
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(beside, ignored)) return {};
    const std::string name = beside.filename().string();
    std::string lines;
    try {
        lines = read_file(beside);
    } catch (const Error& error) {
        add_note(notes, name + " left aside: " + error.got);
        return {};
    }
    if (invalid_utf8(lines) != std::string::npos) {
        add_note(notes, name + " left aside: no UTF-8 text");
        return {};
    }
    TextTable table = TextTable::from_lines(std::move(lines));
    if (table.size() == n) return table;
    add_note(notes,
             name + " left aside: " + std::to_string(table.size()) + " lines for " + std::to_string(n) + " memories");
    return {};
}

int metadata_number(const TensorFile& file, const char* key) {
    const auto found = file.metadata().find(key);
    if (found == file.metadata().end()) return 0;
    int number = 0;
    const std::string& text = found->second;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() ? number : 0;
}

void find_pictures(const TensorFile& file, Bank& bank) {
    const int width = metadata_number(file, "picture_width"), height = metadata_number(file, "picture_height");
    if (width < 1 || height < 1) return;
    if (static_cast<std::size_t>(width) * static_cast<std::size_t>(height) != bank.d) return;
    bank.picture_width = width;
    bank.picture_height = height;
}

/// Index of the first value that is infinite or not a number: all bits of its exponent are set.
std::size_t first_non_finite(std::span<const float> values) {
    constexpr std::uint32_t exponent = 0x7f800000;
    using Lanes = std::uint32_t __attribute__((vector_size(16)));
    constexpr std::size_t step = 4 * sizeof(Lanes) / sizeof(float);
    const Lanes mask = Lanes{} + exponent;
    std::size_t i = 0;
    for (; i + step <= values.size(); i += step) {
        Lanes lanes[4];
        std::memcpy(lanes, values.data() + i, sizeof lanes);
        const auto found = ((lanes[0] & mask) == mask) | ((lanes[1] & mask) == mask) | ((lanes[2] & mask) == mask) |
                           ((lanes[3] & mask) == mask);
        if ((found[0] | found[1] | found[2] | found[3]) != 0) break;
    }
    while (i < values.size() && std::isfinite(values[i])) ++i;
    return i;
}

[[noreturn]] void report_non_finite(const std::string& subject, std::span<const float> values, std::size_t at,
                                    std::size_t d) {
    const float value = values[at];
    input_error(subject, "finite numbers",
                std::isnan(value) ? "NaN"
                : value > 0       ? "infinity"
                                  : "-infinity",
                "row " + std::to_string(at / d) + ", column " + std::to_string(at % d));
}

std::string subject_of(const Bank& bank) {
    return bank.path.empty() ? bank.name : bank.path.string();
}

} // namespace

std::shared_ptr<const Bank> open_bank(const std::filesystem::path& path, Layout layout, const std::string& key) {
    const auto bank = std::make_shared<Bank>();
    bank->file = MappedFile::open(path);
    const auto file = open_tensor_file(bank->file);
    TensorInfo tensor = choose_tensor(*file, key, {"embeddings"}, 2);

    const bool columns = layout == Layout::columns || (layout == Layout::automatic && columns_by_custom(*file, tensor));
    if (layout == Layout::automatic)
        bank->assumption = excerpt(tensor.name) + " " + shape_text(tensor.shape) +
                           (columns ? " taken as columns: a memory a column" : " taken as rows: a memory a row");
    if (columns) tensor = transposed(std::move(tensor));
    if (tensor.shape[0] < 1 || tensor.shape[1] < 1)
        input_error(path.string(), "at least one memory of at least one number",
                    std::to_string(tensor.shape[0]) + " of " + std::to_string(tensor.shape[1]),
                    tensor_place(tensor.name));

    bank->name = path.filename().string();
    bank->path = path;
    bank->n = static_cast<std::size_t>(tensor.shape[0]);
    bank->d = static_cast<std::size_t>(tensor.shape[1]);
    bank->stored_dtype = dtype_name(tensor.dtype);
    FloatTensor keys = file->read(tensor);
    bank->keys = keys.values;
    bank->mapped = keys.mapped;
    bank->owner = std::move(keys.owner);
    bank->texts = find_texts(*file, bank->n, bank->assumption);
    if (const auto encoder = file->metadata().find("encoder"); encoder != file->metadata().end())
        bank->encoder = encoder->second;
    find_pictures(*file, *bank);
    return bank;
}

std::shared_ptr<const Bank> make_bank(std::string name, std::size_t n, std::size_t d, std::vector<float> keys,
                                      TextTable texts, int picture_width, int picture_height) {
    ATTNSCOPE_ASSERT(n > 0 && d > 0 && keys.size() == n * d);
    ATTNSCOPE_ASSERT(texts.empty() || texts.size() == n);
    const auto owner = std::make_shared<const std::vector<float>>(std::move(keys));
    const auto bank = std::make_shared<Bank>();
    bank->name = std::move(name);
    bank->n = n;
    bank->d = d;
    bank->keys = *owner;
    bank->owner = owner;
    bank->texts = std::move(texts);
    bank->picture_width = picture_width;
    bank->picture_height = picture_height;
    bank->stored_dtype = dtype_name(DType::f32);
    return bank;
}

void Bank::check_intact() const {
    if (mapped) file->check_intact();
}

std::string Bank::sha256(const BytesDone& between) const {
    // Two threads may both compute it the first time; they store the same text.
    if (const auto known = std::atomic_load(&sha256_cache)) return *known;
    Sha256 hash;
    hash.add(file ? file->bytes() : std::as_bytes(keys), between);
    if (file) file->check_intact();
    const auto hex = std::make_shared<const std::string>(hash.hex());
    std::atomic_store(&sha256_cache, hex);
    return *hex;
}

void check_finite(const Bank& bank, JobContext& context) {
    // About 4 MB a task: well under a millisecond between checkpoints.
    const std::size_t rows = std::max<std::size_t>(1, (std::size_t{1} << 20) / bank.d);
    std::atomic<std::size_t> first = bank.keys.size();
    context.parallel_for((bank.n + rows - 1) / rows, [&](std::size_t task, int) {
        const std::size_t begin = task * rows * bank.d;
        if (begin > first.load(std::memory_order_relaxed)) return;
        const auto part = bank.keys.subspan(begin, std::min(rows * bank.d, bank.keys.size() - begin));
        const std::size_t at = begin + first_non_finite(part);
        if (at == begin + part.size()) return;
        std::size_t seen = first.load(std::memory_order_relaxed);
        while (at < seen && !first.compare_exchange_weak(seen, at)) {
        }
    });
    bank.check_intact();
    if (first < bank.keys.size()) report_non_finite(subject_of(bank), bank.keys, first, bank.d);
}

void save_bank(const std::filesystem::path& path, const Bank& bank) {
    std::map<std::string, std::string> metadata;
    if (!bank.encoder.empty()) metadata["encoder"] = bank.encoder;
    if (bank.picture_width > 0) {
        metadata["picture_width"] = std::to_string(bank.picture_width);
        metadata["picture_height"] = std::to_string(bank.picture_height);
    }
    std::string lines;
    for (std::size_t i = 0; i < bank.texts.size(); ++i) {
        lines += bank.texts.line(i);
        lines += '\n';
    }
    const auto n = static_cast<std::int64_t>(bank.n), d = static_cast<std::int64_t>(bank.d);
    std::vector<TensorToWrite> tensors{{"embeddings", DType::f32, {n, d}, std::as_bytes(bank.keys)}};
    if (!bank.texts.empty())
        tensors.push_back(
            {"texts", DType::u8, {static_cast<std::int64_t>(lines.size())}, std::as_bytes(std::span(lines))});
    write_safetensors(path, tensors, metadata);
}

Queries open_queries(const std::filesystem::path& path, std::size_t d) {
    const auto file = open_tensor_file(path);
    TensorInfo tensor = choose_tensor(*file, {}, {"queries", "embeddings"}, 1);
    if (tensor.shape.size() == 1) { // a single query
        tensor.shape.insert(tensor.shape.begin(), 1);
        tensor.strides.insert(tensor.strides.begin(), 0);
    }
    if (columns_by_custom(*file, tensor)) tensor = transposed(std::move(tensor));
    if (tensor.shape[0] < 1 || static_cast<std::size_t>(tensor.shape[1]) != d)
        input_error(path.string(), "queries of " + std::to_string(d) + " numbers",
                    std::to_string(tensor.shape[0]) + " of " + std::to_string(tensor.shape[1]),
                    tensor_place(tensor.name));
    const FloatTensor values = file->read(tensor);
    if (const std::size_t at = first_non_finite(values.values); at < values.values.size())
        report_non_finite(path.string(), values.values, at, d);
    return {static_cast<std::size_t>(tensor.shape[0]), d, {values.values.begin(), values.values.end()}};
}

} // namespace attnscope
