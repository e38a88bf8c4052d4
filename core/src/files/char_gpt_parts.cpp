// The parameters of the character model: their names, sizes and places.
#include <attnscope/jacobian_experiment.h>

namespace attnscope::jacobian {
namespace {

/// Parameters lie one behind the other, each on a cache line of its own.
constexpr std::int64_t alignment = 16;

class Parts {
public:
    using Kind = CharGptPart::Kind;

    void add(std::string name, std::vector<std::int64_t> sizes, Kind kind) {
        parts_.push_back({std::move(name), std::move(sizes), next_, kind});
        next_ += (parts_.back().size() + alignment - 1) / alignment * alignment;
    }
    void add_linear(const std::string& name, std::int64_t outputs, std::int64_t inputs) {
        add(name + ".weight", {outputs, inputs}, Kind::weight);
        add(name + ".bias", {outputs}, Kind::bias);
    }
    void add_norm(const std::string& name, std::int64_t width) {
        add(name + ".weight", {width}, Kind::norm_weight);
        add(name + ".bias", {width}, Kind::norm_bias);
    }
    std::vector<CharGptPart> take() { return std::move(parts_); }

private:
    std::vector<CharGptPart> parts_;
    std::int64_t next_ = 0;
};

} // namespace

std::int64_t CharGptPart::size() const noexcept {
    std::int64_t product = 1;
    for (const std::int64_t size : sizes) product *= size;
    return product;
}

std::vector<CharGptPart> char_gpt_parts(const CharGptShape& shape, std::size_t vocabulary) {
    const std::int64_t width = shape.width, inner = 4 * width, characters = static_cast<std::int64_t>(vocabulary);
    Parts parts;
    parts.add("transformer.wte.weight", {characters, width}, Parts::Kind::embedding);
    parts.add("transformer.wpe.weight", {shape.block, width}, Parts::Kind::position);
    for (int layer = 0; layer < shape.layers; ++layer) {
        const std::string front = "transformer.h." + std::to_string(layer) + ".";
        parts.add_norm(front + "ln_1", width);
        parts.add_linear(front + "attn.c_attn", 3 * width, width);
        parts.add_linear(front + "attn.c_proj", width, width);
        parts.add_norm(front + "ln_2", width);
        parts.add_linear(front + "mlp.c_fc", inner, width);
        parts.add_linear(front + "mlp.c_proj", width, inner);
    }
    parts.add_norm("transformer.ln_f", width);
    parts.add("lm_head.weight", {characters, width}, Parts::Kind::weight);
    return parts.take();
}

std::int64_t char_gpt_size(const std::vector<CharGptPart>& parts) noexcept {
    const CharGptPart& last = parts.back();
    return last.offset + (last.size() + alignment - 1) / alignment * alignment;
}

} // namespace attnscope::jacobian
