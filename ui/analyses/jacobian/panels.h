// The panels of the softmax gradient workspace: every head as a map, as bars and by its energies; one row; one head's
// maps.
#pragma once

#include "shell/figure_panel.h"

#include <attnscope/jacobian_figures.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace attnscope::ui {

class JacobianPanel : public FigurePanel {
public:
    using FigurePanel::FigurePanel;
    std::string title() const override { return jacobian::panel_title(id()); }
    Workspace workspace() const final { return Workspace::jacobian; }

protected:
    /// Asks the slots and keeps what they have for build().
    virtual Answer ask(JacobianSlots& slots) = 0;
    virtual Figure build(const jacobian::View& view) = 0;
    /// The same for the pinned view; not ready where A has no part in the figure.
    virtual Answer ask_pinned(JacobianSlots&) { return {}; }
    virtual Figure build_pinned(const jacobian::View&) { return {}; }
    std::optional<Hint> hint(PanelContext& context) const override;
    std::optional<std::pair<std::string, Progress>> loading(PanelContext& context) const override;

private:
    struct Key {
        std::vector<std::uint64_t> generations;
        jacobian::View view, pinned_view;
        bool beside = false;
        bool operator==(const Key&) const = default;
    };
    void update(PanelContext& context) final;

    Key key_;
};

/// A panel about all heads.
class JacobianHeadsPanel : public JacobianPanel {
public:
    using JacobianPanel::JacobianPanel;
    void let_go() override {
        JacobianPanel::let_go();
        result_.reset();
        pinned_.reset();
    }

protected:
    Answer ask(JacobianSlots& slots) override;
    std::shared_ptr<const jacobian::Result> result_, pinned_;
};

class JacobianMapPanel final : public JacobianHeadsPanel {
public:
    JacobianMapPanel() : JacobianHeadsPanel("jacobian.map") {}
    PanelHelp help() const override;

protected:
    Figure build(const jacobian::View& view) override { return jacobian::map_figure(view, *result_); }
    Answer ask_pinned(JacobianSlots& slots) override;
    Figure build_pinned(const jacobian::View& view) override { return jacobian::map_figure(view, *pinned_); }
    void respond(const FigureInteraction& interaction, PanelContext& context) override;
};

class JacobianBarsPanel final : public JacobianHeadsPanel {
public:
    JacobianBarsPanel() : JacobianHeadsPanel("jacobian.bars") {}
    PanelHelp help() const override;

protected:
    Figure build(const jacobian::View& view) override { return jacobian::bars_figure(view, *result_); }
};

class JacobianEnergyPanel final : public JacobianHeadsPanel {
public:
    JacobianEnergyPanel() : JacobianHeadsPanel("jacobian.energy") {}
    PanelHelp help() const override;

protected:
    Figure build(const jacobian::View& view) override { return jacobian::energy_figure(view, *result_); }
    FigureViewOptions view_options(PanelContext& context) override;
    void respond(const FigureInteraction& interaction, PanelContext& context) override;
};

/// A panel about one layer's maps.
class JacobianMapsOfLayerPanel : public JacobianPanel {
public:
    using JacobianPanel::JacobianPanel;
    void let_go() override {
        JacobianPanel::let_go();
        maps_.reset();
    }

protected:
    Answer ask(JacobianSlots& slots) override;
    std::shared_ptr<const jacobian::LayerMaps> maps_;
};

class JacobianRowPanel final : public JacobianMapsOfLayerPanel {
public:
    JacobianRowPanel() : JacobianMapsOfLayerPanel("jacobian.row") {}
    PanelHelp help() const override;

protected:
    Figure build(const jacobian::View& view) override { return jacobian::row_figure(view, maps_.get()); }
};

class JacobianMapsPanel final : public JacobianMapsOfLayerPanel {
public:
    JacobianMapsPanel() : JacobianMapsOfLayerPanel("jacobian.maps") {}
    PanelHelp help() const override;

protected:
    Figure build(const jacobian::View& view) override { return jacobian::maps_figure(view, maps_.get()); }
    void respond(const FigureInteraction& interaction, PanelContext& context) override;
};

} // namespace attnscope::ui
