// Playback along the timeline of the workspace that is shown.
#include "state/analysis.h"
#include "state/command_helpers.h"

#include <algorithm>

namespace attnscope::ui {

namespace {

std::optional<Command> advance(AppState& state, Services& services, int frames, bool wrap) {
    return analysis_of(state.view.workspace).advance(state, services, frames, wrap);
}

bool can_play(const AppState& state) {
    return analysis_of(state.view.workspace).has_something(state);
}

} // namespace

void add_playback_commands(CommandRegistry& registry) {
    registry.add({"playback.play",
                  "Play or pause",
                  "Analyses",
                  "K",
                  {},
                  [](AppState& state, Services&, const Arguments&) {
                      state.playback.playing = !state.playback.playing;
                      return no_undo();
                  },
                  can_play,
                  [](const AppState& state) { return state.playback.playing; },
                  CommandKind::world});
    registry.add(
        {"playback.back",
         "One frame back",
         "Analyses",
         ",",
         {},
         [](AppState& state, Services& services, const Arguments&) { return advance(state, services, -1, false); },
         can_play,
         {},
         CommandKind::world});
    registry.add(
        {"playback.forward",
         "One frame on",
         "Analyses",
         ".",
         {},
         [](AppState& state, Services& services, const Arguments&) { return advance(state, services, 1, false); },
         can_play,
         {},
         CommandKind::world});
    registry.add({"playback.advance",
                  "Next frame while playing",
                  "",
                  "",
                  {},
                  [](AppState& state, Services& services, const Arguments&) {
                      // Playing would bury in the history what the user did himself.
                      advance(state, services, 1, true);
                      return no_undo();
                  },
                  can_play,
                  {},
                  CommandKind::world});
    std::vector<std::string> names;
    for (const Workspace workspace : all_workspaces)
        for (const Timeline timeline : timelines_of(workspace)) names.push_back(timeline_id(timeline));
    registry.add({"playback.timeline",
                  "Choose the timeline",
                  "",
                  "",
                  {text_parameter("timeline", "what the play button moves", {}, names)},
                  [](AppState& state, Services&, const Arguments& arguments) {
                      const Timeline wanted = parse_timeline(text(arguments, "timeline"));
                      const auto& offered = timelines_of(state.view.workspace);
                      if (std::find(offered.begin(), offered.end(), wanted) == offered.end())
                          throw Error(ErrorKind::usage, "timeline",
                                      "one of the " + std::string(workspace_name(state.view.workspace)) + " workspace",
                                      timeline_id(wanted));
                      state.playback.chosen[state.view.workspace] = wanted;
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::view});
    registry.add({"playback.speed",
                  "Set the speed of playing",
                  "",
                  "",
                  {number_parameter("frames_per_second", "0.5 … 30")},
                  [](AppState& state, Services&, const Arguments& arguments) {
                      state.playback.frames_per_second = std::clamp(number(arguments, "frames_per_second"), 0.5, 30.0);
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::view});
}

} // namespace attnscope::ui
