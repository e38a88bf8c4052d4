// Where analyses are computed.
#include "state/command_helpers.h"

#include <limits>
#include <utility>

namespace attnscope::ui {

void add_compute_commands(CommandRegistry& registry) {
    registry.add({"compute.device",
                  "Compute on a device",
                  "",
                  "",
                  {text_parameter("device", "auto, cpu, cuda or cuda:N")},
                  [](AppState&, Services& services, const Arguments& arguments) {
                      services.jobs().set_device(Device::parse(text(arguments, "device")));
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::world});
    registry.add(whole_command("compute.seed", "Seed of what is drawn at random", "0 and more", 0,
                               std::numeric_limits<std::int64_t>::max(),
                               [](AppState& state) -> std::uint64_t& { return state.view.seed; }));
    registry.add({"compute.find_devices",
                  "Look for devices",
                  "",
                  "",
                  {},
                  [](AppState& state, Services& services, const Arguments&) {
                      services.find_devices(state);
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::world});
    registry.add({"compute.cancel",
                  "Cancel a computation",
                  "",
                  "",
                  {integer_parameter("job", "its number in the list of jobs; 0 = all", 0)},
                  [](AppState&, Services& services, const Arguments& arguments) {
                      const std::int64_t wanted = integer(arguments, "job");
                      for (const JobStatus& job : services.jobs().jobs())
                          if (wanted == 0 || std::cmp_equal(job.id, wanted)) services.jobs().cancel(job.id);
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::world});
    registry.add({"compute.retry",
                  "Compute what was cancelled after all",
                  "",
                  "",
                  {},
                  [](AppState&, Services& services, const Arguments&) {
                      services.jobs().retry_cancelled();
                      return no_undo();
                  },
                  {},
                  {},
                  CommandKind::world});
}

} // namespace attnscope::ui
