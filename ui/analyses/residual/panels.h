// The panels of the low-rank workspace: the curve over ranks, the map of heads and its switches, variance and spectrum
// of a head.
#pragma once

#include "ui/analyses/residual/panel.h"

namespace attnscope::ui {

class ResidualCurvePanel final : public ResidualPanel {
public:
    ResidualCurvePanel() : ResidualPanel("residual.curve") {}
    PanelHelp help() const override;

protected:
    Needs needs() const override { return Needs::sweep; }
    Figure drawn(const Shown& shown) const override { return residual::curve_figure(shown.view, *shown.result); }
    void body(PanelContext& context) override;
    FigureViewOptions view_options(PanelContext& context) override;
    void respond(const FigureInteraction& interaction, PanelContext& context) override;
};

class ResidualMapPanel final : public ResidualPanel {
public:
    ResidualMapPanel() : ResidualPanel("residual.map") {}
    PanelHelp help() const override;

protected:
    Needs needs() const override { return Needs::spectra; }
    Figure drawn(const Shown& shown) const override;
    void body(PanelContext& context) override;
    void respond(const FigureInteraction& interaction, PanelContext& context) override;
};

class ResidualVariancePanel final : public ResidualPanel {
public:
    ResidualVariancePanel() : ResidualPanel("residual.variance") {}
    PanelHelp help() const override;

protected:
    Needs needs() const override { return Needs::spectra; }
    Figure drawn(const Shown& shown) const override {
        return residual::variance_figure(shown.view, shown.spectra->heads_found);
    }
};

class ResidualSpectrumPanel final : public ResidualPanel {
public:
    ResidualSpectrumPanel() : ResidualPanel("residual.spectrum") {}
    PanelHelp help() const override;

protected:
    Needs needs() const override { return Needs::spectra; }
    Figure drawn(const Shown& shown) const override {
        return residual::spectrum_figure(shown.view, shown.spectra->heads_found);
    }
};

} // namespace attnscope::ui
