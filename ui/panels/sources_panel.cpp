// Sources: everything that is open, by kind, with what it holds, how far it has loaded, or why it cannot be used.
#include "panels/chrome.h"
#include "widgets/controls.h"
#include "widgets/text_layout.h"
#include "workspaces.h"

#include <misc/cpp/imgui_stdlib.h>

#include <algorithm>
#include <array>

namespace attnscope::ui {

namespace {

struct Group {
    SourceKind kind;
    const char *title, *empty;
};
constexpr std::array groups{
    Group{SourceKind::bank, "BANKS", "drop a file of embeddings, or open one"},
    Group{SourceKind::encoder, "ENCODERS", "drop the folder of a sentence encoder"},
    Group{SourceKind::model, "MODELS", nullptr},
    Group{SourceKind::prompt, "QUERIES", nullptr},
    Group{SourceKind::queries, "QUERY VECTORS", nullptr},
    Group{SourceKind::result, "RESULTS", nullptr},
};

bool is_selected(const AppState& state, const Source& source) {
    const Selection& selection = state.view.selection;
    switch (source.kind) {
    case SourceKind::bank: return selection.bank == source.id;
    case SourceKind::encoder: return selection.encoder == source.id;
    case SourceKind::prompt: return selection.query.kind == QueryChoice::Kind::prompt && selection.query.source == source.id;
    case SourceKind::queries: return selection.query.kind == QueryChoice::Kind::file && selection.query.source == source.id;
    default: return false;
    }
}

void select(ChromeContext& context, const Source& source) {
    const Arguments number{{"source", std::int64_t{source.id}}};
    switch (source.kind) {
    case SourceKind::bank: context.emit("selection.bank", number); break;
    case SourceKind::encoder: context.emit("selection.encoder", number); break;
    case SourceKind::prompt: context.emit("query.prompt", number); break;
    case SourceKind::queries: context.emit("query.file", number); break;
    case SourceKind::result: context.emit("source.retry", number); break;
    case SourceKind::model: break;
    }
}

void heading(const char* text, const ThemeColours& theme) {
    ImGui::Dummy({0, ImGui::GetFontSize() * 0.25f});
    styled_text(text, theme.muted_text, nullptr, 0.82f);
}

void wrapped(const std::string& text, const ImVec4& colour, float scale = 0.86f) {
    ImGui::PushTextWrapPos(0);
    styled_text(text, colour, nullptr, scale);
    ImGui::PopTextWrapPos();
}

}  // namespace

void SourcesPanel::row(ChromeContext& context, const Source& source) {
    const ThemeColours& theme = context.theme;
    const float em = ImGui::GetFontSize();
    const bool selected = is_selected(context.state, source);
    const Arguments number{{"source", std::int64_t{source.id}}};
    ImGui::PushID(static_cast<int>(source.id));
    const std::string name = elide(source.name, ImGui::GetContentRegionAvail().x - em * 0.6f);
    ImGui::PushFont(selected ? theme.fonts.bold : nullptr, 0);
    ImGui::PushStyleColor(ImGuiCol_Text, source.error ? theme.error : selected ? theme.accent : theme.text);
    if (ImGui::Selectable((name + "###row").c_str(), selected)) select(context, source);
    ImGui::PopStyleColor();
    ImGui::PopFont();
    if (ImGui::IsItemHovered(ImGuiHoveredFlags_DelayNormal) && !source.path.empty())
        ImGui::SetTooltip("%s", source.path.string().c_str());
    if (ImGui::BeginPopupContextItem("source menu")) {
        if (ImGui::MenuItem("Select", nullptr, selected, !source.error)) select(context, source);
        if (source.kind == SourceKind::bank && ImGui::MenuItem("Pin this view as A", nullptr, false, selected))
            context.emit("view.pin");
        if (!source.path.empty()) {
            ImGui::Separator();
            if (ImGui::MenuItem("Load again", nullptr, false, !source.loading)) context.emit("source.retry", number);
            if (ImGui::MenuItem("Locate…", nullptr, false, !source.loading)) context.emit("source.locate", number);
        }
        ImGui::Separator();
        if (ImGui::MenuItem("Unload")) context.emit("source.unload", number);
        ImGui::EndPopup();
    }
    ImGui::Indent(em * 0.6f);
    if (source.loading) {
        const float share = source.progress.fraction >= 0 ? float(source.progress.fraction) : -float(context.seconds);
        ImGui::ProgressBar(share, {-FLT_MIN, em * 0.3f}, "");
        std::string words = source.progress.stage.empty() ? "loading" : source.progress.stage;
        if (source.progress.seconds_left >= 1) words += " · " + time_left(source.progress.seconds_left);
        wrapped(words, theme.muted_text);
    } else if (source.error) {
        wrapped(source.error->what(), theme.error);
        if (ImGui::SmallButton("Load again")) context.emit("source.retry", number);
        ImGui::SameLine();
        if (ImGui::SmallButton("Locate…")) context.emit("source.locate", number);
        ImGui::SameLine();
        if (ImGui::SmallButton("Unload")) context.emit("source.unload", number);
    } else if (!source.detail.empty()) {
        wrapped(source.detail, theme.muted_text);
    }
    ImGui::Unindent(em * 0.6f);
    ImGui::PopID();
}

void SourcesPanel::prompt_entry(ChromeContext& context) {
    const AppState& state = context.state;
    const QueryChoice& query = state.view.selection.query;
    const Source* prompt = query.kind == QueryChoice::Kind::prompt ? state.find(query.source) : nullptr;
    const float em = ImGui::GetFontSize();
    const bool pictures = state.bank() && state.bank()->picture_width > 0;
    const bool can_embed = state.encoder() != nullptr && !pictures;
    if (!prompt) starting_new_ = false;
    if (!editing_ && !starting_new_) typed_ = prompt ? prompt->prompt : "";
    ImGui::BeginDisabled(!can_embed);
    ImGui::SetNextItemWidth(-FLT_MIN);
    if (focus_wanted_) ImGui::SetKeyboardFocusHere();
    focus_wanted_ = false;
    const bool changed = ImGui::InputTextWithHint("##query text", can_embed ? "type a query" : "no encoder for this bank",
                                                  &typed_);
    editing_ = ImGui::IsItemActive();
    if (ImGui::IsItemDeactivated()) starting_new_ = false;
    ImGui::SetItemTooltip("Embedded as you type");
    if (changed) {
        const bool has_words = typed_.find_first_not_of(" \t") != std::string::npos;
        // What is typed changes the selected prompt; without one its first letters make one.
        if (prompt && !starting_new_) {
            context.emit("prompt.edit", {{"source", std::int64_t{prompt->id}}, {"text", typed_}});
        } else if (has_words) {
            context.emit("query.text", {{"text", typed_}});
            starting_new_ = false;
        }
    }
    if (ImGui::SmallButton("new")) {
        starting_new_ = focus_wanted_ = true;
        typed_.clear();
    }
    ImGui::SetItemTooltip("Type another query and keep this one");
    ImGui::EndDisabled();
    if (state.bank()) {
        ImGui::SameLine();
        if (ImGui::SmallButton("a memory…")) context.emit("edit.type_memory");
        ImGui::SetItemTooltip("Query with a memory of the bank, by its number");
    }
    const auto kind = query.kind;
    if (kind == QueryChoice::Kind::memory || kind == QueryChoice::Kind::drawing) {
        const auto label = context.services.retrieval().query_label();
        if (!label.empty()) {
            styled_text(kind == QueryChoice::Kind::memory ? "memory" : "", context.theme.muted_text, nullptr, 0.86f);
            if (kind == QueryChoice::Kind::memory) ImGui::SameLine(0, em * 0.4f);
            styled_text(elide(label, ImGui::GetContentRegionAvail().x), context.theme.accent, context.theme.fonts.bold);
        }
    }
}

void SourcesPanel::draw(ChromeContext& context) {
    const AppState& state = context.state;
    const ThemeColours& theme = context.theme;
    if (ImGui::Begin(sources_window, nullptr, ImGuiWindowFlags_NoCollapse)) {
        const auto has = [&](SourceKind kind) {
            return std::any_of(state.sources.begin(), state.sources.end(), [kind](const Source& s) { return s.kind == kind; });
        };
        if (!has(SourceKind::bank)) {
            wrapped("Drop files anywhere in the window, or", theme.muted_text, 1);
            if (ImGui::Button("Open the sample", {-FLT_MIN, 0})) context.emit("file.sample");
            if (ImGui::Button("Open…", {-FLT_MIN, 0})) context.emit("file.open");
        }
        for (const auto& [kind, title, empty] : groups) {
            const bool prompts = kind == SourceKind::prompt && state.bank();
            if (!has(kind) && !empty && !prompts) continue;
            heading(title, theme);
            for (const Source& source : state.sources)
                if (source.kind == kind) row(context, source);
            if (prompts) prompt_entry(context);
            if (!has(kind) && empty) wrapped(empty, theme.muted_text);
        }
        if (state.pinned) {
            heading("PINNED", theme);
            if (ImGui::Selectable(("A: " + elide(state.pinned->title, ImGui::GetContentRegionAvail().x * 0.85f)).c_str()))
                context.emit("view.show_pin");
            ImGui::SetItemTooltip("Go to A: %s", state.pinned->title.c_str());
            if (ImGui::SmallButton("Unpin")) context.emit("view.unpin");
        }
    }
    ImGui::End();
}

}  // namespace attnscope::ui
