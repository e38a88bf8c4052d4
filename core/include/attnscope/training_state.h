// What the training of a small model goes on from; shared by every experiment that trains one.
#pragma once

#include <vector>

namespace attnscope {

/// The parameters after so many updates and Adam's two moments, flat, in the order of the model.
struct TrainingState {
    int updates = 0;
    std::vector<float> parameters, first_moments, second_moments;
};

} // namespace attnscope
