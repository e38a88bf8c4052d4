// Sources: everything that is open, by kind, with what it holds, how far it has loaded, or why it cannot be used.
#include "chrome/chrome.h"
#include "shell/workspaces.h"
#include "state/source_loading.h"
#include "widgets/controls.h"
#include "widgets/text_layout.h"

#include <imgui_internal.h>
#include <misc/cpp/imgui_stdlib.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <span>

namespace attnscope::ui {

namespace {

struct Group {
    SourceKind kind;
    const char *title, *empty; ///< `empty` null: the group shows only when it has something
};
constexpr std::array retrieval_groups{
    Group{SourceKind::bank, "BANKS", "drop a file of embeddings, or open one"},
    Group{SourceKind::encoder, "ENCODERS", "drop an encoder's folder or GGUF file"},
    Group{SourceKind::model, "MODELS", nullptr},
    Group{SourceKind::prompt, "QUERIES", nullptr},
    Group{SourceKind::texts, "TEXTS", nullptr},
    Group{SourceKind::queries, "QUERY VECTORS", nullptr},
    Group{SourceKind::capture, "CAPTURES", nullptr},
    Group{SourceKind::result, "RESULTS", nullptr},
};
constexpr std::array model_groups{
    Group{SourceKind::model, "MODELS", "drop a Hugging Face folder or a GGUF file"},
    Group{SourceKind::grams, "GRAMS", nullptr},
    Group{SourceKind::prompt, "PROMPTS", nullptr},
    Group{SourceKind::texts, "TEXTS", nullptr},
    Group{SourceKind::bank, "BANKS", nullptr},
    Group{SourceKind::encoder, "ENCODERS", nullptr},
    Group{SourceKind::queries, "QUERY VECTORS", nullptr},
    Group{SourceKind::capture, "CAPTURES", nullptr},
    Group{SourceKind::result, "RESULTS", nullptr},
};

std::span<const Group> groups_of(Workspace workspace) {
    return reads_models(workspace) ? std::span<const Group>(model_groups) : retrieval_groups;
}

bool is_selected(const AppState& state, const Source& source) {
    const Selection& selection = state.view.selection;
    const bool models = reads_models(state.view.workspace);
    const bool captured = state.view.workspace == Workspace::jacobian && selection.capture != 0;
    switch (source.kind) {
    case SourceKind::bank: return !models && selection.bank == source.id;
    case SourceKind::encoder: return !models && selection.encoder == source.id;
    case SourceKind::model:
        return models && selection.model == source.id &&
               !(state.view.workspace == Workspace::alignment && state.view.alignment.grams != 0) && !captured;
    case SourceKind::grams:
        return state.view.workspace == Workspace::alignment && state.view.alignment.grams == source.id;
    case SourceKind::capture: return captured && selection.capture == source.id;
    case SourceKind::texts: return models && selection.prompt == source.id;
    case SourceKind::prompt:
        if (models) return selection.prompt == source.id;
        return selection.query.kind == QueryChoice::Kind::prompt && selection.query.source == source.id;
    case SourceKind::queries:
        return !models && selection.query.kind == QueryChoice::Kind::file && selection.query.source == source.id;
    case SourceKind::result: break;
    }
    return false;
}

/// Selects it, in the workspace that shows what it is.
void select(ChromeContext& context, const Source& source) {
    const Arguments number{{"source", std::int64_t{source.id}}};
    const bool models = reads_models(context.state.view.workspace);
    const auto go_to = [&](Workspace workspace) {
        if (context.state.view.workspace != workspace)
            context.emit("view.workspace", {{"workspace", std::string(workspace_id(workspace))}});
    };
    switch (source.kind) {
    case SourceKind::bank:
        go_to(Workspace::retrieval);
        context.emit("selection.bank", number);
        break;
    case SourceKind::encoder:
        go_to(Workspace::retrieval);
        context.emit("selection.encoder", number);
        break;
    case SourceKind::grams: context.emit("alignment.grams", number); break;
    case SourceKind::model:
        context.emit("selection.model", number);
        context.emit("alignment.grams", {{"source", std::int64_t{0}}});
        if (!models) go_to(Workspace::attention);
        break;
    case SourceKind::texts:
        context.emit("selection.prompt", number);
        if (!models) go_to(Workspace::attention);
        break;
    case SourceKind::prompt: context.emit(models ? "selection.prompt" : "query.prompt", number); break;
    case SourceKind::queries:
        go_to(Workspace::retrieval);
        context.emit("query.file", number);
        break;
    case SourceKind::capture: context.emit("selection.capture", number); break;
    case SourceKind::result: context.emit("source.retry", number); break;
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

/// What of a model's weights is held in memory now.
void converted(const LanguageModel& model, const ThemeColours& theme) {
    const WeightMemory memory = model.memory();
    if (memory.converted == 0) return;
    wrapped(megabytes(memory.converted) + " converted", theme.muted_text);
    ImGui::SetItemTooltip("Weights held as copies, of at most %s; the others are read from the mapped file",
                          megabytes(memory.budget).c_str());
}

/// Which text of a set is read.
void text_chooser(ChromeContext& context, const Source& source) {
    const auto count = std::ssize(*source.texts);
    const auto now = std::clamp<std::int64_t>(context.state.view.selection.text, 0, count - 1);
    const auto choose = [&](std::int64_t index) {
        context.emit("selection.prompt", {{"source", std::int64_t{source.id}}, {"text", index}});
    };
    const float em = ImGui::GetFontSize();
    ImGui::BeginDisabled(now == 0);
    if (icon_button("##text before", Icon::back, "The text before", context.theme, false)) choose(now - 1);
    ImGui::EndDisabled();
    ImGui::SameLine(0, em * 0.1f);
    char format[32];
    std::snprintf(format, sizeof format, "%%.0f / %td", count);
    if (const auto typed = number_box("##which text", double(now), format, em * 5.5f, context.theme))
        choose(std::llround(std::clamp(*typed, 0.0, double(count - 1))));
    ImGui::SetItemTooltip("Which text is read, counted from 0");
    ImGui::SameLine(0, em * 0.1f);
    ImGui::BeginDisabled(now == count - 1);
    if (icon_button("##text after", Icon::forward, "The next text", context.theme, false)) choose(now + 1);
    ImGui::EndDisabled();
    bool all = context.state.view.attention.whole_set;
    if (ImGui::Checkbox("heads over all", &all)) context.emit("attention.whole_set", {{"on", all}});
    ImGui::SetItemTooltip("The map of heads is the mean over all texts of the set, with intervals");
}

} // namespace

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
        if (source.model && ImGui::MenuItem("Pin as A to compare")) context.emit("view.pin_model", number);
        if (source.encoder && !source.path.empty() && ImGui::MenuItem("Open as a model"))
            context.emit("source.open_as_model", number);
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
    if (source.model && selected) converted(*source.model, theme);
    if (source.texts && selected && !source.loading) text_chooser(context, source);
    ImGui::Unindent(em * 0.6f);
    ImGui::PopID();
}

void SourcesPanel::query_entry(ChromeContext& context) {
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
    const bool changed =
        ImGui::InputTextWithHint("##query text", can_embed ? "type a query" : "no encoder for this bank", &typed_);
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

void SourcesPanel::prompt_entry(ChromeContext& context) {
    const AppState& state = context.state;
    const float em = ImGui::GetFontSize();
    const Source* prompt = state.find(state.view.selection.prompt);
    if (prompt && prompt->kind != SourceKind::prompt) prompt = nullptr;
    if (!prompt) starting_new_ = false;
    if (!editing_ && !starting_new_) typed_ = prompt ? prompt->prompt : "";
    if (focus_wanted_) ImGui::SetKeyboardFocusHere();
    focus_wanted_ = false;
    const bool changed =
        ImGui::InputTextMultiline("##prompt text", &typed_, {-FLT_MIN, em * 7.2f}, ImGuiInputTextFlags_WordWrap);
    editing_ = ImGui::IsItemActive();
    if (ImGui::IsItemDeactivated()) starting_new_ = false;
    if (typed_.empty() && !editing_) {
        const ImVec2 corner = ImGui::GetItemRectMin(), padding = ImGui::GetStyle().FramePadding;
        ImGui::GetWindowDrawList()->AddText({corner.x + padding.x, corner.y + padding.y},
                                            ImGui::GetColorU32(ImGuiCol_TextDisabled), "type what the model reads");
    }
    if (editing_ && ImGui::GetIO().KeyCtrl) {
        if (ImGui::IsKeyPressed(ImGuiKey_UpArrow)) step_history(context, -1);
        if (ImGui::IsKeyPressed(ImGuiKey_DownArrow)) step_history(context, 1);
    }
    if (changed) {
        const bool has_words = typed_.find_first_not_of(" \t\r\n") != std::string::npos;
        if (prompt && !starting_new_) {
            context.emit("prompt.edit", {{"source", std::int64_t{prompt->id}}, {"text", typed_}});
        } else if (has_words) {
            context.emit("attention.text", {{"text", typed_}});
            starting_new_ = false;
        }
    }
    if (ImGui::SmallButton("new")) {
        starting_new_ = focus_wanted_ = true;
        typed_.clear();
    }
    ImGui::SetItemTooltip("Type another prompt and keep this one");
    ImGui::SameLine();
    if (ImGui::SmallButton("▲")) step_history(context, -1);
    ImGui::SetItemTooltip("The prompt before  Ctrl+Up");
    ImGui::SameLine(0, em * 0.2f);
    if (ImGui::SmallButton("▼")) step_history(context, 1);
    ImGui::SetItemTooltip("The next prompt  Ctrl+Down");
    bool chat = state.view.attention.chat;
    if (ImGui::Checkbox("as a chat message", &chat)) context.emit("attention.chat", {{"on", chat}});
    ImGui::SetItemTooltip(
        "Write the text as the model's chat template has a user's message, up to where the answer "
        "begins.\nFor models tuned on conversations; a base model has no template and reads plain text.");
}

void SourcesPanel::step_history(ChromeContext& context, int by) {
    std::vector<SourceId> prompts;
    for (const Source& source : context.state.sources)
        if (source.kind == SourceKind::prompt && !source.prompt.empty()) prompts.push_back(source.id);
    if (prompts.empty()) return;
    const auto at = std::ranges::find(prompts, context.state.view.selection.prompt);
    const auto last = std::ssize(prompts) - 1;
    const auto now = at == prompts.end() ? (by < 0 ? last + 1 : std::ptrdiff_t{-1}) : at - prompts.begin();
    const SourceId wanted = prompts[std::size_t(std::clamp<std::ptrdiff_t>(now + by, 0, last))];
    if (wanted == context.state.view.selection.prompt) return;
    editing_ = starting_new_ = false; // the box shows the other prompt from the next frame on
    ImGui::ClearActiveID();
    focus_wanted_ = true;
    context.emit("selection.prompt", {{"source", std::int64_t{wanted}}});
}

void SourcesPanel::draw(ChromeContext& context) {
    const AppState& state = context.state;
    const ThemeColours& theme = context.theme;
    const Workspace workspace = state.view.workspace;
    const bool models = reads_models(workspace);
    if (ImGui::Begin(sources_window(workspace), nullptr, ImGuiWindowFlags_NoCollapse)) {
        const auto has = [&](SourceKind kind) {
            return std::any_of(state.sources.begin(), state.sources.end(),
                               [kind](const Source& s) { return s.kind == kind; });
        };
        if (!has(models ? SourceKind::model : SourceKind::bank)) {
            wrapped("Drop files anywhere in the window, or", theme.muted_text, 1);
            if (ImGui::Button("Open the sample", {-FLT_MIN, 0})) context.emit("file.sample");
            if (ImGui::Button("Open…", {-FLT_MIN, 0})) context.emit("file.open");
        }
        for (const auto& [kind, title, empty] : groups_of(workspace)) {
            const bool prompts = kind == SourceKind::prompt && (models || state.bank());
            if (!has(kind) && !empty && !prompts) continue;
            heading(title, theme);
            for (const Source& source : state.sources)
                if (source.kind == kind) row(context, source);
            if (prompts && models) prompt_entry(context);
            if (prompts && !models) query_entry(context);
            if (!has(kind) && empty) wrapped(empty, theme.muted_text);
        }
        if (state.pinned) {
            heading("PINNED", theme);
            if (ImGui::Selectable(
                    ("A: " + elide(state.pinned->title, ImGui::GetContentRegionAvail().x * 0.85f)).c_str()))
                context.emit("view.show_pin");
            ImGui::SetItemTooltip("Go to A: %s", state.pinned->title.c_str());
            if (ImGui::SmallButton("Unpin")) context.emit("view.unpin");
        }
    }
    ImGui::End();
}

} // namespace attnscope::ui
