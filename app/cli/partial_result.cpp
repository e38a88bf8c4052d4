#include "cli/partial_result.h"

namespace attnscope::cli {

PartialResult::PartialResult(Context& context) : context_(context), path_(context.options().out) {
    if (!path_.empty()) path_ += ".partial";
}

bool PartialResult::exists() const {
    std::error_code failure;
    return !path_.empty() && std::filesystem::exists(path_, failure);
}

void PartialResult::remove() const {
    std::error_code failure;
    if (!path_.empty()) std::filesystem::remove(path_, failure);
}

void PartialResult::keep(std::size_t amount, const std::function<void(const std::filesystem::path&)>& write) {
    if (path_.empty() || amount <= kept_) return;
    const auto writing = context_.writing();
    write(path_);
    kept_ = amount;
}

} // namespace attnscope::cli
