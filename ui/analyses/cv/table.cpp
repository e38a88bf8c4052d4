#include "ui/analyses/cv/table.h"

#include "widgets/controls.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace attnscope::ui {

namespace {

enum Column {
    name_column,
    rows_column,
    cols_column,
    cv_column,
    low_column,
    high_column,
    null_column,
    dim_column,
    participation_column,
    band_column,
    columns
};

double value_of(const cv::Matrix& matrix, int column) {
    switch (column) {
    case rows_column: return double(matrix.rows);
    case cols_column: return double(matrix.cols);
    case cv_column: return matrix.cv;
    case low_column: return matrix.ci95.low;
    case high_column: return matrix.ci95.high;
    case null_column: return matrix.null_cv;
    case dim_column: return matrix.effective_dim;
    case participation_column: return matrix.participation_ratio;
    case band_column: return matrix.has_cv() ? double(matrix.in_band) : NAN;
    default: return 0;
    }
}

void number_cell(double value, int digits, const ThemeColours& theme) {
    ImGui::TableNextColumn();
    const std::string text = std::isfinite(value) ? readable_number(value, digits) : "–";
    const float space = ImGui::GetContentRegionAvail().x - ImGui::CalcTextSize(text.c_str()).x;
    if (space > 0) ImGui::SetCursorPosX(ImGui::GetCursorPosX() + space);
    if (std::isfinite(value))
        ImGui::TextUnformatted(text.c_str());
    else
        ImGui::TextColored(theme.muted_text, "%s", text.c_str());
}

} // namespace

PanelHelp CvTablePanel::help() const {
    return {
        "Every measured matrix: its shape, CV with the bootstrap 95 % interval, the CV of independent Gaussian rows, "
        "the dimension whose null is the measured CV, and the participation ratio of its covariance. Click a heading "
        "to sort, a row to select the matrix everywhere. The buttons put the table on the clipboard; “Save the "
        "table” in the palette writes it.",
        "PR = (Σλ)²/Σλ²", "Menger 1928; Efron 1979"};
}

void CvTablePanel::sort(int column, bool descending) {
    order_.resize(matrices_->size());
    std::iota(order_.begin(), order_.end(), 0u);
    const auto& matrices = *matrices_;
    if (column != name_column)
        std::ranges::stable_sort(order_, [&](std::uint32_t a, std::uint32_t b) {
            const double x = value_of(matrices[a], column), y = value_of(matrices[b], column);
            if (std::isnan(x) || std::isnan(y)) return !std::isnan(x) && std::isnan(y); // without a number: at the end
            return descending ? x > y : x < y;
        });
    else if (descending)
        std::ranges::reverse(order_);
    ordered_ = matrices_;
    column_ = column;
    descending_ = descending;
}

void CvTablePanel::draw_row(const cv::Matrix& matrix, bool selected, PanelContext& context) const {
    ImGui::TableNextRow();
    ImGui::TableNextColumn();
    ImGui::PushID(&matrix);
    if (ImGui::Selectable(matrix.name.c_str(), selected, ImGuiSelectableFlags_SpanAllColumns))
        emit_selection(context, *matrices_, matrix);
    if (!matrix.has_cv()) ImGui::SetItemTooltip("No CV: %s", matrix.reason.c_str());
    ImGui::PopID();
    const ThemeColours& theme = context.theme;
    for (int column = rows_column; column < band_column; ++column)
        number_cell(value_of(matrix, column), column == dim_column || column == participation_column ? 4 : 5, theme);
    ImGui::TableNextColumn();
    ImGui::TextColored(theme.muted_text, "%s", !matrix.has_cv() ? "" : matrix.in_band ? "in" : "out");
}

void CvTablePanel::body(PanelContext& context) {
    if (!matrices_) return;
    if (ImGui::Button("Copy as CSV")) context.emit("cv.copy_table", {{"format", std::string("csv")}});
    ImGui::SameLine();
    if (ImGui::Button("Copy as LaTeX")) context.emit("cv.copy_table", {{"format", std::string("tex")}});
    constexpr auto flags = ImGuiTableFlags_Sortable | ImGuiTableFlags_ScrollY | ImGuiTableFlags_ScrollX |
                           ImGuiTableFlags_RowBg | ImGuiTableFlags_SizingFixedFit | ImGuiTableFlags_NoSavedSettings;
    if (!ImGui::BeginTable("##matrices", columns, flags)) return;
    ImGui::TableSetupScrollFreeze(1, 1);
    const float em = ImGui::GetFontSize();
    constexpr std::array names{"matrix",    "rows", "cols",     "CV", "95 % low",
                               "95 % high", "null", "eff. dim", "PR", "band"};
    ImGui::TableSetupColumn(names[name_column], ImGuiTableColumnFlags_DefaultSort, em * 9);
    for (int column = rows_column; column < columns; ++column)
        ImGui::TableSetupColumn(names[std::size_t(column)], ImGuiTableColumnFlags_None,
                                em * (column == band_column ? 3.6f : 5.2f));
    ImGui::TableHeadersRow();
    int column = column_;
    bool descending = descending_;
    if (ImGuiTableSortSpecs* const specs = ImGui::TableGetSortSpecs(); specs && specs->SpecsCount > 0) {
        column = specs->Specs[0].ColumnIndex;
        descending = specs->Specs[0].SortDirection == ImGuiSortDirection_Descending;
        specs->SpecsDirty = false;
    }
    if (ordered_ != matrices_ || column != column_ || descending != descending_) sort(column, descending);
    const cv::Matrix* const selected = cv::selected_matrix(context.services.cv().view(), *matrices_);
    ImGuiListClipper clipper;
    clipper.Begin(static_cast<int>(order_.size()));
    while (clipper.Step())
        for (int row = clipper.DisplayStart; row < clipper.DisplayEnd; ++row) {
            const cv::Matrix& matrix = (*matrices_)[order_[static_cast<std::size_t>(row)]];
            draw_row(matrix, &matrix == selected, context);
        }
    ImGui::EndTable();
}

} // namespace attnscope::ui
