// The options of the CV bands workspace, said once: how matrices are measured, the experiment, and what is looked at.
#pragma once

#include "analyses/cv/describe.h"
#include "state/app_state.h"
#include "state/view_job.h"

namespace attnscope::ui {

/// What is measured in the window; the command line sets no such limits. Throws Error{usage}.
inline void check_measuring(const cv::Parameters& parameters) {
    cv::check_parameters(parameters);
    const auto check = [](const char* name, std::size_t value, std::size_t least, std::size_t most) {
        if (value < least || value > most)
            throw Error(ErrorKind::usage, name, describe_range(Range<std::size_t>{least, most}), std::to_string(value));
    };
    check("samples", parameters.samples, 1, most_cv_samples);
    check("pool", parameters.pool, 0, most_cv_pool);
}

template <class Visitor>
void describe(Visitor& field, CvOptions& options) {
    constexpr Range<int> from_zero{0, std::numeric_limits<int>::max()}, widths{1, cv::most_experiment_dim};
    describe(field, options.parameters);
    field(options.kind, {.name = "kind", .help = "which", .title = "Show a kind of matrix"});
    field(options.activations, {.name = "activations",
                                .help = "measure the activations of the text too",
                                .title = "Measure the activations of the text"});
    field(options.dims, {.name = "dims", .help = "widths of the experiment"}, {widths});
    field(options.heads, {.name = "heads", .help = "its numbers of heads"}, {widths});
    field(options.epochs, {.name = "epochs", .help = "updates"}, {{1, cv::most_experiment_epochs}});
    field(options.seed, {.name = "seed", .help = "of the experiment", .title = "Seed of the experiment"},
          {{0, INT64_MAX}});
    field.as(OneOf{cv::experiment_groups()}, options.group,
             {.name = "group", .help = "which", .title = "Follow matrices of the experiment"});
    field(options.dim, {.name = "dim", .help = "width of the configuration looked at"}, {from_zero});
    field(options.config_heads, {.name = "config_heads", .help = "its number of heads"}, {from_zero});
    field(options.epoch, {.name = "epoch", .help = "counted from 0; -1 = the newest", .title = "Look at an epoch"},
          {{-1, cv::most_experiment_epochs}});
}

} // namespace attnscope::ui
