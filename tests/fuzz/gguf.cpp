// A GGUF file from a stranger: its header, every tensor of it, and the configuration of a model it may hold.
#include "files/gguf.h"
#include "base/input_error.h"
#include "files/model_config.h"

#include "fuzz/support/read_all.h"

namespace {

using namespace attnscope;

/// The tensors as a file, without one.
class InMemory final : public TensorFile {
public:
    explicit InMemory(TensorContents contents) : contents_(std::move(contents)) {
        path_ = "input";
        for (const StoredTensor& stored : contents_.tensors) infos_.push_back(stored.info);
    }
    const std::vector<TensorInfo>& tensors() const override { return infos_; }
    std::string format() const override { return contents_.format; }
    const std::map<std::string, std::string>& metadata() const override { return contents_.metadata; }
    FloatTensor read(const TensorInfo& tensor, const BytesDone&) const override {
        const auto values = std::make_shared<std::vector<float>>(tensor.elements());
        copy_as_float(tensor, bytes_of(tensor), values->data());
        return {tensor.shape, *values, false, values};
    }
    FloatTensor read_rows(const TensorInfo& matrix, std::span<const std::int64_t> rows) const override {
        const auto width = static_cast<std::size_t>(matrix.shape[1]);
        const auto values = std::make_shared<std::vector<float>>(rows.size() * width);
        copy_rows_as_float(matrix, bytes_of(matrix), rows, values->data());
        return {{std::ssize(rows), matrix.shape[1]}, *values, false, values};
    }
    std::vector<std::int64_t> read_integers(const TensorInfo&) const override { return {}; }
    std::string read_text(const TensorInfo&) const override { return {}; }

private:
    std::span<const std::byte> bytes_of(const TensorInfo& tensor) const {
        for (const StoredTensor& stored : contents_.tensors)
            if (stored.info.name == tensor.name) return stored.storage.bytes;
        input_error("input", "a tensor of the file", "none of that name");
    }

    TensorContents contents_;
    std::vector<TensorInfo> infos_;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const SharedBytes bytes = fuzz::copy_of(data, size);
    return fuzz::expect_error_or_result([&] {
        if (!looks_like_gguf(bytes.bytes)) return;
        TensorContents contents = parse_gguf(bytes, "input");
        fuzz::read_all(contents);
        const InMemory weights(std::move(contents));
        const ModelConfig config = gguf_model_config(parse_gguf_metadata(bytes.bytes, "input"), weights);
        check_model_sizes(config, weights);
    });
}
