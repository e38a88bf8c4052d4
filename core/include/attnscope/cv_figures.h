// The pictures of the CV bands workspace as Figures, made from results; shared by the window and the command line.
#pragma once

#include <attnscope/cv.h>
#include <attnscope/cv_experiment.h>
#include <attnscope/figure.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace attnscope::cv {

inline constexpr std::array all_kinds{Kind::embedding, Kind::query,     Kind::key,     Kind::value,
                                      Kind::out_proj,  Kind::act_query, Kind::act_key, Kind::act_value,
                                      Kind::act_post,  Kind::act_emb,   Kind::residual};
const char* kind_title(Kind kind) noexcept; ///< Q weights, …
bool has_layers(Kind kind) noexcept;        ///< a matrix a layer at least
bool has_heads(Kind kind) noexcept;         ///< a matrix a head

/// Matrices of the experiment that are looked at together: emb, Q_full, Q_h …, act_post_full. Those that end in _h have
/// a matrix a head.
const std::vector<std::string>& experiment_groups();
/// "Q_h" of "Q_h3".
std::string_view experiment_group(std::string_view matrix);
/// CV of the matrices of a group: their mean; NaN where one of them has none.
double group_cv(const ExperimentMeasurement& measurement, std::string_view group);

/// What is selected when a figure is drawn.
struct View {
    std::string model_name;
    Parameters parameters;
    Kind kind = Kind::query; ///< of the map and of the selected matrix
    int layer = 0, head = 0; ///< query heads
    int heads = 1;           ///< of the model; key-value heads follow from the matrices
    // of the experiment
    std::string group = "act_Q_h";
    int dim = 64, config_heads = 1;
    int epoch = -1; ///< −1 = the last one measured
    bool operator==(const View&) const = default;
};

/// The selected matrix; null when there is none like it.
const Matrix* selected_matrix(const View& view, const std::vector<Matrix>& matrices);
/// The query head that stands for a head of `kind`: the first of its group.
int query_head(const View& view, const std::vector<Matrix>& matrices, Kind kind, int head);
/// The selected configuration, else the first. Null without any.
const ExperimentConfig* selected_config(const View& view, const Experiment& experiment);
/// The newest measurement at or before the epoch of the view; null before the first.
const ExperimentMeasurement* shown_measurement(const View& view, const ExperimentConfig& config);

/// Panel ids in the order of the View menu, each with one function below: of a model cv.band map volumes dimension
/// table, of the experiment cv.training grid relation.
const std::vector<std::string>& panel_ids();
const char* panel_title(std::string_view panel_id);
bool is_experiment_panel(std::string_view panel_id);

/// Every matrix as a point with its interval, by layer; ids are indices of `matrices`.
Figure band_figure(const View& view, const std::vector<Matrix>& matrices);
Figure map_figure(const View& view, const std::vector<Matrix>& matrices);     ///< layers × heads of the kind
Figure volumes_figure(const View& view, const std::vector<Matrix>& matrices); ///< histogram of the selected matrix
/// Every matrix against the dimension its rows live in, the null curve and the band.
Figure dimension_figure(const View& view, const std::vector<Matrix>& matrices);
/// What the table shows, as a figure: CV and effective dimension of every matrix in its order.
Figure table_figure(const View& view, const std::vector<Matrix>& matrices);
Figure training_figure(const View& view, const Experiment& experiment); ///< loss, training accuracy, CV(epoch)
Figure grid_figure(const View& view, const Experiment& experiment);     ///< width × heads, CV of the group
/// The group's matrices of every configuration against the dimension of their rows, before training and now; ids are
/// dim · 2048 + heads.
Figure relation_figure(const View& view, const Experiment& experiment);

} // namespace attnscope::cv
