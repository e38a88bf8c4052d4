// CV of what flows through a model on a text, layer by layer: a layer's activations are dropped before the next is run.
#pragma once

#include "analyses/cv/compute/matrices.h"

#include <attnscope/cv.h>

#include <cstddef>

namespace attnscope::compute {

/// Measures act_emb and the activations of layers first … last. Returns how many tokens of the text were run.
std::size_t measure_activations(const cv::ModelRequest& request, int first, int last, MatrixCollection& matrices,
                                JobContext& context);

} // namespace attnscope::compute
