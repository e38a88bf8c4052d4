// Where analyses are computed.
#include "state/command_helpers.h"

namespace attnscope::ui {

void add_compute_commands(CommandRegistry& registry) {
    registry.add({"compute.device", "Compute on a device", "", "",
                  {text_parameter("device", "auto, cpu, cuda or cuda:N")},
                  [](AppState&, Services& services, const Arguments& arguments) {
                      services.jobs().set_device(Device::parse(text(arguments, "device")));
                      return no_undo();
                  }, {}, {}, CommandKind::world});
    registry.add({"compute.find_devices", "Look for devices", "", "", {},
                  [](AppState& state, Services& services, const Arguments&) {
                      services.find_devices(state);
                      return no_undo();
                  }, {}, {}, CommandKind::world});
}

}  // namespace attnscope::ui
