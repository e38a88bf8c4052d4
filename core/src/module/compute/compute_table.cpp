// The one entry point of this module: the functions behind the door in module/compute_module.h.
#include "analyses/alignment/compute/entry_points.h"
#include "analyses/attention/compute/entry_points.h"
#include "analyses/cv/compute/entry_points.h"
#include "analyses/cv/compute/experiment.h"
#include "analyses/jacobian/compute/entry_points.h"
#include "analyses/jacobian/compute/experiment.h"
#include "analyses/residual/compute/entry_points.h"
#include "analyses/retrieval/compute/entry_points.h"
#include "kernels/devices.h"
#include "models/language_model.h"
#include "models/text_encoder.h"
#include "module/compute_module.h"

extern "C" __attribute__((visibility("default"))) const attnscope::ComputeTable* attnscope_compute_table() {
    static constexpr attnscope::ComputeTable table{
        .spectrum = attnscope::compute::spectrum,
        .first_step = attnscope::compute::first_step,
        .traces = attnscope::compute::traces,
        .origin_tests = attnscope::compute::origin_tests,
        .sweep = attnscope::compute::sweep,
        .plane = attnscope::compute::plane,
        .separation = attnscope::compute::separation,
        .attention_heads = attnscope::compute::attention_heads,
        .attention_capture = attnscope::compute::attention_capture,
        .head_rows = attnscope::compute::head_rows,
        .head_row = attnscope::compute::head_row,
        .head_map = attnscope::compute::head_map,
        .gain_curves = attnscope::compute::gain_curves,
        .cv_matrix = attnscope::compute::cv_matrix,
        .cv_model = attnscope::compute::cv_model,
        .cv_experiment = attnscope::compute::cv_experiment,
        .alignment_operators = attnscope::compute::alignment_operators,
        .alignment_angles = attnscope::compute::alignment_angles,
        .alignment_match = attnscope::compute::alignment_match,
        .residual = attnscope::compute::residual_sweep,
        .residual_spectra = attnscope::compute::residual_spectra,
        .jacobian_captures = attnscope::compute::jacobian_captures,
        .jacobian_model = attnscope::compute::jacobian_model,
        .jacobian_maps = attnscope::compute::jacobian_maps,
        .jacobian_experiment = attnscope::compute::jacobian_experiment,
        .open_text_encoder = attnscope::compute::open_text_encoder,
        .open_language_model = attnscope::compute::open_language_model,
        .logits = attnscope::compute::logits,
        .devices = attnscope::compute::devices,
    };
    return &table;
}
