// Attention as computed here; the public <attnscope/attention.h> defines every request, result and error.
//
// These functions are what the compute module's table points at.
#pragma once

#include <attnscope/attention.h>

namespace attnscope::compute {

attention::Result attention_heads(const attention::Request& request, JobContext& context);
attention::Capture attention_capture(const attention::CaptureRequest& request, JobContext& context);

attention::Rows head_rows(const attention::RowsRequest& request, JobContext& context);
attention::Row head_row(const attention::RowRequest& request, JobContext& context);
attention::Map head_map(const attention::MapRequest& request, JobContext& context);
attention::GainCurves gain_curves(const attention::GainRequest& request, JobContext& context);

} // namespace attnscope::compute
