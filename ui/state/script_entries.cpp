#include "state/script_entries.h"

#include "base/json_members.h"
#include "base/json_reader.h"
#include "state/command_json.h"

namespace attnscope::ui {
namespace {

constexpr Range<int> frame_counts{1, 1'000'000};

ScriptedDrag drag_from_json(const JsonMembers& entry) {
    const JsonMembers object = entry.object("drag");
    ScriptedDrag drag;
    drag.command = object.text("command");
    drag.argument = object.text("argument", "value");
    drag.fixed = command_from_json(entry.at("drag"), entry.subject()).arguments;
    drag.from = object.value<double>("from");
    drag.to = object.value<double>("to");
    drag.frames = object.value("frames", frame_counts);
    drag.record = entry.text("record", "");
    return drag;
}

ScriptEntry entry_from_json(const nlohmann::json& json, const std::string& at) {
    const JsonMembers entry(json, at);
    if (json.contains("command")) return command_from_json(json, at);
    if (json.contains("wait")) {
        if (entry.text("wait", "") != "settled") entry.fail("wait", "settled", describe(json["wait"]));
        return WaitSettled{};
    }
    if (json.contains("wait_frames")) return WaitFrames{entry.value("wait_frames", frame_counts)};
    if (json.contains("screenshot")) return Screenshot{entry.text("screenshot")};
    if (json.contains("drag")) return drag_from_json(entry);
    throw Error(ErrorKind::input, at, "command, wait, wait_frames, screenshot or drag",
                json.empty() ? "an empty object" : json.begin().key());
}

} // namespace

std::vector<ScriptEntry> parse_script(const std::string& text, const std::string& where) {
    const auto list = parse_json<nlohmann::json>(text, where, json_kinds::script);
    if (!list.is_array()) throw Error(ErrorKind::input, where, "a list of commands (JSON)", list.type_name());
    std::vector<ScriptEntry> entries;
    for (std::size_t i = 0; i < list.size(); ++i)
        entries.push_back(entry_from_json(list[i], where + " entry " + std::to_string(i)));
    return entries;
}

} // namespace attnscope::ui
