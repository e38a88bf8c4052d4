#include "data/dequantise.h"

namespace attnscope {

void dequantise(DType dtype, const std::byte* blocks, std::size_t count, float* out) {
    dequantise_reference(dtype, blocks, count, out);
}

} // namespace attnscope
