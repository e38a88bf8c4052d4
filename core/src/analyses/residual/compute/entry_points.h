// Residual excitations as computed here; the public <attnscope/residual.h> defines request, result and errors.
//
// These functions are what the compute module's table points at.
#pragma once

#include <attnscope/residual.h>

namespace attnscope::compute {

residual::Result residual_sweep(const residual::Request& request, JobContext& context);
residual::Spectra residual_spectra(const residual::Request& request, JobContext& context);

} // namespace attnscope::compute
