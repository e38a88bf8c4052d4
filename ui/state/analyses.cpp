#include "state/analysis.h"

#include <algorithm>
#include <array>

namespace attnscope::ui {

std::span<const Analysis> all_analyses() {
    static const std::array analyses{retrieval_analysis(), attention_analysis(), cv_analysis(),
                                     alignment_analysis(), jacobian_analysis(),  residual_analysis()};
    return analyses;
}

const Analysis& analysis_of(Workspace workspace) {
    return *std::ranges::find(all_analyses(), workspace, &Analysis::workspace);
}

const char* workspace_name(Workspace workspace) noexcept {
    return analysis_of(workspace).title;
}

const char* workspace_id(Workspace workspace) noexcept {
    return analysis_of(workspace).id;
}

bool reads_models(Workspace workspace) noexcept {
    return analysis_of(workspace).reads_models;
}

const std::vector<Timeline>& timelines_of(Workspace workspace) {
    return analysis_of(workspace).timelines;
}

Workspace parse_workspace(std::string_view id) {
    std::string known;
    for (const Analysis& analysis : all_analyses()) {
        if (id == analysis.id) return analysis.workspace;
        known += (known.empty() ? "" : " | ") + std::string(analysis.id);
    }
    throw Error(ErrorKind::usage, "workspace", known, std::string(id));
}

} // namespace attnscope::ui
