// One line at the bottom: what the shown result cost, what it was computed from, and how the window is doing; above it
// what commands had to say.
#include "chrome/chrome.h"
#include "state/source_loading.h"
#include "widgets/controls.h"

#include <imgui_internal.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace attnscope::ui {

namespace {

constexpr double notice_seconds = 6, error_seconds = 12;

std::string duration(double seconds) {
    char text[32];
    if (seconds < 1e-4)
        std::snprintf(text, sizeof text, "< 0.1 ms");
    else if (seconds < 0.01)
        std::snprintf(text, sizeof text, "%.1f ms", seconds * 1e3);
    else if (seconds < 1)
        std::snprintf(text, sizeof text, "%.0f ms", seconds * 1e3);
    else
        std::snprintf(text, sizeof text, "%.1f s", seconds);
    return text;
}

/// Words of the bar, set apart from the next.
void part(const std::string& text, const ImVec4& colour, const char* tooltip = nullptr) {
    styled_text(text, colour);
    if (tooltip) ImGui::SetItemTooltip("%s", tooltip);
    ImGui::SameLine(0, ImGui::GetFontSize() * 1.4f);
}

void retrieval_status(ChromeContext& context) {
    const ImVec4& muted = context.theme.muted_text;
    const auto bank = context.state.bank();
    if (!bank) return part("No bank is open", muted);
    const double seconds = context.services.retrieval().last_trace_seconds();
    if (seconds > 0) part("result " + duration(seconds), muted, "From asking to the result, for the newest step");
    part("float32 · sums float64", muted);
    part(grouped(bank->n) + " × " + grouped(bank->d), muted);
    part("exact", muted, "Every memory takes part in every step: nothing is sampled.\nPanels that sample say so.");
}

void attention_status(ChromeContext& context) {
    const ImVec4& muted = context.theme.muted_text;
    AttentionSlots& slots = context.services.attention();
    const ModelPtr model = slots.model();
    if (!model) return part("No model is open", muted);
    if (slots.forward_seconds() > 0)
        part("forward " + duration(slots.forward_seconds()) + " · head " + duration(slots.head_seconds()), muted,
             "The forward pass of all heads; one row of the selected head");
    part("float32", muted);
    if (const auto read = slots.read())
        part(grouped(read->ids.size()) + (read->ids.size() == 1 ? " token" : " tokens"), muted);
    const WeightMemory memory = model->memory();
    if (memory.converted > 0)
        part(megabytes(memory.converted) + " converted", muted,
             "Weights held as copies; the rest is read from the mapped file");
    part("exact", muted, "Nothing is sampled. Panels that sample say so.");
}

void cv_status(ChromeContext& context) {
    const ImVec4& muted = context.theme.muted_text;
    CvSlots& slots = context.services.cv();
    if (!slots.model()) return part("No model is open", muted);
    const auto matrices = slots.matrices();
    if (slots.seconds() > 0)
        part("measured in " + duration(slots.seconds()), muted, "Weights and activations together");
    if (matrices.result) part(grouped(matrices.result->size()) + " matrices", muted);
    part("float32 · volumes float64", muted);
    const cv::Parameters& parameters = context.state.view.cv.parameters;
    char text[96];
    std::snprintf(text, sizeof text, "%s simplices each, ± %.2g %%", grouped(parameters.samples).c_str(),
                  100 / std::sqrt(2.0 * double(parameters.samples)));
    part(text, muted, "Simplices are sampled: the standard error of a CV, relative, is about 1/√(2 · simplices)");
}

void alignment_status(ChromeContext& context) {
    const ImVec4& muted = context.theme.muted_text;
    AlignmentSlots& slots = context.services.alignment();
    if (!slots.has_source()) return part("No model and no grams are open", muted);
    const auto tables = slots.tables();
    if (slots.seconds() > 0) part("compared in " + duration(slots.seconds()), muted);
    if (tables.result) {
        const alignment::Operators& operators = *tables.result->operators;
        part(std::to_string(operators.layers) + " layers × " + std::to_string(operators.heads) + " heads · " +
                 std::to_string(operators.hidden) + " × " + std::to_string(operators.hidden) + " of rank " +
                 std::to_string(operators.head_dim),
             muted);
    }
    part("grams float32 in float64 sums · spectra float64 · exact", muted,
         "Nothing is sampled but the bands of chance");
}

void residual_status(ChromeContext& context) {
    const ImVec4& muted = context.theme.muted_text;
    const ResidualSlots& slots = context.services.residual();
    if (!slots.model()) return part("No model is open", muted);
    const auto result = slots.shown_result();
    if (result && result->seconds > 0)
        part((result->finished() ? "swept in " : "") + duration(result->seconds), muted,
             "Prefix and baseline, basis, A, B and the ranks");
    part("float32 · basis and losses float64", muted);
    if (const auto plan = slots.plan()) {
        const std::size_t tokens =
            static_cast<std::size_t>(plan->blocks * context.state.view.residual.parameters.seq_len);
        part(grouped(tokens) + " tokens evaluated, exact", muted, "Every token of the evaluated blocks counts");
    }
}

void jacobian_status(ChromeContext& context) {
    const ImVec4& muted = context.theme.muted_text;
    const JacobianSlots& slots = context.services.jacobian();
    const auto trained = context.services.training().experiment().result;
    if (trained)
        part(grouped(trained->finished()) + " of " + grouped(trained->runs.size()) + " runs trained", muted,
             "Of the experiment: every method with every softmax gradient that is ticked");
    if (slots.layers() == 0) {
        if (!trained) part("No model is open", muted);
        return;
    }
    if (slots.seconds() > 0)
        part("all heads in " + duration(slots.seconds()), muted,
             slots.captures() ? "Read and summed" : "Forward pass and gradients together");
    part(grouped(slots.sequences()) + (slots.sequences() == 1 ? " sequence of " : " sequences of ") +
             grouped(slots.length()),
         muted);
    part("float32 · sums float64", muted);
    part("exact", muted, "Nothing is sampled. Panels that sample say so.");
}

const char* hint_of(const AppState& state) {
    switch (state.view.workspace) {
    case Workspace::attention: return "click a head · drag the gain · K moves the query · Ctrl+P finds every command";
    case Workspace::alignment: return "drag across the profile to move the anchor · click a cell · K plays the anchor";
    case Workspace::residual:
        return "drag the rank · switch heads on the map · K plays the ranks · Ctrl+P finds every command";
    case Workspace::jacobian:
        if (state.timeline() == Timeline::step)
            return "drag in the curves · K plays the training · Ctrl+P finds every command";
        return "click a head · K plays the rows · Ctrl+P finds every command";
    case Workspace::cv: return "click a point or a cell · K plays the experiment · Ctrl+P finds every command";
    case Workspace::retrieval: break;
    }
    return "drag β · K plays the steps · Ctrl+P finds every command · F1 lists the keys";
}

} // namespace

void draw_status_bar(ChromeContext& context) {
    const float em = ImGui::GetFontSize(), height = em * 1.7f;
    ImGui::PushStyleColor(ImGuiCol_WindowBg, context.theme.panel_header);
    ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2(em, (height - em) / 2));
    ImGui::PushStyleVar(ImGuiStyleVar_WindowRounding, 0);
    ImGui::PushStyleVar(ImGuiStyleVar_WindowMinSize, ImVec2(1, 1));
    const auto flags = ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse |
                       ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoDocking | ImGuiWindowFlags_NoNav;
    if (ImGui::BeginViewportSideBar("##status", ImGui::GetMainViewport(), ImGuiDir_Down, height, flags)) {
        const ImVec4& muted = context.theme.muted_text;
        const Workspace workspace = context.state.view.workspace;
        switch (workspace) {
        case Workspace::retrieval: retrieval_status(context); break;
        case Workspace::attention: attention_status(context); break;
        case Workspace::cv: cv_status(context); break;
        case Workspace::alignment: alignment_status(context); break;
        case Workspace::residual: residual_status(context); break;
        case Workspace::jacobian: jacobian_status(context); break;
        }
        if (context.state.preferences.hints) {
            const char* const hint = hint_of(context.state);
            const float centred = (ImGui::GetWindowWidth() - ImGui::CalcTextSize(hint).x) / 2;
            ImGui::SameLine();
            if (centred > ImGui::GetCursorPosX()) {
                ImGui::SetCursorPosX(centred);
                styled_text(hint, muted);
                if (ImGui::IsItemClicked()) context.emit("help.hints");
                ImGui::SetItemTooltip("Click to put this away");
            }
        }
        char text[32] = "idle";
        if (context.frames_per_second > 0) std::snprintf(text, sizeof text, "%.0f fps", context.frames_per_second);
        const bool busy = !context.services.idle();
        const std::string right = busy && context.frames_per_second <= 0 ? "computing" : text;
        ImGui::SameLine(ImGui::GetWindowWidth() - ImGui::CalcTextSize(right.c_str()).x - em);
        styled_text(right, muted);
    }
    ImGui::End();
    ImGui::PopStyleVar(3);
    ImGui::PopStyleColor();
}

double draw_notices(ChromeContext& context) {
    double ends = 0;
    std::vector<const Notice*> shown;
    for (const Notice& notice : context.state.notices) {
        const double until = notice.since + (notice.is_error ? error_seconds : notice_seconds);
        if (until <= context.seconds) continue;
        shown.push_back(&notice);
        ends = ends == 0 ? until : std::min(ends, until);
    }
    if (shown.empty()) return 0;
    constexpr std::size_t at_most = 3;
    if (shown.size() > at_most) shown.erase(shown.begin(), shown.end() - at_most);
    const float em = ImGui::GetFontSize();
    const ImGuiViewport& viewport = *ImGui::GetMainViewport();
    ImGui::SetNextWindowPos(
        {viewport.WorkPos.x + viewport.WorkSize.x / 2, viewport.WorkPos.y + viewport.WorkSize.y - em}, ImGuiCond_Always,
        {0.5f, 1});
    ImGui::SetNextWindowSizeConstraints({em * 10, 0}, {std::max(em * 10, viewport.WorkSize.x * 0.6f), FLT_MAX});
    ImGui::PushStyleColor(ImGuiCol_WindowBg, ImGui::GetStyleColorVec4(ImGuiCol_PopupBg));
    if (ImGui::Begin("##notices", nullptr,
                     ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_AlwaysAutoResize |
                         ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoDocking |
                         ImGuiWindowFlags_NoFocusOnAppearing | ImGuiWindowFlags_NoNav | ImGuiWindowFlags_NoMove |
                         ImGuiWindowFlags_NoInputs)) {
        ImGui::BringWindowToDisplayFront(ImGui::GetCurrentWindow());
        ImGui::PushTextWrapPos(viewport.WorkSize.x * 0.58f);
        for (const Notice* notice : shown)
            styled_text(notice->text, notice->is_error ? context.theme.error : context.theme.text);
        ImGui::PopTextWrapPos();
    }
    ImGui::End();
    ImGui::PopStyleColor();
    return ends;
}

bool draw_quit_question(ChromeContext& context) {
    if (!context.state.quit_wanted) return false;
    auto jobs = context.services.jobs().jobs();
    std::erase_if(jobs, [](const JobStatus& job) { return !job.loses_work; });
    if (jobs.empty()) return true;
    constexpr const char* id = "Leave attnscope?";
    if (!ImGui::IsPopupOpen(id)) ImGui::OpenPopup(id);
    bool leave = false;
    ImGui::SetNextWindowPos(ImGui::GetMainViewport()->GetCenter(), ImGuiCond_Always, {0.5f, 0.5f});
    if (ImGui::BeginPopupModal(id, nullptr, ImGuiWindowFlags_AlwaysAutoResize | ImGuiWindowFlags_NoSavedSettings)) {
        ImGui::TextUnformatted("This is not finished yet:");
        for (const auto& job : jobs) ImGui::BulletText("%s", job.name.c_str());
        ImGui::Spacing();
        if (ImGui::Button("Leave")) leave = true;
        ImGui::SameLine();
        ImGui::SetItemDefaultFocus();
        if (ImGui::Button("Stay") || ImGui::IsKeyPressed(ImGuiKey_Escape)) {
            context.emit("file.stay");
            ImGui::CloseCurrentPopup();
        }
        ImGui::EndPopup();
    }
    return leave;
}

} // namespace attnscope::ui
