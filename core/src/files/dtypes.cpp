// What every element type is called and takes.
#include "files/elements.h"

#include <array>

namespace attnscope {
namespace {

struct Facts {
    DType dtype;
    const char* name;
    std::size_t elements, bytes; // of a block
};

constexpr std::array facts{
    Facts{DType::f64, "float64", 1, 8},   Facts{DType::f32, "float32", 1, 4},   Facts{DType::f16, "float16", 1, 2},
    Facts{DType::bf16, "bfloat16", 1, 2}, Facts{DType::i64, "int64", 1, 8},     Facts{DType::i32, "int32", 1, 4},
    Facts{DType::i16, "int16", 1, 2},     Facts{DType::i8, "int8", 1, 1},       Facts{DType::u8, "uint8", 1, 1},
    Facts{DType::u16, "uint16", 1, 2},    Facts{DType::u32, "uint32", 1, 4},    Facts{DType::u64, "uint64", 1, 8},
    Facts{DType::boolean, "bool", 1, 1},  Facts{DType::q4_0, "Q4_0", 32, 18},   Facts{DType::q4_1, "Q4_1", 32, 20},
    Facts{DType::q5_0, "Q5_0", 32, 22},   Facts{DType::q5_1, "Q5_1", 32, 24},   Facts{DType::q8_0, "Q8_0", 32, 34},
    Facts{DType::q4_k, "Q4_K", 256, 144}, Facts{DType::q5_k, "Q5_K", 256, 176}, Facts{DType::q6_k, "Q6_K", 256, 210},
};

constexpr bool in_order_of_types() {
    for (std::size_t i = 0; i < facts.size(); ++i)
        if (facts[i].dtype != static_cast<DType>(i)) return false;
    return true;
}
static_assert(in_order_of_types());

const Facts& facts_of(DType dtype) noexcept {
    return facts[static_cast<std::size_t>(dtype)];
}

} // namespace

std::size_t block_elements(DType dtype) noexcept {
    return facts_of(dtype).elements;
}

std::size_t block_size(DType dtype) noexcept {
    return facts_of(dtype).bytes;
}

const char* dtype_name(DType dtype) noexcept {
    return facts_of(dtype).name;
}

bool is_integer(DType dtype) noexcept {
    return dtype >= DType::i64 && dtype <= DType::boolean;
}

std::size_t stored_elements(DType dtype, std::size_t bytes) noexcept {
    return bytes / block_size(dtype) * block_elements(dtype);
}

std::size_t TensorInfo::elements() const noexcept {
    std::size_t count = 1;
    for (const std::int64_t size : shape) count *= static_cast<std::size_t>(size);
    return count;
}

std::size_t TensorInfo::bytes() const noexcept {
    return elements() / block_elements(dtype) * block_size(dtype);
}

} // namespace attnscope
