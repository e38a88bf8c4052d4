#include <attnscope/training_state.h>

#include <algorithm>
#include <array>

namespace attnscope {
namespace {

constexpr std::array<const char*, 4> names{"waiting", "running", "finished", "diverged"};

} // namespace

const char* training_stage_name(TrainingStage stage) noexcept {
    return names[static_cast<std::size_t>(stage)];
}

TrainingStage parse_training_stage(std::string_view name) noexcept {
    const auto found = std::find(names.begin(), names.end(), name);
    return found == names.end() ? TrainingStage::waiting : static_cast<TrainingStage>(found - names.begin());
}

} // namespace attnscope
