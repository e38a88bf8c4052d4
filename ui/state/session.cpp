#include "state/session.h"

#include "state/command_json.h"

#include <attnscope/tensor_file.h>

#include <algorithm>
#include <cstdlib>

namespace attnscope::ui {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr const char* schema = "attnscope.session/1";

SourceKind parse_kind(const std::string& name, const std::string& where) {
    for (int i = 0; i <= static_cast<int>(SourceKind::grams); ++i)
        if (name == source_kind_name(static_cast<SourceKind>(i))) return static_cast<SourceKind>(i);
    throw Error(ErrorKind::input, where, "a kind of source", name);
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

std::shared_ptr<const Bank> bank_from_values(const std::string& name, const json& values, const std::string& where) {
    const auto n = values.at("n").get<std::size_t>(), d = values.at("d").get<std::size_t>();
    auto keys = values.at("keys").get<std::vector<float>>();
    if (n < 1 || d < 1 || n > keys.size() || keys.size() != n * d)
        throw Error(ErrorKind::input, where, std::to_string(n) + " × " + std::to_string(d) + " numbers",
                    std::to_string(keys.size()));
    std::string lines;
    for (const auto& line : values.at("texts")) lines += line.get<std::string>() + "\n";
    const int width = values.value("picture_width", 0), height = values.value("picture_height", 0);
    const bool pictures = width > 0 && height > 0 && std::size_t(width) * std::size_t(height) == d;
    return make_bank(name, n, d, std::move(keys), lines.empty() ? TextTable{} : TextTable::from_lines(std::move(lines)),
                     pictures ? width : 0, pictures ? height : 0);
}

std::shared_ptr<const std::vector<std::string>> saved_texts(const json& list) {
    auto texts = list.get<std::vector<std::string>>();
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

std::deque<History::Entry> history_from_json(const json& list, const std::string& where) {
    std::deque<History::Entry> entries;
    for (const auto& entry : list)
        entries.push_back({command_from_json(entry.at("done"), where), command_from_json(entry.at("inverse"), where)});
    return entries;
}

void keep_text(const fs::path& folder, const char* name, const std::string& text) {
    if (folder.empty()) return;
    std::error_code failed;
    fs::create_directories(folder, failed);
    try {
        if (!failed) write_file(folder / name, text);
    } catch (const Error&) {
    }
}

}  // namespace

std::string session_json(const AppState& state, const std::map<SourceId, std::string>& hashes, const History& history) {
    json sources = json::array();
    for (const Source& source : state.sources) {
        json entry{{"id", source.id}, {"kind", source_kind_name(source.kind)}, {"name", source.name}};
        if (!source.path.empty()) entry["path"] = fs::absolute(source.path).string();
        if (const auto hash = hashes.find(source.id); hash != hashes.end()) entry["sha256"] = hash->second;
        if (source.kind == SourceKind::prompt) entry["prompt"] = source.prompt;
        if (source.texts && source.path.empty()) entry["texts"] = *source.texts;
        if (source.bank && source.path.empty()) {
            if (source.bank->name == letters_bank()->name) entry["letters"] = true;
            else entry["values"] = bank_values(*source.bank);
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
                 {"layout", state.layout},
                 {"history", {{"undo", history_json(history.undo)}, {"redo", history_json(history.redo)}}}};
    if (state.pinned) session["pinned"] = {{"title", state.pinned->title}, {"view", to_json(state.pinned->view)}};
    return session.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

Session parse_session(const std::string& text, const std::string& where) {
    const json file = json::parse(text, nullptr, false);
    if (file.is_discarded()) throw Error(ErrorKind::input, where, "a session (JSON)", "something else");
    if (!file.is_object() || file.value("schema", json()) != schema)
        throw Error(ErrorKind::input, where, std::string("schema ") + schema,
                    file.is_object() && file.contains("schema") ? file["schema"].dump() : "none");
    Session session;
    try {
        for (const auto& entry : file.at("sources")) {
            Session::SavedSource saved;
            saved.source.id = entry.at("id").get<SourceId>();
            saved.source.kind = parse_kind(entry.at("kind").get<std::string>(), where);
            saved.source.name = entry.at("name").get<std::string>();
            saved.source.path = entry.value("path", std::string());
            saved.source.prompt = entry.value("prompt", std::string());
            if (entry.contains("texts")) saved.source.texts = saved_texts(entry["texts"]);
            saved.sha256 = entry.value("sha256", std::string());
            saved.letters = entry.value("letters", false);
            if (entry.contains("values"))
                saved.source.bank = bank_from_values(saved.source.name, entry["values"], where + " " + saved.source.name);
            const bool known = std::any_of(session.sources.begin(), session.sources.end(),
                                           [&](const auto& other) { return other.source.id == saved.source.id; });
            if (saved.source.id == 0 || known)
                throw Error(ErrorKind::input, where, "a different number for every source",
                            std::to_string(saved.source.id));
            session.sources.push_back(std::move(saved));
        }
        session.view = view_from_json(file.at("view"), where + " view");
        if (file.contains("playback")) {
            const auto& playback = file["playback"];
            for (const auto& [workspace, timeline] : playback.value("timelines", std::map<std::string, std::string>{}))
                session.playback.chosen[parse_workspace(workspace)] = parse_timeline(timeline);
            session.playback.frames_per_second = std::clamp(playback.value("frames_per_second", 4.0), 0.5, 30.0);
        }
        if (file.contains("pinned"))
            session.pinned = Pin{file["pinned"].at("title").get<std::string>(),
                                 view_from_json(file["pinned"].at("view"), where + " pinned")};
        session.layout = file.value("layout", std::string());
        if (file.contains("history")) {
            session.history.undo = history_from_json(file["history"].at("undo"), where + " history");
            session.history.redo = history_from_json(file["history"].at("redo"), where + " history");
        }
    } catch (const json::exception& failed) {
        throw Error(ErrorKind::input, where, "a session's fields", failed.what());
    }
    return session;
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
        const json file = json::parse(read_file(folder / "preferences.json", std::size_t{1} << 20));
        if (file.value("theme", std::string("dark")) == "light") preferences.theme = Theme::light;
        preferences.zoom = std::clamp(file.value("zoom", 1.0f), 0.5f, 3.0f);
        preferences.hints = file.value("hints", true);
        preferences.shortcuts = file.value("shortcuts", preferences.shortcuts);
        preferences.figure_style = file.value("figure_style", preferences.figure_style);
        for (const auto& path : file.value("recent", std::vector<std::string>{})) preferences.recent.push_back(path);
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

void keep_layout(const fs::path& folder, const std::string& layout) { keep_text(folder, "layout.ini", layout); }

}  // namespace attnscope::ui
