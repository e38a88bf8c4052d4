// The parameters of CV bands and of their experiment, said once; see base/describe.h.
#pragma once

#include "analyses/model_fields.h"

#include <attnscope/cv_experiment_recipe.h>
#include <attnscope/cv_figures.h>
#include <attnscope/cv_recipe.h>

namespace attnscope {

/// .13,.30 on the command line, [0.13, 0.3] in files.
template <>
struct Written<cv::Band> {
    static constexpr Field::Kind kind = Field::Kind::list;
    Written<std::vector<double>> ends{Range<double>{0}};
    static std::string type() { return "LOW,HIGH"; }
    static std::string expected() { return "two rising numbers of 0 or more, as in .13,.30"; }
    std::string text(const cv::Band& band) const { return ends.text({band.low, band.high}); }
    std::optional<cv::Band> parse(const std::string& text) const { return of_ends(ends.parse(text)); }
    Json json(const cv::Band& band) const { return ends.json({band.low, band.high}); }
    std::optional<cv::Band> read(const Json& json) const { return of_ends(ends.read(json)); }

private:
    static std::optional<cv::Band> of_ends(const std::optional<std::vector<double>>& ends) {
        if (!ends || ends->size() != 2 || !((*ends)[0] < (*ends)[1])) return std::nullopt;
        return cv::Band{(*ends)[0], (*ends)[1]};
    }
};

namespace cv {

template <class Visitor>
void describe(Visitor& field, Parameters& p) {
    field(p.points, {.name = "points", .help = "corners of a simplex, 3 to 8", .title = "Corners of a simplex"},
          {{least_points, most_points}});
    field(p.samples,
          {.name = "samples", .help = "simplices drawn for a matrix", .title = "Simplices drawn for a matrix"},
          {{0, most_simplices}});
    field(p.pool, {.name = "pool",
                   .help = "they are drawn from the first so many rows; 0: all",
                   .title = "Rows that simplices are drawn from"});
    field(p.exact, {.name = "exact",
                    .help = "every simplex of the pool instead of a sample",
                    .title = "Measure every simplex of the pool"});
    field(p.band, {.name = "band", .help = "the band"});
}

/// What is trained; how it is measured is Parameters.
template <class Visitor>
void describe(Visitor& field, ExperimentRequest& request) {
    constexpr Range<int> widths{1, most_experiment_dim};
    field(request.dims, {.name = "dims", .help = "widths"}, {widths});
    field(request.heads, {.name = "heads", .help = "numbers of heads, each with every width"}, {widths});
    field(request.epochs, {.name = "epochs", .help = "updates"}, {{1, most_experiment_epochs}});
    field(request.every,
          {.name = "every",
           .help = "also the CV of every matrix after every N epochs",
           .absent = "before, half, after alone"},
          {{0, most_experiment_epochs}});
    field(request.learning_rate, {.name = "learning_rate", .help = "of Adam"}, {above_zero<double>});
}

} // namespace cv

/// What is asked of a tensor and of a model alike.
inline Fields measured_fields(CvJob& job) {
    Fields fields = fields_of(job.parameters);
    FieldCollector field(fields);
    field(job.histogram, {.name = "histogram", .help = "also the histogram of each matrix's volumes"});
    return fields;
}

inline Fields tensor_fields(CvJob& job) {
    Fields fields;
    FieldCollector field(fields);
    field(job.key, {.name = "key", .help = "which tensor of the file", .option = "-"});
    field(job.layout, {.name = "layout", .help = "how the file holds the matrix"});
    return fields;
}

inline Fields model_fields(CvJob& job) {
    Fields fields;
    FieldCollector field(fields);
    field(job.weights,
          {.name = "weights", .help = "the activations of the text alone", .option = "no-weights", .negated = true});
    describe_layers(field, job.first_layer, job.last_layer);
    describe_precision(field, job.precision);
    return fields;
}

/// What figures of a model show.
inline Fields cursor_fields(CvJob& job) {
    Fields fields;
    FieldCollector field(fields);
    field(job.cursor.kind, {.name = "kind", .help = "matrix shown"});
    describe_cell(field, job.cursor.layer, job.cursor.head);
    return fields;
}

/// What figures of the experiment show.
inline Fields cursor_fields(CvExperimentJob& job) {
    Fields fields;
    FieldCollector field(fields);
    field.as(OneOf{cv::experiment_groups()}, job.group,
             {.name = "group", .help = "matrices of the experiment shown, as in Q_h", .option = "follow", .type = "G"});
    field(job.dim, {.name = "dim", .help = "width of the configuration shown", .option = "-"});
    field(job.heads, {.name = "heads", .help = "its number of heads", .option = "-"});
    field(job.epoch, {.name = "epoch", .help = "epoch shown", .absent = "the last"}, {from_none});
    return fields;
}

} // namespace attnscope
