// What the passes over a model's layers start from and end with.
#pragma once

#include "models/forward.h"
#include "models/language_model.h"
#include "models/pass.h"

#include <cstdint>
#include <string>
#include <vector>

namespace attnscope::models {

/// Without a rotary table: its size is the texts'. On the job's device.
Pass make_pass(const LoadedModel& model, const ForwardOptions& options, JobContext& context);

/// The matrix of the head, (vocabulary, hidden), without .weight.
std::string head_name(const LoadedModel& model);

/// Texts of one length as (texts, T) int64.
at::Tensor id_tensor(const std::vector<std::vector<std::int64_t>>& texts, at::Device device);

} // namespace attnscope::models
