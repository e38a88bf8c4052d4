// The parameters of a retrieval, said once; see base/describe.h.
#pragma once

#include "base/describe.h"

#include <attnscope/recipe.h>

namespace attnscope {

/// v1, v2 … | query | memory:N; in sessions of earlier versions {"kind", "index"}.
template <>
struct Written<retrieval::PlaneDirection> {
    static constexpr Field::Kind kind = Field::Kind::text;
    static std::string type() { return "v1|query|memory:N"; }
    static std::string expected() { return "v1, v2 …, query or memory:N"; }
    static std::string text(const retrieval::PlaneDirection& direction);
    static std::optional<retrieval::PlaneDirection> parse(const std::string& text);
    static Json json(const retrieval::PlaneDirection& direction) { return text(direction); }
    static std::optional<retrieval::PlaneDirection> read(const Json& json);
};

namespace retrieval {

template <class Visitor>
void describe(Visitor& field, Request& request) {
    constexpr Range<double> positive = above_zero<double>;
    field(request.beta_table, {.name = "beta_table", .help = "those of the table of spectral radii"}, {positive});
    field(request.betas, {.name = "beta", .help = "inverse temperatures of the traces"}, {positive});
    field(request.modes, {.name = "mode", .help = "modes of the update, one or several as in raw,centered"});
    field(request.steps, {.name = "steps", .help = "steps of a trace"}, {{1, std::numeric_limits<int>::max()}});
    field(request.tolerance, {.name = "tol", .help = "a trace stops when a step is shorter than this; 0: never"},
          {{0}});
    field(request.lambda, {.name = "lambda", .help = "share of the old state in mode residual"}, {{0, 1}});
    field(request.origin_betas, {.name = "origin_beta", .help = "inverse temperatures of the origin test"}, {positive});
    field(request.origin_epsilon, {.name = "origin_eps", .help = "norm its states start from"}, {positive});
    field(request.origin_steps, {.name = "origin_steps", .help = "steps of the origin test"},
          {{1, std::numeric_limits<int>::max()}});
    field(request.sweep, {.name = "sweep", .help = "also entropy against beta, up and down"});
    field(request.plane, {.name = "plane", .help = "also the energy on a plane, for the first query and mode"});
    field(request.plane_beta,
          {.name = "plane_beta", .help = "inverse temperature of the plane", .absent = "0.75 of the critical one"},
          {{0}});
    field(request.plane_x, {.name = "plane_x", .help = "first direction of the plane"});
    field(request.plane_y, {.name = "plane_y", .help = "second direction of the plane"});
    field(request.basins, {.name = "basins", .help = "where every point of the plane ends"});
    field(request.separation, {.name = "separation", .help = "also how far each memory stands out from the others"});
    field(request.separation_samples,
          {.name = "separation_samples", .help = "memories sampled for that; 0: all", .option = "samples"});
}

} // namespace retrieval

/// How the bank lies in its file.
inline Fields bank_fields(RetrievalJob& job) {
    Fields fields;
    FieldCollector field(fields);
    field(job.layout, {.name = "layout", .help = "how the bank lies in its file"});
    field(job.key, {.name = "key", .help = "tensor of the bank's file", .type = "NAME"});
    return fields;
}

/// What figures show.
inline Fields cursor_fields(RetrievalJob& job) {
    Fields fields;
    FieldCollector field(fields);
    field(job.beta, {.name = "beta", .help = "inverse temperature shown", .option = "-"});
    field(job.step, {.name = "step", .help = "step shown", .option = "-"});
    return fields;
}

} // namespace attnscope
