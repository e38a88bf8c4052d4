// What the window's softmax-gradient experiment is asked, and what of it is looked at; part of the view that undo
// covers. The metric that is followed is the workspace's.
#pragma once

#include <attnscope/jacobian_experiment.h>

#include <cstdint>
#include <vector>

namespace attnscope::ui {

struct JacobianTrainingOptions {
    // every method with every gradient is a run; both in the order of jacobian::methods and softmax_gradients, never
    // empty
    std::vector<jacobian::Method> methods{jacobian::methods.begin(), jacobian::methods.end()};
    std::vector<jacobian::SoftmaxGradient> gradients{jacobian::SoftmaxGradient::full};
    int steps = 500, every = 10;
    double learning_rate = 1e-3;
    std::uint64_t seed = 1337;
    jacobian::Combination shown; ///< the bold run
    int step = -1;               ///< −1 = the newest measurement
    bool operator==(const JacobianTrainingOptions&) const = default;
};

} // namespace attnscope::ui
