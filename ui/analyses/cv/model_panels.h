// The matrices of a model: on the band, as a map of heads, the volumes of one of them, and against their dimension.
#pragma once

#include "ui/analyses/cv/panel.h"

namespace attnscope::ui {

class CvBandPanel final : public CvModelPanel {
public:
    CvBandPanel() : CvModelPanel("cv.band") {}
    PanelHelp help() const override;

protected:
    Figure draw_matrices(const cv::View& view, const std::vector<cv::Matrix>& matrices) const override {
        return cv::band_figure(view, matrices);
    }
};

class CvMapPanel final : public CvModelPanel {
public:
    CvMapPanel() : CvModelPanel("cv.map") {}
    PanelHelp help() const override;

protected:
    Figure draw_matrices(const cv::View& view, const std::vector<cv::Matrix>& matrices) const override {
        return cv::map_figure(view, matrices);
    }
    bool compares() const override { return true; }
    Figure build(const cv::View& view) override;
    Figure build_pinned(const cv::View& view) override;
    void respond(const FigureInteraction& interaction, PanelContext& context) override;

private:
    cv::Kind shown_kind_ = cv::Kind::query; ///< the two views are compared in the kind of the current one
};

class CvVolumesPanel final : public CvModelPanel {
public:
    CvVolumesPanel() : CvModelPanel("cv.volumes") {}
    PanelHelp help() const override;

protected:
    Figure draw_matrices(const cv::View& view, const std::vector<cv::Matrix>& matrices) const override {
        return cv::volumes_figure(view, matrices);
    }
    /// Nothing in it is another matrix.
    void respond(const FigureInteraction&, PanelContext&) override {}
};

class CvDimensionPanel final : public CvModelPanel {
public:
    CvDimensionPanel() : CvModelPanel("cv.dimension") {}
    PanelHelp help() const override;

protected:
    Figure draw_matrices(const cv::View& view, const std::vector<cv::Matrix>& matrices) const override {
        return cv::dimension_figure(view, matrices);
    }
};

} // namespace attnscope::ui
