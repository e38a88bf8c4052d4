// What the panels of the CV bands workspace have in common: asking its slots for the matrices of the model or for the
// experiment, building the figure when its inputs changed, comparing it with the pinned view, and words where there is
// none.
#pragma once

#include "shell/figure_panel.h"

#include <attnscope/cv_figures.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace attnscope::ui {

class CvPanel : public FigurePanel {
public:
    using FigurePanel::FigurePanel;
    std::string title() const override { return cv::panel_title(id()); }
    Workspace workspace() const final { return Workspace::cv; }

protected:
    /// Asks the slots and keeps what they have for build().
    virtual Answer ask(CvSlots& slots) = 0;
    virtual Figure build(const cv::View& view) = 0;
    /// The same for the pinned view: its curves are laid over the current ones, its map is subtracted or put beside.
    virtual Answer ask_pinned(CvSlots&) { return {}; }
    virtual Figure build_pinned(const cv::View& view) = 0;

private:
    struct Key {
        std::vector<std::uint64_t> generations;
        cv::View view, pinned_view;
        bool beside = false;
        bool operator==(const Key&) const = default;
    };
    void update(PanelContext& context) final;

    Key key_;
};

/// A panel about the matrices of the open model.
class CvModelPanel : public CvPanel {
public:
    using CvPanel::CvPanel;
    void let_go() override {
        CvPanel::let_go();
        matrices_.reset();
        pinned_.reset();
    }

protected:
    using Matrices = std::shared_ptr<const std::vector<cv::Matrix>>;
    virtual Figure draw_matrices(const cv::View& view, const std::vector<cv::Matrix>& matrices) const = 0;
    /// Whether A is laid over it.
    virtual bool compares() const { return false; }
    Answer ask(CvSlots& slots) override;
    Figure build(const cv::View& view) override { return draw_matrices(view, *matrices_); }
    Answer ask_pinned(CvSlots& slots) override;
    Figure build_pinned(const cv::View& view) override { return draw_matrices(view, *pinned_); }
    std::optional<Hint> hint(PanelContext& context) const override;
    std::optional<std::pair<std::string, Progress>> loading(PanelContext& context) const override;
    FigureViewOptions view_options(PanelContext& context) override;
    void respond(const FigureInteraction& interaction, PanelContext& context) override;

    Matrices matrices_, pinned_;
};

/// A panel about the experiment.
class CvExperimentPanel : public CvPanel {
public:
    using CvPanel::CvPanel;
    void let_go() override {
        CvPanel::let_go();
        experiment_.reset();
        pinned_.reset();
    }

protected:
    virtual Figure draw_experiment(const cv::View& view, const cv::Experiment& experiment) const = 0;
    Answer ask(CvSlots& slots) override;
    Figure build(const cv::View& view) override { return draw_experiment(view, *experiment_); }
    Answer ask_pinned(CvSlots& slots) override;
    Figure build_pinned(const cv::View& view) override { return draw_experiment(view, *pinned_); }
    std::optional<Hint> hint(PanelContext& context) const override;
    std::optional<std::pair<std::string, Progress>> loading(PanelContext&) const override { return std::nullopt; }

    cv::ExperimentPtr experiment_, pinned_;
};

/// Selects a matrix of the model: its kind, and its layer and head where it has them.
void emit_selection(PanelContext& context, const std::vector<cv::Matrix>& matrices, const cv::Matrix& matrix);

} // namespace attnscope::ui
