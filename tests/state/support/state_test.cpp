#include "state/support/state_test.h"

#include "support/tiny_models.h"
#include "support/waiting.h"

#include <cstdlib>

namespace attnscope::ui {

StateTest::StateTest() {
    // No sample: what is on the machine must not decide what a test sees.
    ::setenv("ATTNSCOPE_CACHE", (folder_ / "cache").c_str(), 1);
    jobs_ = std::make_unique<JobSystem>(JobSystem::Options{2, [] {}});
    jobs_->set_device({Device::Kind::cpu, 0});
    services_ = std::make_unique<Services>(*jobs_);
    services_->set_clipboard([this](const std::string& text) { copied_ = text; });
    runner_ = std::make_unique<CommandRunner>(commands_, state_, *services_);
    services_->set_history([this] { return runner_->history_of_view(); },
                           [this](History history) { runner_->restore_history(std::move(history)); });
}

StateTest::~StateTest() {
    // As the window closes: what asks goes before what computes.
    runner_.reset();
    services_.reset();
    jobs_.reset();
}

void StateTest::frame() {
    state_.seconds += 1.0 / 60;
    services_->update(state_);
    services_->begin_frame(state_);
}

void StateTest::frames_until(const std::function<bool()>& done) {
    ASSERT_TRUE(test::wait_until([&] {
        frame();
        return done();
    })) << "nothing happens any more";
}

void StateTest::settle() {
    int settled = 0;
    frames_until([&] {
        settled = services_->settled(state_) ? settled + 1 : 0;
        return settled > 4;
    });
}

void StateTest::open_tiny_model() {
    const auto model = folder_ / "model";
    std::filesystem::create_directories(model);
    test::TinyModel("LlamaForCausalLM").write(model);
    run_alone("file.open", {{"path", model.string()}});
    settle();
    ASSERT_NE(state_.model(), nullptr);
}

std::string StateTest::some_ids(std::size_t count) {
    std::string ids;
    for (std::size_t i = 0; i < count; ++i)
        ids += std::to_string(random_bits(5, 1, i) % test::TinySizes::vocabulary) + " ";
    return ids;
}

} // namespace attnscope::ui
