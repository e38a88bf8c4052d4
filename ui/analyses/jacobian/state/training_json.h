// The options of the softmax-gradient experiment in session files.
#pragma once

#include "ui/analyses/jacobian/state/training_options.h"

#include <nlohmann/json_fwd.hpp>

namespace attnscope {
class JsonMembers;
}

namespace attnscope::ui {

nlohmann::json jacobian_training_json(const JacobianTrainingOptions& options);
/// The reverse; fields that are missing keep their defaults. Throws Error{input} naming the field.
JacobianTrainingOptions jacobian_training_from_json(const JsonMembers& object);

} // namespace attnscope::ui
