// How far the training of a small model is and what it goes on from; shared by every experiment that trains one.
#pragma once

#include <string_view>
#include <vector>

namespace attnscope {

/// The parameters after so many updates and Adam's two moments, flat, in the order of the model.
struct TrainingState {
    int updates = 0;
    std::vector<float> parameters, first_moments, second_moments;
};

/// How far one of an experiment's models is.
enum class TrainingStage { waiting, running, finished, diverged };
constexpr bool is_over(TrainingStage stage) noexcept {
    return stage == TrainingStage::finished || stage == TrainingStage::diverged;
}
const char* training_stage_name(TrainingStage stage) noexcept; ///< waiting | running | finished | diverged
/// The reverse; waiting for any other name.
TrainingStage parse_training_stage(std::string_view name) noexcept;

} // namespace attnscope
