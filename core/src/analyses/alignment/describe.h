// The parameters of layer alignment, said once; see base/describe.h.
#pragma once

#include "base/describe.h"

#include <attnscope/alignment_recipe.h>

namespace attnscope {

/// What the operators of a model are; a file of grams has settled it.
inline Fields operator_fields(AlignmentJob& job) {
    Fields fields;
    FieldCollector field(fields);
    field(job.kind,
          {.name = "operator", .help = "what a head is compared by: queries with keys, or values with outputs"});
    field(job.basis,
          {.name = "directions", .help = "eigenvectors of the symmetric part, or singular vectors on one side"});
    field(job.norm_gain,
          {.name = "norm_gain", .help = "fold the gain of the norm before attention into the operators"});
    return fields;
}

/// The layer that all others are compared with, and the directions of a head.
inline Fields comparison_fields(AlignmentJob& job) {
    constexpr int farthest = 1'000'000;
    Fields fields;
    FieldCollector field(fields);
    field(job.anchor, {.name = "anchor", .help = "layer that all others are compared with, negative ones from the end"},
          {{-farthest, farthest}});
    field.as(OrNone{1}, job.topk,
             {.name = "topk", .help = "directions kept of a head", .absent = "8; all that a file has", .type = "K"});
    return fields;
}

inline Fields output_fields(AlignmentJob& job) {
    Fields fields;
    FieldCollector field(fields);
    field(job.per_head, {.name = "per_head", .help = "also the map and the profile of every head"});
    field(job.spectra, {.name = "spectra", .help = "also the eigenvalues of every head"});
    field(job.maps, {.name = "maps", .help = "also principal angles and overlaps of all pairs of layers"});
    field(job.match, {.name = "match", .help = "also the heads of each layer that fit the anchor's best"});
    return fields;
}

/// What figures show.
inline Fields cursor_fields(AlignmentJob& job) {
    Fields fields;
    FieldCollector field(fields);
    field(job.layer, {.name = "layer", .help = "layer shown", .option = "-"});
    field.as(OrNone{0}, job.head, {.name = "head", .help = "head shown; none: means over heads", .option = "-"});
    field(job.quantity, {.name = "quantity", .help = "what maps of layers show"});
    return fields;
}

} // namespace attnscope
