#include "state/session.h"

#include "base/checked.h"
#include "base/json_members.h"
#include "base/json_reader.h"
#include "files/file_writer.h"
#include "state/command_json.h"
#include "state/references.h"

#include <attnscope/tensor_file.h>

#include <algorithm>
#include <cstdlib>
#include <set>

namespace attnscope::ui {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr const char* schema = "attnscope.session/1";

SourceKind parse_kind(std::string_view name) {
    for (int i = 0; i <= static_cast<int>(SourceKind::grams); ++i)
        if (name == source_kind_name(static_cast<SourceKind>(i))) return static_cast<SourceKind>(i);
    throw Error(ErrorKind::usage, "kind", "a kind of source", std::string(name));
}

json bank_values(const Bank& bank) {
    json texts = json::array();
    for (std::size_t i = 0; i < bank.texts.size(); ++i) texts.push_back(std::string(bank.texts.line(i)));
    return {{"n", bank.n},
            {"d", bank.d},
            {"picture_width", bank.picture_width},
            {"picture_height", bank.picture_height},
            {"texts", texts},
            {"keys", std::vector<float>(bank.keys.begin(), bank.keys.end())}};
}

std::shared_ptr<const Bank> bank_from_values(const std::string& name, const JsonMembers& values) {
    const auto n = values.value<std::size_t>("n"), d = values.value<std::size_t>("d");
    auto keys = values.values<float>("keys");
    if (n < 1 || d < 1 || checked_multiply(n, d) != keys.size())
        values.fail("keys", std::to_string(n) + " × " + std::to_string(d) + " numbers", std::to_string(keys.size()));
    const auto texts = values.texts("texts", {});
    if (!texts.empty() && texts.size() != n)
        values.fail("texts", "none or " + std::to_string(n), std::to_string(texts.size()));
    std::string lines;
    for (const std::string& line : texts) {
        if (line.find('\n') != std::string::npos) values.fail("texts", "one line each", "several");
        lines += line + "\n";
    }
    constexpr Range<int> pixels{0, 65536};
    const int width = values.value_or("picture_width", 0, pixels),
              height = values.value_or("picture_height", 0, pixels);
    const bool pictures = width > 0 || height > 0;
    if (pictures && std::size_t(width) * std::size_t(height) != d)
        values.fail("picture_width", "picture_width × picture_height = " + std::to_string(d),
                    std::to_string(width) + " × " + std::to_string(height));
    return make_bank(name, n, d, std::move(keys), lines.empty() ? TextTable{} : TextTable::from_lines(std::move(lines)),
                     pictures ? width : 0, pictures ? height : 0);
}

std::shared_ptr<const std::vector<std::string>> saved_texts(const JsonMembers& source) {
    auto texts = source.texts("texts", {});
    return texts.empty() ? nullptr : std::make_shared<const std::vector<std::string>>(std::move(texts));
}

json history_json(const std::deque<History::Entry>& entries) {
    // The last ones: a session is no log.
    constexpr std::size_t kept = 100;
    json list = json::array();
    for (std::size_t i = entries.size() > kept ? entries.size() - kept : 0; i < entries.size(); ++i)
        list.push_back({{"done", to_json(entries[i].done)}, {"inverse", to_json(entries[i].inverse)}});
    return list;
}

std::deque<History::Entry> history_from_json(const JsonMembers& history, const char* name) {
    std::deque<History::Entry> entries;
    const std::string where = history.subject() + " history";
    for (const auto& entry : history.list(name)) {
        const JsonMembers pair(entry, history.subject(), history.path(name));
        entries.push_back({command_from_json(pair.at("done"), where), command_from_json(pair.at("inverse"), where)});
    }
    return entries;
}

Session::SavedSource source_from_json(const JsonMembers& entry) {
    Session::SavedSource saved;
    saved.source.id = entry.value<SourceId>("id", {1, last_source_id});
    saved.source.kind = entry.named("kind", "", parse_kind);
    saved.source.name = entry.text("name");
    saved.source.path = entry.text("path", "");
    saved.source.prompt = entry.text("prompt", "");
    saved.source.texts = saved_texts(entry);
    saved.sha256 = entry.text("sha256", "");
    saved.letters = entry.flag("letters", false);
    if (const auto values = entry.find_object("values"))
        saved.source.bank = bank_from_values(saved.source.name, *values);
    return saved;
}

void playback_from_json(const JsonMembers& playback, Session& session) {
    if (const auto timelines = playback.find_object("timelines"))
        for (const Workspace workspace : all_workspaces)
            if (const char* const name = workspace_id(workspace); timelines->find(name))
                session.playback.chosen[workspace] = timelines->named(name, "", parse_timeline);
    session.playback.frames_per_second = playback.value_or<double>("frames_per_second", 4, {0.5, 30});
}

void keep_text(const fs::path& folder, const char* name, const std::string& text) {
    if (folder.empty()) return;
    std::error_code failed;
    fs::create_directories(folder, failed);
    try {
        if (failed) return;
        FileWriter file(folder / name);
        file.write(text);
        // The window does not wait for the disk.
        file.commit_unflushed();
    } catch (const Error&) {
    }
}

} // namespace

std::string session_json(const AppState& state, const std::map<SourceId, std::string>& hashes, const History& history,
                         const Device& device) {
    json sources = json::array();
    for (const Source& source : state.sources) {
        json entry{{"id", source.id}, {"kind", source_kind_name(source.kind)}, {"name", source.name}};
        if (!source.path.empty()) entry["path"] = fs::absolute(source.path).string();
        if (const auto hash = hashes.find(source.id); hash != hashes.end()) entry["sha256"] = hash->second;
        if (source.kind == SourceKind::prompt) entry["prompt"] = source.prompt;
        if (source.texts && source.path.empty()) entry["texts"] = *source.texts;
        if (source.bank && source.path.empty()) {
            if (source.bank->name == letters_bank()->name)
                entry["letters"] = true;
            else
                entry["values"] = bank_values(*source.bank);
        }
        sources.push_back(std::move(entry));
    }
    json timelines = json::object();
    for (const auto& [workspace, timeline] : state.playback.chosen)
        timelines[workspace_id(workspace)] = timeline_id(timeline);
    json session{{"schema", schema},
                 {"sources", sources},
                 {"view", to_json(state.view)},
                 {"playback", {{"timelines", timelines}, {"frames_per_second", state.playback.frames_per_second}}},
                 {"device", device.name()},
                 {"layout", state.layout},
                 {"history", {{"undo", history_json(history.undo)}, {"redo", history_json(history.redo)}}}};
    if (state.pinned) session["pinned"] = {{"title", state.pinned->title}, {"view", to_json(state.pinned->view)}};
    return session.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

Session parse_session(const std::string& text, const std::string& where) {
    const auto document = parse_json<json>(text, where, json_kinds::session);
    const JsonMembers file(document, where);
    if (document.value("schema", json()) != schema)
        throw Error(ErrorKind::input, where, std::string("schema ") + schema,
                    document.contains("schema") ? describe(document["schema"]) : "none");
    Session session;
    std::set<SourceId> ids;
    for (const auto& entry : file.list("sources")) {
        const JsonMembers members(entry, where, "sources[" + std::to_string(session.sources.size()) + "]");
        session.sources.push_back(source_from_json(members));
        const SourceId id = session.sources.back().source.id;
        if (!ids.insert(id).second) members.fail("id", "a different number for every source", std::to_string(id));
    }
    session.view = view_from_json(file.at("view"), where + " view");
    if (const auto playback = file.find_object("playback")) playback_from_json(*playback, session);
    if (const auto pinned = file.find_object("pinned"))
        session.pinned = Pin{pinned->text("title"), view_from_json(pinned->at("view"), where + " pinned")};
    if (file.find("device")) session.device = file.named("device", "", Device::parse);
    session.layout = file.text("layout", "");
    if (const auto history = file.find_object("history")) {
        session.history.undo = history_from_json(*history, "undo");
        session.history.redo = history_from_json(*history, "redo");
    }
    return session;
}

Session read_session(const std::filesystem::path& path) {
    return parse_session(read_file(path, std::size_t{256} << 20), path.filename().string());
}

fs::path config_folder() {
    if (const char* config = std::getenv("XDG_CONFIG_HOME"); config && *config) return fs::path(config) / "attnscope";
    if (const char* home = std::getenv("HOME"); home && *home) return fs::path(home) / ".config/attnscope";
    return {};
}

Preferences load_preferences(const fs::path& folder) {
    Preferences preferences;
    try {
        if (folder.empty()) return preferences;
        const auto document = read_json<json>(folder / "preferences.json", json_kinds::preferences);
        const JsonMembers file(document, "preferences.json");
        if (file.text("theme", "dark") == "light") preferences.theme = Theme::light;
        preferences.zoom = std::clamp(file.value_or("zoom", 1.0f), 0.5f, 3.0f);
        preferences.hints = file.flag("hints", true);
        if (const json* const shortcuts = file.find("shortcuts"))
            preferences.shortcuts = shortcuts->get<std::map<std::string, std::string>>();
        preferences.figure_style = file.text("figure_style", preferences.figure_style);
        for (const std::string& path : file.texts("recent", {})) preferences.recent.push_back(path);
    } catch (const Error&) {
    } catch (const json::exception&) {
    }
    return preferences;
}

std::string load_layout(const fs::path& folder) {
    try {
        return folder.empty() ? "" : read_file(folder / "layout.ini", std::size_t{1} << 20);
    } catch (const Error&) {
        return "";
    }
}

void keep_preferences(const fs::path& folder, const Preferences& preferences) {
    json recent = json::array();
    for (const auto& path : preferences.recent) recent.push_back(path.string());
    const json file{{"theme", preferences.theme == Theme::light ? "light" : "dark"},
                    {"zoom", preferences.zoom},
                    {"hints", preferences.hints},
                    {"shortcuts", preferences.shortcuts},
                    {"figure_style", preferences.figure_style},
                    {"recent", recent}};
    keep_text(folder, "preferences.json", file.dump(1, ' ', false, json::error_handler_t::replace) + "\n");
}

void keep_layout(const fs::path& folder, const std::string& layout) {
    keep_text(folder, "layout.ini", layout);
}

} // namespace attnscope::ui
