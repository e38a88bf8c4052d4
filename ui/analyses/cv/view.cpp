// CV bands to the eye: the numbers of the selected matrix and configuration, the status line and the panels.
#include "chrome/inspector_parts.h"
#include "chrome/transport_parts.h"
#include "shell/analysis_view.h"
#include "state/source_loading.h"
#include "ui/analyses/cv/experiment_panels.h"
#include "ui/analyses/cv/model_panels.h"
#include "ui/analyses/cv/table.h"

#include <cmath>

namespace attnscope::ui {

namespace {

std::string interval_text(const cv::Interval& interval) {
    return "[" + number_or_dash(interval.low) + ", " + number_or_dash(interval.high) + "]";
}

void matrix_rows(ChromeContext& context, const cv::Matrix& matrix) {
    const ThemeColours& theme = context.theme;
    value_row(theme, "matrix", matrix.name);
    value_row(theme, "rows × cols", grouped(matrix.rows) + " × " + grouped(matrix.cols));
    if (!matrix.has_cv()) {
        value_row(theme, "CV", "none", matrix.reason.c_str());
    } else {
        value_row(theme, "CV", number_or_dash(matrix.cv, 5), "std(V)/mean(V) over the simplices");
        value_row(theme, "95 %", interval_text(matrix.ci95), "Bootstrap over simplices: conditional on the matrix");
        if (std::isfinite(matrix.cv_corrected)) {
            value_row(theme, "corrected", number_or_dash(matrix.cv_corrected, 5),
                      "Without the bias of few rows (jackknife)");
            const std::string rows_tip =
                "Over rows too: what to judge the matrix by against the null or the band. Jackknife over " +
                grouped(matrix.row_simplices) + " simplices";
            value_row(theme, "95 % rows", interval_text(matrix.row_ci95), rows_tip.c_str());
        }
        value_row(theme, "in the band", matrix.in_band ? "yes" : "no");
        value_row(theme, "effective dim", number_or_dash(matrix.effective_dim), "The dimension whose null is this CV");
        value_row(theme, "mean volume", number_or_dash(matrix.mean_volume));
    }
    value_row(theme, "null", number_or_dash(matrix.null_cv, 5),
              "CV of independent Gaussian rows of as many dimensions");
    value_row(theme, "participation", number_or_dash(matrix.participation_ratio),
              "(Σλ)²/Σλ² of the covariance of the rows");
    value_row(theme, "simplices",
              grouped(matrix.n_valid + matrix.n_degenerate) + " of " +
                  readable_number(double(cv::simplex_count(matrix.pool, context.state.view.cv.parameters.points)), 2),
              "Drawn, of how many the pool has");
    if (matrix.n_degenerate) value_row(theme, "without volume", grouped(matrix.n_degenerate), "Left out and counted");
}

void experiment_rows(ChromeContext& context, const cv::ExperimentConfig& config) {
    const ThemeColours& theme = context.theme;
    const cv::View view = context.services.cv().view();
    value_row(theme, "width × heads", std::to_string(config.dim) + " × " + std::to_string(config.heads));
    const auto* const measurement = cv::shown_measurement(view, config);
    if (!measurement) return;
    const auto epoch = static_cast<std::size_t>(measurement->epoch);
    value_row(theme, "epoch", std::to_string(measurement->epoch) + " of " + std::to_string(config.epochs));
    if (epoch < config.loss.size()) value_row(theme, "loss", number_or_dash(config.loss[epoch]), "nats, at this epoch");
    if (epoch > 0 && epoch <= config.accuracy.size())
        value_row(theme, "accuracy", number_or_dash(config.accuracy[epoch - 1]), "Training accuracy at this epoch");
    value_row(theme, ("CV " + view.group).c_str(), number_or_dash(cv::group_cv(*measurement, view.group)),
              "Mean over heads of the matrices that are followed");
    if (config.pre())
        value_row(theme, "before", number_or_dash(cv::group_cv(*config.pre(), view.group)), "The same before training");
}

void cv_values(ChromeContext& context) {
    CvSlots& slots = context.services.cv();
    const auto matrices = slots.matrices();
    const auto experiment = slots.experiment();
    const cv::View view = slots.view();
    if (!begin_values("state")) return;
    if (matrices.result)
        if (const cv::Matrix* const matrix = cv::selected_matrix(view, *matrices.result)) matrix_rows(context, *matrix);
    if (experiment.result)
        if (const auto* const config = cv::selected_config(view, *experiment.result)) experiment_rows(context, *config);
    ImGui::EndTable();
    const cv::Kind kind = view.kind;
    if (!matrices.result || kind == cv::Kind::embedding || !slots.model()) return;
    ImGui::Dummy({0, ImGui::GetFontSize() * 0.2f});
    if (ImGui::Button("Look at this head in Attention", {-FLT_MIN, 0}))
        context.emit("view.workspace", {{"workspace", std::string("attention")}});
}

void cv_warnings(ChromeContext& context) {
    CvSlots& slots = context.services.cv();
    const auto matrices = slots.matrices();
    if (!matrices.result) return;
    rule();
    warning_line(
        "Simplices are sampled: an interval around a CV is conditional on the matrix. Rows are a sample too; the "
        "corrected value allows for it.",
        context.theme);
    const auto* const matrix = cv::selected_matrix(slots.view(), *matrices.result);
    if (matrix && matrix->has_cv() && matrix->pool < 32)
        warning_line("Only " + std::to_string(matrix->pool) + " rows: few rows bias the CV low.", context.theme);
}

bool cv_ready(const ChromeContext& context) {
    return context.state.model() != nullptr || context.services.cv().experiment().result != nullptr;
}

void cv_status(ChromeContext& context) {
    const ImVec4& muted = context.theme.muted_text;
    CvSlots& slots = context.services.cv();
    if (!slots.model()) return status_part("No model is open", muted);
    const auto matrices = slots.matrices();
    if (slots.seconds() > 0)
        status_part("measured in " + duration_text(slots.seconds()), muted, "Weights and activations together");
    if (matrices.result) status_part(grouped(matrices.result->size()) + " matrices", muted);
    status_part("float32 · volumes float64", muted);
    const cv::Parameters& parameters = context.state.view.cv.parameters;
    char text[96];
    std::snprintf(text, sizeof text, "%s simplices each, ± %.2g %%", grouped(parameters.samples).c_str(),
                  100 / std::sqrt(2.0 * double(parameters.samples)));
    status_part(text, muted,
                "Simplices are sampled: the standard error of a CV, relative, is about 1/√(2 · simplices)");
}

const char* cv_hint(const AppState&) {
    return "click a point or a cell · K plays the experiment · Ctrl+P finds every command";
}

std::vector<std::unique_ptr<Panel>> cv_panels() {
    std::vector<std::unique_ptr<Panel>> panels;
    panels.push_back(std::make_unique<CvBandPanel>());
    panels.push_back(std::make_unique<CvMapPanel>());
    panels.push_back(std::make_unique<CvVolumesPanel>());
    panels.push_back(std::make_unique<CvDimensionPanel>());
    panels.push_back(std::make_unique<CvTablePanel>());
    panels.push_back(std::make_unique<CvTrainingPanel>());
    panels.push_back(std::make_unique<CvGridPanel>());
    panels.push_back(std::make_unique<CvRelationPanel>());
    return panels;
}

} // namespace

AnalysisView cv_view() {
    return {.panels = cv_panels,
            .transport = draw_cv_transport,
            .status = cv_status,
            .hint = cv_hint,
            .is_ready = cv_ready,
            .awaited = "The numbers of a matrix appear here once a model is open or the experiment runs.",
            .values = cv_values,
            .details = nullptr,
            .warnings = cv_warnings};
}

} // namespace attnscope::ui
