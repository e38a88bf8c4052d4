// What the window keeps, without a window: the state, its services and the commands, frame by frame as the shell runs
// them.
#pragma once

#include "state/commands.h"
#include "state/services.h"
#include "support/temporary_folder.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

namespace attnscope::ui {

class StateTest : public ::testing::Test {
protected:
    StateTest();
    ~StateTest() override;

    /// What the shell does once a frame before it draws.
    void frame();
    /// Frames until `done`; fails when that never comes.
    void frames_until(const std::function<bool()>& done);
    /// Frames until nothing is loading or computing.
    void settle();

    void run(const std::string& id, Arguments arguments = {}) { runner_->run_or_throw({id, std::move(arguments)}); }
    /// A run of its own undo step.
    void run_alone(const std::string& id, Arguments arguments = {}) {
        run(id, std::move(arguments));
        runner_->end_gesture();
    }
    /// A model of a few thousand numbers in a folder, opened and settled.
    void open_tiny_model();
    /// Numbers of `count` tokens of the tiny model, as a text of ids.
    static std::string some_ids(std::size_t count);

    Services& services() { return *services_; }
    AppState& state() { return state_; }
    CommandRunner& runner() { return *runner_; }

    const test::TemporaryFolder folder_;
    AppState state_;
    std::string copied_; ///< what was put on the clipboard
    std::unique_ptr<JobSystem> jobs_;

private:
    std::unique_ptr<Services> services_;
    CommandRegistry commands_ = make_commands();
    std::unique_ptr<CommandRunner> runner_;
};

} // namespace attnscope::ui
