// Layer alignment as computed here; the public <attnscope/alignment.h> defines every request, result and error.
//
// These functions are what the compute module's table points at.
#pragma once

#include <attnscope/alignment.h>

namespace attnscope::compute {

alignment::Operators alignment_operators(const alignment::Request& request, JobContext& context);
/// `cos` stays empty. Needs directions.
alignment::Comparison alignment_angles(const alignment::Operators& operators, JobContext& context);
alignment::Matching alignment_match(const alignment::MatchRequest& request, JobContext& context);

} // namespace attnscope::compute
