// The parameters of the softmax Jacobian and of its experiment, said once; see base/describe.h.
#pragma once

#include "analyses/model_fields.h"

#include <attnscope/jacobian_experiment_recipe.h>
#include <attnscope/jacobian_recipe.h>

namespace attnscope {

/// What is asked of a model.
inline Fields model_fields(JacobianJob& job) {
    Fields fields;
    FieldCollector field(fields);
    field(job.length, {.name = "seq_len", .help = "tokens of a sequence"});
    field(job.blocks, {.name = "blocks", .help = "sequences, one behind the other"});
    describe_layers(field, job.first_layer, job.last_layer);
    return fields;
}

/// What figures show.
inline Fields cursor_fields(JacobianJob& job) {
    Fields fields;
    FieldCollector field(fields);
    JacobianJob::Cursor& cursor = job.cursor;
    field(cursor.metric, {.name = "metric", .help = "what the map of heads shows"});
    describe_cell(field, cursor.layer, cursor.head);
    field(cursor.sequence, {.name = "sequence", .help = "sequence shown"});
    field(cursor.row, {.name = "row", .help = "query shown", .absent = "the last"}, {token_from_none});
    return fields;
}

namespace jacobian {

template <class Visitor>
void describe(Visitor& field, Combination& combination) {
    field(combination.method, {.name = "method", .help = "how errors go back", .option = "-"});
    field(combination.gradient, {.name = "softmax_grad", .help = "gradient of the softmax", .option = "-"});
}

} // namespace jacobian

/// {"method": "bp", "softmax_grad": "full"}
template <>
struct Written<jacobian::Combination> {
    static std::string expected() { return "{\"method\", \"softmax_grad\"}"; }
    static std::string text(const jacobian::Combination& combination) { return combination_name(combination); }
    static std::optional<jacobian::Combination> parse(const std::string&) { return std::nullopt; }
    static Json json(jacobian::Combination combination) { return fields_json(fields_of(combination)); }
    static std::optional<jacobian::Combination> read(const Json& json) {
        jacobian::Combination combination;
        if (!json.is_object()) return std::nullopt;
        for (const auto& field : fields_of(combination)) {
            const auto found = json.find(field->info().name);
            if (found != json.end() && !field->try_read(*found)) return std::nullopt;
        }
        return combination;
    }
};

namespace jacobian {

template <class Visitor>
void describe(Visitor& field, ExperimentRequest& request) {
    constexpr Range<int> steps{0, most_training_steps};
    field(request.combinations, {.name = "combinations", .help = "the runs", .option = "-"});
    field(request.shape.layers, {.name = "layers", .help = "layers of the model", .option = "-"});
    field(request.shape.heads, {.name = "heads", .help = "its heads", .option = "-"});
    field(request.shape.width, {.name = "width", .help = "its width", .option = "-"});
    field(request.shape.block, {.name = "block", .help = "characters of a window", .option = "-"});
    field(request.batch, {.name = "batch", .help = "windows of a step", .option = "-"});
    field(request.steps, {.name = "steps", .help = "updates"}, {{1, most_training_steps}});
    field(request.every, {.name = "every", .help = "measure after every N updates; 0: before and after alone"},
          {steps});
    field(request.blocks, {.name = "blocks", .help = "windows that metrics are measured on", .option = "-"});
    field(request.learning_rate, {.name = "learning_rate", .help = "of AdamW"}, {above_zero<double>});
}

} // namespace jacobian

/// What figures of the experiment show.
inline Fields cursor_fields(JacobianExperimentJob& job) {
    Fields fields = fields_of(job.shown);
    FieldCollector field(fields);
    field(job.metric, {.name = "metric", .help = "that is followed", .option = "-"});
    field(job.step, {.name = "step", .help = "step shown", .option = "-"}, {from_none});
    return fields;
}

} // namespace attnscope
