// The softmax Jacobian as computed here; the public <attnscope/jacobian.h> defines every request, result and error.
//
// These functions are what the compute module's table points at.
#pragma once

#include <attnscope/jacobian.h>

namespace attnscope::compute {

jacobian::Result jacobian_captures(const jacobian::CapturesRequest& request, JobContext& context);
jacobian::Result jacobian_model(const jacobian::Request& request, JobContext& context, const jacobian::MapsSink& sink);
jacobian::LayerMapsPtr jacobian_maps(const jacobian::MapsRequest& request, JobContext& context);

} // namespace attnscope::compute
