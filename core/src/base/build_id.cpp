#include "base/build_id.h"

#include <attnscope_build_id.h>

#include <hwy/targets.h>

namespace attnscope {

const char* build_id() noexcept {
    return ATTNSCOPE_BUILD_ID;
}

std::string arithmetic_key() {
    return std::string(build_id()) + "-" + std::to_string(hwy::SupportedTargets());
}

} // namespace attnscope
