// All matrices with their numbers, as a table that can be sorted, clicked, and copied as CSV or LaTeX.
#pragma once

#include "ui/analyses/cv/panel.h"

namespace attnscope::ui {

class CvTablePanel final : public CvModelPanel {
public:
    CvTablePanel() : CvModelPanel("cv.table") {}
    PanelHelp help() const override;
    void let_go() override {
        CvModelPanel::let_go();
        order_.clear();
        ordered_.reset();
    }

protected:
    Figure draw_matrices(const cv::View& view, const std::vector<cv::Matrix>& matrices) const override {
        return cv::table_figure(view, matrices);
    }
    void body(PanelContext& context) override;

private:
    void sort(int column, bool descending);
    void draw_row(const cv::Matrix& matrix, bool selected, PanelContext& context) const;

    std::vector<std::uint32_t> order_; ///< of the rows shown
    Matrices ordered_;                 ///< what the order is of
    int column_ = 0;
    bool descending_ = false;
};

} // namespace attnscope::ui
