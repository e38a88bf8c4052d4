// The numbers of one head, as results of captures, models and experiments have them.
#pragma once

#include "base/json_text.h"

#include <attnscope/jacobian.h>

namespace attnscope {

Json jacobian_head_json(const jacobian::HeadMetrics& head);

} // namespace attnscope
