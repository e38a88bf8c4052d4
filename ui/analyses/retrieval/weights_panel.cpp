#include "ui/analyses/retrieval/weights_panel.h"

#include "widgets/text_layout.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace attnscope::ui {

namespace {

constexpr float bar_width = 5.5f, narrow = 27; // × font height

/// The step whose weights belong to the state under the cursor: the one that led there, the first at the start.
const retrieval::Step* weights_of(const retrieval::TraceResult& traces, int step) {
    if (traces.traces.empty()) return nullptr;
    const auto& steps = traces.traces.front().steps;
    if (steps.size() < 2) return nullptr;
    return &steps[std::clamp<std::size_t>(std::size_t(std::max(step, 1)), 1, steps.size() - 1)];
}

std::string weight_text(double weight) {
    char text[32];
    std::snprintf(text, sizeof text, weight >= 0.001 || weight == 0 ? "%.4f" : "%.1e", weight);
    return text;
}

/// A dot for a memory that is in a list, a ring for one that is not.
void draw_mark(ImDrawList& draw, ImVec2 centre, float radius, bool in, ImU32 colour) {
    if (in)
        draw.AddCircleFilled(centre, radius, colour, 12);
    else
        draw.AddCircle(centre, radius, ImGui::GetColorU32(ImGuiCol_TextDisabled, 0.5f), 12, 1);
}

} // namespace

PanelHelp RetrievalWeightsPanel::help() const {
    return {"The softmax weights of the step that led to the state under the cursor: the memories with the largest, "
            "with their texts, and all of them sorted on logarithmic axes. exp H counts the memories that share the "
            "weight. The two marks say whether a memory is among the five nearest of the raw query in the raw bank, "
            "and among the five largest weights of the first step in this mode. Click a memory to inspect it, "
            "double-click to query with it.",
            "α = softmax(β M̃ q),  H = −Σ αᵢ ln αᵢ",
            "Ramsauer et al. 2021, Hopfield Networks is All You Need, arXiv:2008.02217"};
}

RetrievalPanel::Answer RetrievalWeightsPanel::ask(RetrievalSlots& slots) {
    Answer answer;
    const auto asked = slots.trace();
    answer.add(asked);
    traces_ = asked.result;
    step_ = traces_ ? weights_of(*traces_, slots.view().step) : nullptr;
    answer.ready = answer.ready && step_;
    return answer;
}

Figure RetrievalWeightsPanel::build(const retrieval::View& view) {
    return retrieval::weights_figure(view, traces_->traces.front());
}

RetrievalPanel::Answer RetrievalWeightsPanel::ask_pinned(RetrievalSlots& slots) {
    Answer answer;
    const auto asked = slots.trace();
    answer.add(asked);
    pinned_traces_ = asked.result;
    pinned_step_ = slots.view().step;
    answer.ready = answer.ready && weights_of(*pinned_traces_, pinned_step_);
    return answer;
}

std::optional<Figure> RetrievalWeightsPanel::build_pinned(const retrieval::View& view) {
    return retrieval::weights_figure(view, pinned_traces_->traces.front());
}

std::optional<double> RetrievalWeightsPanel::pinned_weight(std::uint32_t index) const {
    const retrieval::Step* const step = weights_of(*pinned_traces_, pinned_step_);
    const auto found = std::find_if(step->top.begin(), step->top.end(),
                                    [index](const retrieval::Ranked& ranked) { return ranked.index == index; });
    return found == step->top.end() ? std::nullopt : std::optional(found->weight);
}

void RetrievalWeightsPanel::draw_row(PanelContext& context, std::size_t row, const retrieval::Ranked& ranked,
                                     float largest) {
    const ThemeColours& theme = context.theme;
    const auto bank = context.services.retrieval().view().bank;
    if (ranked.index >= bank->n) return;
    const float em = ImGui::GetFontSize(), strength = answer().stale ? 0.6f : 1;
    const PictureSheet* const pictures = this->pictures().of(bank, theme.theme);
    const float height = pictures ? em * 1.9f : em * 1.35f;
    ImDrawList& draw = *ImGui::GetWindowDrawList();
    const retrieval::Trace& trace = traces_->traces.front();
    const auto centred = [height, em] { ImGui::SetCursorPosY(ImGui::GetCursorPosY() + (height - em) / 2); };

    ImGui::TableNextRow(0, height);
    ImGui::TableNextColumn();
    const bool selected = context.state.view.selection.memory == ranked.index;
    const ImVec2 top = ImGui::GetCursorScreenPos();
    char name[32];
    std::snprintf(name, sizeof name, "##memory %zu", row);
    if (ImGui::Selectable(name, selected, ImGuiSelectableFlags_SpanAllColumns | ImGuiSelectableFlags_AllowDoubleClick,
                          {0, height})) {
        context.emit("selection.memory", {{"index", std::int64_t{ranked.index}}});
        if (ImGui::IsMouseDoubleClicked(ImGuiMouseButton_Left))
            context.emit("query.memory", {{"row", std::int64_t{ranked.index}}});
    }
    if (ImGui::IsItemHovered(ImGuiHoveredFlags_DelayNormal) && ImGui::BeginTooltip()) {
        memory_tooltip(*bank, ranked.index, theme, pictures);
        ImGui::EndTooltip();
    }
    ImGui::SetCursorScreenPos(top);
    centred();
    ImGui::TextDisabled("%zu", row + 1);

    ImGui::TableNextColumn();
    if (pictures) {
        const ImVec2 at = ImGui::GetCursorScreenPos();
        const float side = height - em * 0.15f;
        pictures->draw(draw, int(ranked.index), at, {at.x + side, at.y + side}, strength);
        ImGui::SetCursorScreenPos({at.x + side + em * 0.5f, at.y});
    }
    centred();
    if (theme.fonts.bold) ImGui::PushFont(theme.fonts.bold, 0);
    ImGui::TextUnformatted(elide(memory_label(*bank, ranked.index), ImGui::GetContentRegionAvail().x).c_str());
    if (theme.fonts.bold) ImGui::PopFont();

    if (ImGui::TableNextColumn()) {
        centred();
        const auto gloss = memory_gloss(*bank, ranked.index);
        ImGui::TextColored(theme.muted_text, "%s", elide(gloss, ImGui::GetContentRegionAvail().x).c_str());
    }
    if (ImGui::TableNextColumn()) {
        centred();
        const ImVec2 at = ImGui::GetCursorScreenPos();
        const float width = ImGui::GetContentRegionAvail().x, middle = at.y + em * 0.5f, half = em * 0.24f;
        draw.AddRectFilled({at.x, middle - half}, {at.x + width, middle + half}, ImGui::GetColorU32(ImGuiCol_FrameBg),
                           em * 0.1f);
        const float length = largest > 0 ? width * float(ranked.weight) / largest : 0;
        draw.AddRectFilled({at.x, middle - half}, {at.x + std::max(1.5f, length), middle + half},
                           element_colour({.role = Colour::Role::accent}, theme, strength), em * 0.1f);
        if (has_pinned()) {
            if (const auto before = pinned_weight(ranked.index)) {
                const float x = at.x + width * std::min(1.0f, float(*before) / std::max(largest, 1e-30f));
                draw.AddLine({x, middle - half * 1.8f}, {x, middle + half * 1.8f},
                             ImGui::GetColorU32(ImGuiCol_Text, 0.75f), em * 0.13f);
            }
        }
        ImGui::Dummy({width, 1});
    }
    const auto number = [&](const std::string& text, ImVec4 colour) {
        centred();
        if (theme.fonts.mono) ImGui::PushFont(theme.fonts.mono, 0);
        const float width = ImGui::CalcTextSize(text.c_str()).x;
        ImGui::SetCursorPosX(ImGui::GetCursorPosX() + std::max(0.0f, ImGui::GetContentRegionAvail().x - width));
        ImGui::TextColored(colour, "%s", text.c_str());
        if (theme.fonts.mono) ImGui::PopFont();
    };
    if (ImGui::TableNextColumn()) number(weight_text(ranked.weight), theme.text);
    if (has_pinned() && ImGui::TableNextColumn()) {
        const auto before = pinned_weight(ranked.index);
        char text[32] = "new";
        if (before) std::snprintf(text, sizeof text, "%+.4f", ranked.weight - *before);
        number(text, theme.muted_text);
        if (!before) ImGui::SetItemTooltip("Not among the largest weights of A");
    }
    if (ImGui::TableNextColumn()) {
        const auto in = [&](const std::vector<std::uint32_t>& list) {
            return std::find(list.begin(), list.end(), ranked.index) != list.end();
        };
        const ImVec2 at = ImGui::GetCursorScreenPos();
        const float y = at.y + height / 2, radius = em * 0.22f;
        draw_mark(draw, {at.x + em * 0.6f, y}, radius, in(trace.top5_raw),
                  element_colour({.role = Colour::Role::critical}, theme, strength));
        draw_mark(draw, {at.x + em * 1.5f, y}, radius, in(trace.top5_initial),
                  element_colour({.role = Colour::Role::accent}, theme, strength));
        ImGui::Dummy({em * 2, height});
        if (ImGui::IsItemHovered())
            ImGui::SetTooltip("%s the five nearest of the raw query in the raw bank\n%s the five largest weights of "
                              "the first step",
                              in(trace.top5_raw) ? "Among" : "Not among",
                              in(trace.top5_initial) ? "among" : "not among");
    }
}

void RetrievalWeightsPanel::draw_table(PanelContext& context, float height) {
    const float em = ImGui::GetFontSize(), width = ImGui::GetContentRegionAvail().x;
    const auto bank = context.services.retrieval().view().bank;
    const bool with_texts = width > narrow * em && !bank->texts.empty() && !memory_gloss(*bank, 0).empty();
    const int columns = has_pinned() ? 7 : 6;
    const ImGuiTableFlags flags = ImGuiTableFlags_SizingFixedFit | ImGuiTableFlags_ScrollY | ImGuiTableFlags_PadOuterX;
    if (!ImGui::BeginTable("##memories", columns, flags, {0, height})) return;
    const ImGuiTableColumnFlags fixed = ImGuiTableColumnFlags_WidthFixed;
    ImGui::TableSetupColumn("##rank", fixed, em * 1.3f);
    ImGui::TableSetupColumn("memory", ImGuiTableColumnFlags_WidthStretch, with_texts ? 0.9f : 1.0f);
    ImGui::TableSetupColumn("text", with_texts ? ImGuiTableColumnFlags_WidthStretch : ImGuiTableColumnFlags_Disabled,
                            1.6f);
    ImGui::TableSetupColumn("##bar", fixed, std::min(bar_width * em, width * 0.14f));
    ImGui::TableSetupColumn("weight α", fixed, em * 3.9f);
    if (has_pinned()) ImGui::TableSetupColumn("Δ to A", fixed, em * 4.3f);
    ImGui::TableSetupColumn("raw · first", fixed, em * 2.1f);
    float largest = 0;
    for (const retrieval::Ranked& ranked : step_->top) largest = std::max(largest, float(ranked.weight));
    for (std::size_t row = 0; row < step_->top.size(); ++row) draw_row(context, row, step_->top[row], largest);
    ImGui::EndTable();
}

void RetrievalWeightsPanel::body(PanelContext& context) {
    const float em = ImGui::GetFontSize();
    const ImVec2 room = ImGui::GetContentRegionAvail();
    const auto bank = context.services.retrieval().view().bank;
    const float row = (bank->has_pictures() ? em * 1.9f : em * 1.35f) + ImGui::GetStyle().CellPadding.y * 2;
    const float wanted = row * float(step_->top.size()) + em * 0.4f;
    // The curve takes what the table leaves, and at least two fifths.
    const float table = std::min(wanted, std::max(row * 3, room.y * 0.6f));
    draw_table(context, table);
    if (curve_generation_ != generation()) {
        curve_generation_ = generation();
        curve_ = shown();
        std::erase_if(curve_.axes, [](const Axes& axes) {
            return std::none_of(axes.elements.begin(), axes.elements.end(),
                                [](const Element& element) { return std::holds_alternative<Line>(element); });
        });
    }
    if (ImGui::GetContentRegionAvail().y > em * 5) draw_figure(curve_, context);
}

} // namespace attnscope::ui
