// The palette: every command by a few letters of its name, and its arguments asked one after another.
#include "chrome/chrome.h"
#include "state/shortcuts.h"
#include "widgets/controls.h"

#include <misc/cpp/imgui_stdlib.h>

#include <imgui_internal.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <sstream>

namespace attnscope::ui {

namespace {

bool is_word_start(std::string_view text, std::size_t i) {
    return i == 0 || text[i - 1] == ' ' || text[i - 1] == '.' || text[i - 1] == '_';
}

/// The first parameter that the command still needs.
const Parameter* missing(const CommandSpec& spec, const Command& command) {
    for (const auto& parameter : spec.parameters)
        if (!parameter.fallback && !command.arguments.contains(parameter.name)) return &parameter;
    return nullptr;
}

/// What was typed, as the parameter's type; texts stand for what cannot be read so that the check can name it.
Value typed_value(const Parameter& parameter, const std::string& text) {
    if (parameter.type == Parameter::Type::boolean) return text == "true" || text == "on" || text == "yes";
    if (parameter.type == Parameter::Type::numbers) {
        std::vector<double> numbers;
        std::istringstream words(text);
        for (double number = 0; words >> number;) numbers.push_back(number);
        return numbers;
    }
    if (parameter.type == Parameter::Type::text) return text;
    double number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    return failed == std::errc{} && end == text.data() + text.size() ? Value(number) : Value(text);
}

} // namespace

int fuzzy_score(std::string_view pattern, std::string_view text) {
    int score = 1;
    std::size_t at = 0;
    bool in_run = false;
    for (const char wanted : pattern) {
        if (wanted == ' ') continue;
        const auto same = [wanted](char c) {
            return std::tolower(static_cast<unsigned char>(c)) == std::tolower(static_cast<unsigned char>(wanted));
        };
        if (at < text.size() && in_run && same(text[at])) {
            score += 6;
            ++at;
            continue;
        }
        // The beginning of a word, if one fits, before the nearest letter.
        std::size_t found = std::string_view::npos;
        for (std::size_t i = at; i < text.size(); ++i) {
            if (!same(text[i])) continue;
            if (found == std::string_view::npos) found = i;
            if (is_word_start(text, i)) {
                found = i;
                break;
            }
        }
        if (found == std::string_view::npos) return 0;
        score += is_word_start(text, found) ? 8 : 1;
        at = found + 1;
        in_run = true;
    }
    // Of two equal matches the shorter title.
    return std::max(1, score * 100 / (100 + static_cast<int>(text.size()) / 4));
}

std::vector<CommandPalette::Entry> CommandPalette::entries(const ChromeContext& context) const {
    std::vector<Entry> all;
    if (pending_) {
        const CommandSpec& spec = *context.commands.find(pending_->id);
        const Parameter* parameter = missing(spec, *pending_);
        if (!parameter) return all;
        for (const auto& choice : parameter->choices) {
            Command filled = *pending_;
            filled.arguments[parameter->name] = choice;
            all.push_back({choice, "", "", std::move(filled), true});
        }
        return all;
    }
    for (const CommandSpec& spec : context.commands.all()) {
        // Carried out by other means: by the timeline, the undo of compound changes, a closing question.
        if (spec.id == "playback.advance" || spec.id == "view.restore" || spec.id == former_view_id ||
            spec.id == "file.stay" || spec.id == "figure.close_export" || spec.id == "edit.typed" ||
            spec.id == "file.close_dialog" || spec.id == "view.outline")
            continue;
        std::string title = spec.title;
        if (spec.menu.find('/') != std::string::npos) title = spec.menu.substr(spec.menu.find('/') + 1) + ": " + title;
        all.push_back({title,
                       shortcut_of(spec, context.state.preferences),
                       spec.id,
                       {spec.id, {}},
                       !spec.enabled || spec.enabled(context.state)});
    }
    for (const auto& panel : context.panels)
        if (panel->workspace() == context.state.view.workspace)
            all.push_back({"Show " + panel->title(), "", panel->id(),
                           command("view.panel", {{"panel", panel->id()}, {"open", true}}), true});
    for (const Source& source : context.state.sources) {
        const Arguments number{{"source", std::int64_t{source.id}}};
        if (source.kind == SourceKind::bank)
            all.push_back(
                {"Select bank " + source.name, "", "selection.bank", {"selection.bank", number}, !source.error});
        if (source.kind == SourceKind::model)
            all.push_back(
                {"Select model " + source.name, "", "selection.model", {"selection.model", number}, !source.error});
    }
    return all;
}

void CommandPalette::close(ChromeContext& context) {
    if (context.state.palette_open) context.emit("view.palette");
    pending_.reset();
}

void CommandPalette::choose(ChromeContext& context, const Entry& entry) {
    const CommandSpec& spec = *context.commands.find(entry.command.id);
    filter_.clear();
    selected_ = 0;
    if (missing(spec, entry.command)) {
        pending_ = entry.command;
        return;
    }
    close(context);
    if (entry.command.id != "view.palette") context.out.push_back(entry.command);
}

void CommandPalette::draw(ChromeContext& context) {
    const bool open = context.state.palette_open;
    const bool opened_now = open && !was_open_;
    was_open_ = open;
    if (!open) {
        pending_.reset();
        return;
    }
    if (opened_now) {
        filter_.clear();
        selected_ = 0;
    }
    const float em = ImGui::GetFontSize();
    const ImGuiViewport& viewport = *ImGui::GetMainViewport();
    const float width = std::min(em * 44, viewport.WorkSize.x * 0.8f);
    ImGui::SetNextWindowPos({viewport.Pos.x + viewport.Size.x / 2, viewport.Pos.y + em * 5}, ImGuiCond_Always,
                            {0.5f, 0});
    ImGui::SetNextWindowSize({width, 0});
    ImGui::PushStyleColor(ImGuiCol_WindowBg, ImGui::GetStyleColorVec4(ImGuiCol_PopupBg));
    if (opened_now) ImGui::SetNextWindowFocus();
    const bool visible =
        ImGui::Begin("##palette", nullptr,
                     ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoDocking |
                         ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_AlwaysAutoResize |
                         ImGuiWindowFlags_NoNavInputs); // the arrows move in the list
    if (visible) {
        const Parameter* asked = pending_ ? missing(*context.commands.find(pending_->id), *pending_) : nullptr;
        if (asked) {
            styled_text(context.commands.find(pending_->id)->title + " – " + asked->name + ": " + asked->help,
                        context.theme.muted_text);
        }
        if (!ImGui::IsAnyItemActive() && ImGui::IsWindowFocused(ImGuiFocusedFlags_RootAndChildWindows))
            ImGui::SetKeyboardFocusHere();
        ImGui::SetNextItemWidth(-FLT_MIN);
        if (ImGui::InputTextWithHint("##command", asked ? "value" : "what do you want to do?", &filter_)) selected_ = 0;
        struct Ranked {
            int score;
            Entry entry;
        };
        std::vector<Ranked> shown;
        for (auto& entry : entries(context)) {
            const int score = std::max(fuzzy_score(filter_, entry.title), fuzzy_score(filter_, entry.detail) / 2);
            if (score > 0) shown.push_back({score, std::move(entry)});
        }
        if (!filter_.empty())
            std::stable_sort(shown.begin(), shown.end(),
                             [](const Ranked& a, const Ranked& b) { return a.score > b.score; });
        const int count = static_cast<int>(shown.size());
        if (ImGui::IsKeyPressed(ImGuiKey_DownArrow)) ++selected_;
        if (ImGui::IsKeyPressed(ImGuiKey_UpArrow)) --selected_;
        selected_ = std::clamp(selected_, 0, std::max(0, count - 1));
        const bool entered = ImGui::IsKeyPressed(ImGuiKey_Enter) || ImGui::IsKeyPressed(ImGuiKey_KeypadEnter);
        std::optional<Entry> chosen;
        const float row = ImGui::GetTextLineHeightWithSpacing();
        if (count > 0 && ImGui::BeginChild("entries", {0, row * float(std::min(count, 12)) + em * 0.3f})) {
            for (int i = 0; i < count; ++i) {
                const Entry& entry = shown[static_cast<std::size_t>(i)].entry;
                ImGui::PushID(i);
                if (!entry.enabled) ImGui::PushStyleColor(ImGuiCol_Text, context.theme.muted_text);
                if (ImGui::Selectable(entry.title.c_str(), i == selected_)) chosen = entry;
                if (!entry.enabled) ImGui::PopStyleColor();
                if (i == selected_ &&
                    (ImGui::IsKeyPressed(ImGuiKey_DownArrow) || ImGui::IsKeyPressed(ImGuiKey_UpArrow)))
                    ImGui::SetScrollHereY();
                if (!entry.shortcut.empty()) {
                    ImGui::SameLine(width - em * 2.2f - ImGui::CalcTextSize(entry.shortcut.c_str()).x);
                    styled_text(entry.shortcut, context.theme.muted_text, context.theme.fonts.mono, 0.9f);
                }
                ImGui::PopID();
            }
        }
        if (count > 0) ImGui::EndChild();
        if (entered && !chosen) {
            if (count > 0)
                chosen = shown[static_cast<std::size_t>(selected_)].entry;
            else if (asked && asked->choices.empty() && !filter_.empty()) {
                Command filled = *pending_;
                filled.arguments[asked->name] = typed_value(*asked, filter_);
                chosen = Entry{"", "", "", std::move(filled), true};
            }
        }
        if (chosen) choose(context, *chosen);
        if (ImGui::IsKeyPressed(ImGuiKey_Escape) ||
            (!opened_now && !ImGui::IsWindowFocused(ImGuiFocusedFlags_RootAndChildWindows) && ImGui::IsMouseClicked(0)))
            close(context);
    }
    ImGui::End();
    ImGui::PopStyleColor();
}

void ValueEntry::draw(ChromeContext& context) {
    const std::string& wanted = context.state.typed_command;
    constexpr const char* id = "##typed value";
    if (!wanted.empty() && command_ != wanted) {
        command_ = wanted;
        text_.clear();
        ImGui::OpenPopup(id);
    }
    const CommandSpec* spec = context.commands.find(command_);
    const ImGuiViewport& viewport = *ImGui::GetMainViewport();
    const float em = ImGui::GetFontSize();
    ImGui::SetNextWindowPos({viewport.Pos.x + viewport.Size.x / 2, viewport.Pos.y + em * 6}, ImGuiCond_Always,
                            {0.5f, 0});
    if (!spec || !ImGui::BeginPopup(id)) {
        // Closed by a click elsewhere, or by Escape.
        if (!wanted.empty()) context.emit("edit.typed");
        command_.clear();
        return;
    }
    if (ImGui::IsWindowAppearing()) ImGui::SetKeyboardFocusHere();
    ImGui::AlignTextToFramePadding();
    ImGui::TextUnformatted(spec->title.c_str());
    ImGui::SameLine();
    ImGui::SetNextItemWidth(em * 8);
    const bool entered = ImGui::InputText("##number", &text_,
                                          ImGuiInputTextFlags_EnterReturnsTrue | ImGuiInputTextFlags_CharsScientific);
    ImGui::SameLine();
    styled_text(spec->parameters.front().help, context.theme.muted_text);
    if (entered) {
        context.emit(command_, {{spec->parameters.front().name, typed_value(spec->parameters.front(), text_)}});
        context.emit("edit.typed");
        ImGui::CloseCurrentPopup();
    }
    ImGui::EndPopup();
}

} // namespace attnscope::ui
