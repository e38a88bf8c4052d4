#include "shell/analysis_view.h"

#include <map>

namespace attnscope::ui {

const AnalysisView& view_of(Workspace workspace) {
    static const std::map<Workspace, AnalysisView> views{{Workspace::retrieval, retrieval_view()},
                                                         {Workspace::attention, attention_view()},
                                                         {Workspace::cv, cv_view()},
                                                         {Workspace::alignment, alignment_view()},
                                                         {Workspace::jacobian, jacobian_view()},
                                                         {Workspace::residual, residual_view()}};
    return views.at(workspace);
}

std::vector<std::unique_ptr<Panel>> make_panels() {
    std::vector<std::unique_ptr<Panel>> panels;
    for (const Workspace workspace : all_workspaces)
        for (auto& panel : view_of(workspace).panels()) panels.push_back(std::move(panel));
    return panels;
}

} // namespace attnscope::ui
