// The parameters of attention, said once; see base/describe.h.
#pragma once

#include "analyses/model_fields.h"

#include <attnscope/attention_recipe.h>

namespace attnscope {

inline Fields request_fields(AttentionJob& job) {
    Fields fields;
    FieldCollector field(fields);
    attention::Request& request = job.request;
    field(job.a_text_a_line, {.name = "a_text_a_line", .help = "the file has a text in every line", .option = "-"});
    describe_gain(field, request.gain);
    field(request.rows, {.name = "rows", .help = "also entropy and largest weight of every row"});
    field(request.scores,
          {.name = "scores",
           .help = "also sink, previous, duplicate and induction; without a text on random tokens, repeated"});
    field(request.induction_on_random, {.name = "induction_on_random",
                                        .help = "induction on 50 random tokens repeated, whatever the text",
                                        .option = "random-induction"});
    describe_layers(field, request.first_layer, request.last_layer);
    describe_precision(field, request.precision);
    field(job.maps, {.name = "maps", .help = "also the maps of heads", .option = "-"});
    return fields;
}

/// What figures show.
inline Fields cursor_fields(AttentionJob& job) {
    Fields fields;
    FieldCollector field(fields);
    describe_cell(field, job.layer, job.head);
    field(job.token, {.name = "token", .help = "query shown", .absent = "the last"}, {token_from_none});
    field(job.colour, {.name = "colour", .help = "what heads are coloured by"});
    field(job.every_layer,
          {.name = "every_layer", .help = "the gain turns every layer before a head too, not that head alone"});
    return fields;
}

inline Fields map_fields(AttentionJob& job) {
    Fields fields;
    FieldCollector field(fields);
    field(job.without_sink, {.name = "without_sink", .help = "the map without the column of token 0"});
    field(job.renormalize, {.name = "renormalize", .help = "and the rest of each of its rows with the sum 1"});
    return fields;
}

} // namespace attnscope
