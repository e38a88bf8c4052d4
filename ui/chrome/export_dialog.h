// Choosing how a figure is written, with a preview at its true size.
#pragma once

#include "shell/panel.h"
#include "widgets/texture.h"

#include <attnscope/slot.h>

#include <memory>
#include <optional>
#include <string>

namespace attnscope::ui {

class ExportDialog {
public:
    ExportDialog();
    ~ExportDialog();
    /// Shown while the state names a panel to export; emits figure.export or figure.close_export.
    void draw(PanelContext& context);

private:
    struct PreviewRequest {
        std::shared_ptr<const Figure> figure;
        std::string style;
        double width_mm = 0, dpi = 96;
        bool operator==(const PreviewRequest&) const = default;
    };
    struct Browser;

    void open(PanelContext& context);
    void take_figure(PanelContext& context);
    void draw_preview(PanelContext& context, float width, float height);
    void draw_choices(PanelContext& context, float width);
    void draw_path(PanelContext& context, float width);
    void choose_format(const std::string& extension);

    std::string panel_; ///< whose dialog is open; empty = closed
    std::string style_, own_style_, format_ = "pdf", path_;
    double width_mm_ = 0;
    float dpi_ = 300;
    bool recipe_ = true;
    std::shared_ptr<const Figure> figure_;
    View figure_view_; ///< that figure_ was taken in
    std::optional<Slot<PreviewRequest, Image>> preview_;
    std::uint64_t preview_generation_ = 0;
    Texture picture_;
    std::unique_ptr<Browser> browser_;
};

} // namespace attnscope::ui
