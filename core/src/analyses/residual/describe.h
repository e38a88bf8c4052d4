// The parameters of a residual sweep, said once; see base/describe.h.
#pragma once

#include "analyses/model_fields.h"

#include <attnscope/residual_recipe.h>

namespace attnscope {

namespace residual {

template <class Visitor>
void describe(Visitor& field, Parameters& p) {
    constexpr Range<std::int64_t> blocks{1, most_blocks};
    field(p.layers, {.name = "layers",
                     .help = "layers whose heads are replaced, as in 9,10,11 or 9:11",
                     .absent = "the last three"});
    field(
        p.heads,
        {.name = "heads", .help = "these heads alone", .absent = "every head of the layers", .type = "LAYER:HEAD,..."});
    field(p.ranks, {.name = "ranks",
                    .help = "directions of the residual that are kept",
                    .absent = "1,2,4,8,16,32",
                    .title = "Choose the ranks that are swept"});
    field(p.seq_len,
          {.name = "seq_len", .help = "tokens of a block, each a text of its own", .title = "Tokens of a block"},
          {{2, most_blocks}});
    field(p.blocks,
          {.name = "blocks",
           .help = "blocks that are evaluated, from the start of the text",
           .title = "Blocks that are evaluated"},
          {blocks});
    field(p.calibration,
          {.name = "calibration",
           .help = "fit the directions on the blocks behind the evaluated ones, or on the first of these",
           .title = "Choose what directions are fitted on"});
    field(p.calibration_blocks,
          {.name = "calibration_blocks",
           .help = "blocks that directions are fitted on",
           .title = "Blocks that directions are fitted on"},
          {blocks});
    field(p.form, {.name = "residual_form",
                   .help = "what directions are fitted to",
                   .session = "form",
                   .command = "form",
                   .title = "Choose the form of the residual"});
    field(p.top_k,
          {.name = "top_k",
           .help = "V* is the mean of the values at the N largest weights",
           .title = "Weights that V* is the mean of"},
          {{1, most_top_k}});
    field(
        p.exclude_sink,
        {.name = "exclude_sink", .help = "token 0 is never V* of a later token", .title = "Never take token 0 as V*"});
    field(p.centred, {.name = "centred",
                      .help = "directions of the covariance, not of second moments",
                      .synonym = "centered",
                      .title = "Centre residuals"});
    field(p.output_weighted, {.name = "output_weighted",
                              .help = "directions by what they move behind the output projection",
                              .title = "Weight residuals by the output projection"});
    field(p.two_nn, {.name = "two_nn",
                     .help = "also the intrinsic dimension of each head's residual (TwoNN)",
                     .title = "Estimate intrinsic dimensions (TwoNN)"});
    field(p.token_losses, {.name = "token_losses", .help = "also the loss of every token"});
    field.as(InMebibytes{}, p.prefix_budget,
             {.name = "prefix_budget",
              .help = "activations in front of the first layer held in memory; more lie on disk",
              .option = "prefix-memory"});
}

template <class Visitor>
void describe(Visitor& field, Request& request) {
    describe(field, request.parameters);
    describe_precision(field, request.precision);
}

} // namespace residual

/// What figures show.
inline Fields cursor_fields(ResidualJob& job) {
    Fields fields;
    FieldCollector field(fields);
    ResidualJob::Cursor& cursor = job.cursor;
    field(cursor.layer, {.name = "layer", .help = "layer shown", .option = "-"}, {from_none});
    field(cursor.head, {.name = "head", .help = "head shown", .option = "-"});
    field(cursor.rank, {.name = "rank", .help = "rank shown", .absent = "that of the verdict"}, {from_none});
    field(cursor.block, {.name = "block", .help = "block whose text is shown"});
    return fields;
}

} // namespace attnscope
