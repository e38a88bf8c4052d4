// The parameters of logits, said once; see base/describe.h.
#pragma once

#include "analyses/model_fields.h"

namespace attnscope {

template <class Visitor>
void describe(Visitor& field, LogitsRequest& request) {
    field(request.top, {.name = "top", .help = "largest logits to list"});
    describe_gain(field, request.gain);
    describe_precision(field, request.precision);
}

} // namespace attnscope
