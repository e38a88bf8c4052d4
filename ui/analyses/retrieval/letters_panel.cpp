#include "ui/analyses/retrieval/letters_panel.h"

#include "widgets/text_layout.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace attnscope::ui {

namespace {

float full_ink(std::span<const float> keys) {
    float largest = 0;
    for (const float value : keys) largest = std::max(largest, std::abs(value));
    return largest;
}

const retrieval::Ranked* strongest(const retrieval::Trace& trace, std::size_t t) {
    return t >= 1 && t < trace.steps.size() && !trace.steps[t].top.empty() ? &trace.steps[t].top.front() : nullptr;
}

} // namespace

PanelHelp LettersPanel::help() const {
    return {"A toy bank whose memories are drawn letters. Draw a query with the left button (erase with the middle "
            "one), or erase half of a letter; the row of pictures shows the state after each step, with the letter of "
            "the largest weight. Low β gives the mean of all letters, high β the nearest one, and mixtures between. "
            "Click a picture of the row to move the step; click a memory to inspect it, double-click to query with it.",
            "q ← M̃ᵀ softmax(β M̃ q), shown as q + μ", "Ramsauer et al. 2021, arXiv:2008.02217"};
}

RetrievalPanel::Answer LettersPanel::ask(RetrievalSlots& slots) {
    Answer answer;
    const auto spectrum = slots.spectrum();
    const auto traces = slots.trace();
    answer.add(spectrum);
    answer.add(traces);
    spectrum_ = spectrum.result;
    traces_ = traces.result;
    const auto bank = slots.view().bank;
    answer.ready = answer.ready && !traces_->traces.empty() && bank && bank->has_pictures();
    return answer;
}

Figure LettersPanel::build(const retrieval::View& view) {
    return letters_figure(view, *spectrum_, traces_->traces.front());
}

std::optional<Hint> LettersPanel::own_hint(PanelContext& context) const {
    const auto bank = context.state.bank();
    if (!bank || bank->has_pictures()) return std::nullopt;
    Hint hint{"These memories are no pictures",
              "This panel draws banks of small pictures. The letters are such a bank: draw a query, erase half of one, "
              "and watch the state become a letter.",
              {}};
    for (const Source& source : context.state.sources)
        if (source.bank && source.bank->has_pictures()) {
            hint.actions.push_back(
                {"Use " + source.name, command("selection.bank", {{"source", std::int64_t{source.id}}})});
            break;
        }
    if (hint.actions.empty()) hint.actions.push_back({"Open the sample", command("file.sample")});
    return hint;
}

std::vector<float> LettersPanel::query_picture(PanelContext& context) const {
    const QueryChoice& choice = context.state.view.selection.query;
    const auto bank = context.state.bank();
    if (choice.kind == QueryChoice::Kind::drawing && choice.drawing.size() == bank->d) return choice.drawing;
    std::vector<float> picture = context.services.retrieval().query();
    picture.resize(bank->d, -1.0f);
    const float ink = full_ink(picture);
    for (float& value : picture) value = ink > 0 ? value / ink : -1;
    return picture;
}

void LettersPanel::draw_pad(PanelContext& context, float side) {
    const auto bank = context.state.bank();
    const auto query = query_picture(context);
    if (pad_.draw("##query pad", query, bank->picture_width, bank->picture_height, side, tool_, context.theme))
        context.emit("query.drawing", {{"values", std::vector<double>(pad_.values().begin(), pad_.values().end())}});
    if (!pad_.drawing()) ImGui::SetItemTooltip("The query. Left button draws, middle button erases.");
}

void LettersPanel::draw_tools(PanelContext& context, float width) {
    const auto bank = context.state.bank();
    const float em = ImGui::GetFontSize(), gap = em * 0.3f, half = (width - gap) / 2;
    const auto emit_picture = [&](const char* command_id, const std::vector<float>& values) {
        context.emit(command_id, {{"values", std::vector<double>(values.begin(), values.end())}});
    };
    const auto tool = [&](const char* label, DrawingPad::Tool which) {
        const bool on = tool_ == which;
        if (on) {
            ImGui::PushStyleColor(ImGuiCol_Button, context.theme.accent);
            ImGui::PushStyleColor(ImGuiCol_Text, context.theme.accent_text);
        }
        if (ImGui::Button(label, {half, 0})) tool_ = which;
        if (on) ImGui::PopStyleColor(2);
    };
    tool("Pen", DrawingPad::Tool::pen);
    ImGui::SameLine(0, gap);
    tool("Eraser", DrawingPad::Tool::eraser);
    if (ImGui::Button("Clear", {half, 0})) emit_picture("query.drawing", std::vector<float>(bank->d, -1.0f));
    ImGui::SetItemTooltip("Blank paper to draw on");
    ImGui::SameLine(0, gap);
    if (ImGui::Button("Erase half", {half, 0})) ImGui::OpenPopup("halves");
    if (ImGui::BeginPopup("halves")) {
        const std::pair<const char*, DrawingPad::Half> halves[]{{"Lower half", DrawingPad::Half::lower},
                                                                {"Upper half", DrawingPad::Half::upper},
                                                                {"Left half", DrawingPad::Half::left},
                                                                {"Right half", DrawingPad::Half::right}};
        for (const auto& [label, which] : halves)
            if (ImGui::MenuItem(label))
                emit_picture("query.drawing", DrawingPad::without(query_picture(context), bank->picture_width,
                                                                  bank->picture_height, which));
        ImGui::EndPopup();
    }
    if (ImGui::Button("Add as memory", {width, 0})) emit_picture("retrieval.add_memory", query_picture(context));
    ImGui::SetItemTooltip("A new bank with this picture as one more memory");
}

void LettersPanel::show_states(const Bank& bank, Theme theme) {
    if (states_of_ == traces_ && states_theme_ == theme && !states_.empty()) return;
    states_of_ = traces_;
    states_theme_ = theme;
    const retrieval::Trace& trace = traces_->traces.front();
    // One scale for all: a faint state is a mixture, not a badly lit letter.
    const float ink = full_ink(bank.keys);
    states_.fill(int(trace.states.size()), bank.picture_width, bank.picture_height, [&](int t) {
        return picture_pixels(retrieval::raw_state(trace.states[std::size_t(t)], *spectrum_, trace.mode), ink, theme);
    });
}

void LettersPanel::draw_states(PanelContext& context, const Bank& bank) {
    show_states(bank, context.theme.theme);
    const retrieval::Trace& trace = traces_->traces.front();
    const float em = ImGui::GetFontSize(), gap = em * 0.5f, strength = answer().stale ? 0.6f : 1;
    const float width = ImGui::GetContentRegionAvail().x;
    const int count = states_.count();
    const int columns = std::clamp(int((width + gap) / (em * 4.2f + gap)), 1, std::max(1, count));
    const float side = std::min((width + gap) / float(columns) - gap, em * 6);
    const float height = side * float(bank.picture_height) / float(bank.picture_width);
    ImDrawList& draw = *ImGui::GetWindowDrawList();
    ImGui::TextDisabled("State after each step");
    const int selected = std::clamp(context.state.view.selection.step, 0, std::max(0, count - 1));
    for (int t = 0; t < count; ++t) {
        if (t % columns != 0) ImGui::SameLine(0, gap);
        ImGui::BeginGroup();
        ImGui::PushID(t);
        const ImVec2 at = ImGui::GetCursorScreenPos(), end{at.x + side, at.y + height};
        if (ImGui::InvisibleButton("state", {side, height}))
            context.emit("retrieval.step", {{"value", std::int64_t{t}}});
        const bool hovered = ImGui::IsItemHovered();
        states_.draw(draw, t, at, end, strength);
        const bool chosen = t == selected;
        draw.AddRect(at, end, ImGui::GetColorU32(chosen || hovered ? context.theme.accent : context.theme.border), 0,
                     chosen ? em * 0.16f : 1);
        char label[64];
        if (const auto* top = strongest(trace, std::size_t(t)))
            std::snprintf(label, sizeof label, "t %d · %.20s %.2f", t, memory_label(bank, top->index).c_str(),
                          top->weight);
        else
            std::snprintf(label, sizeof label, "t %d · query", t);
        ImGui::TextColored(chosen ? context.theme.text : context.theme.muted_text, "%s", elide(label, side).c_str());
        ImGui::PopID();
        ImGui::EndGroup();
    }
}

void LettersPanel::draw_memories(PanelContext& context, const Bank& bank) {
    const PictureSheet* const sheet = pictures().of(context.state.bank(), context.theme.theme);
    const retrieval::Trace& trace = traces_->traces.front();
    const std::size_t at_step =
        std::clamp<std::size_t>(std::size_t(std::max(1, context.state.view.selection.step)), 1, trace.steps.size() - 1);
    const float em = ImGui::GetFontSize(), gap = em * 0.4f, bar = em * 0.35f;
    ImGui::Spacing();
    ImGui::TextDisabled("Memories and their weights");
    if (!ImGui::BeginChild("##memories", {0, 0})) {
        ImGui::EndChild();
        return;
    }
    const float width = ImGui::GetContentRegionAvail().x;
    const int count = int(std::min<std::size_t>(bank.n, std::size_t(sheet->count())));
    const int columns = std::max(1, int((width + gap) / (em * 2.8f + gap)));
    const float side = std::min((width + gap) / float(columns) - gap, em * 3.4f);
    const float height = side * float(bank.picture_height) / float(bank.picture_width), pitch = height + bar + gap;
    ImDrawList& draw = *ImGui::GetWindowDrawList();
    const ImVec2 origin = ImGui::GetCursorScreenPos();
    ImGuiListClipper clipper;
    clipper.Begin((count + columns - 1) / columns, pitch);
    while (clipper.Step()) {
        for (int i = clipper.DisplayStart * columns; i < std::min(count, clipper.DisplayEnd * columns); ++i) {
            const ImVec2 at{origin.x + float(i % columns) * (side + gap), origin.y + float(i / columns) * pitch};
            const ImVec2 end{at.x + side, at.y + height};
            ImGui::SetCursorScreenPos(at);
            ImGui::PushID(i);
            ImGui::InvisibleButton("memory", {side, height + bar});
            const bool hovered = ImGui::IsItemHovered();
            if (hovered && ImGui::IsMouseClicked(ImGuiMouseButton_Left))
                context.emit("selection.memory", {{"index", std::int64_t{i}}});
            if (hovered && ImGui::IsMouseDoubleClicked(ImGuiMouseButton_Left))
                context.emit("query.memory", {{"row", std::int64_t{i}}});
            if (hovered && ImGui::BeginItemTooltip()) {
                memory_tooltip(bank, std::size_t(i), context.theme, sheet);
                ImGui::EndTooltip();
            }
            ImGui::PopID();
            sheet->draw(draw, i, at, end);
            const bool chosen = context.state.view.selection.memory == std::uint32_t(i);
            draw.AddRect(at, end, ImGui::GetColorU32(chosen || hovered ? context.theme.accent : context.theme.border),
                         0, chosen ? em * 0.16f : 1);
            const auto& top = trace.steps[at_step].top;
            const auto found = std::find_if(top.begin(), top.end(),
                                            [i](const retrieval::Ranked& ranked) { return int(ranked.index) == i; });
            if (found == top.end()) continue;
            draw.AddRectFilled({at.x, end.y + 2}, {at.x + side * float(found->weight), end.y + 2 + bar * 0.6f},
                               ImGui::GetColorU32(context.theme.accent));
        }
    }
    clipper.End();
    ImGui::EndChild();
}

void LettersPanel::body(PanelContext& context) {
    const auto bank = context.state.bank();
    if (!bank || !bank->has_pictures()) return;
    const float em = ImGui::GetFontSize();
    const ImVec2 room = ImGui::GetContentRegionAvail();
    // Three rows of tools stand under the pad.
    const float tools = ImGui::GetFrameHeightWithSpacing() * 3 + em * 1.6f;
    const float side = std::clamp(std::min(room.x * 0.36f, room.y - tools), em * 6, em * 18);
    ImGui::BeginGroup();
    ImGui::TextDisabled("Query");
    draw_pad(context, side);
    draw_tools(context, side);
    ImGui::EndGroup();
    ImGui::SameLine(0, em);
    if (ImGui::BeginChild("##right", {0, 0})) {
        draw_states(context, *bank);
        draw_memories(context, *bank);
    }
    ImGui::EndChild();
}

} // namespace attnscope::ui
