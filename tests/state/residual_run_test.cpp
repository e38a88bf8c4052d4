// Sweeps as the window asks for them: what they publish is read by one thread while another computes it.
#include "state/runs.h"
#include "state/support/state_test.h"
#include "support/held_lanes.h"
#include "support/tiny_models.h"
#include "support/waiting.h"

#include <attnscope/model.h>

#include <cmath>
#include <memory>
#include <utility>
#include <vector>

namespace attnscope::ui {
namespace {

using test::TinySizes;
using test::wait_until;

class Sweeps : public StateTest {
protected:
    Sweeps() {
        test::TinyModel("LlamaForCausalLM").write(folder_.path());
        model_ = open_language_model(folder_.path());
    }
    ResidualRun::RequestPtr request(std::vector<int> ranks, std::int64_t blocks = 6) const {
        residual::Request request;
        request.model = model_;
        for (std::uint64_t i = 0; i < 200; ++i)
            request.ids.push_back(static_cast<std::int64_t>(random_bits(5, 1, i) % TinySizes::vocabulary));
        request.parameters.seq_len = 16;
        request.parameters.blocks = blocks;
        request.parameters.calibration_blocks = 2;
        request.parameters.ranks = std::move(ranks);
        return std::make_shared<const residual::Request>(std::move(request));
    }
    static bool finished(const ResidualRun& run, const ResidualRun::RequestPtr& request) {
        const auto result = run.result(request);
        return result && result->finished();
    }

    ModelPtr model_;
};

TEST_F(Sweeps, SnapshotsGrowRankByRankWhileTheyAreRead) {
    ResidualRun run(*jobs_);
    const auto asked = request({0, 1, 2, 3, 4, 5, 6, 7, 8});
    std::size_t ranks_seen = 0;
    std::uint64_t generation = run.generation();
    ASSERT_TRUE(wait_until([&] {
        run.want(asked);
        const auto result = run.result(asked);
        if (!result) return false;
        EXPECT_GE(result->curve.size(), ranks_seen);
        ranks_seen = result->curve.size();
        for (const auto& point : result->curve) {
            EXPECT_EQ(point.loss.token_nll.size(), result->baseline.token_nll.size());
            EXPECT_TRUE(std::isfinite(point.loss.nll));
        }
        EXPECT_GE(run.generation(), generation);
        generation = run.generation();
        static_cast<void>(run.progress());
        return result->finished();
    }));
    EXPECT_EQ(ranks_seen, 9u);
    EXPECT_FALSE(run.error(asked));
    ASSERT_TRUE(wait_until([&] { return !run.running(); }));
}

TEST_F(Sweeps, AWishThatChangesWhileItRunsEndsWithTheLastOneAlone) {
    ResidualRun run(*jobs_);
    std::vector<ResidualRun::RequestPtr> asked;
    for (int rank = 1; rank <= 6; ++rank) {
        asked.push_back(request({0, rank, 8}, 2 + rank));
        run.want(asked.back());
        // Some are stopped before they begin, some while they publish.
        if (rank % 2 == 0) wait_until([&] { return run.result(asked.back()) != nullptr; });
    }
    ASSERT_TRUE(wait_until([&] {
        run.want(asked.back());
        return finished(run, asked.back());
    }));
    EXPECT_TRUE(wait_until([&] { return !run.running() && jobs_->idle(); }));
    EXPECT_EQ(run.result(asked.back())->plan.blocks, 8);
}

TEST_F(Sweeps, AStoppedOneGoesOnFromItsRanks) {
    ResidualRun run(*jobs_);
    const auto asked = request({0, 1, 2, 3, 4, 5, 6, 7, 8});
    run.want(asked);
    ASSERT_TRUE(wait_until([&] { return run.result(asked) && !run.result(asked)->curve.empty(); }));
    run.stop();
    ASSERT_TRUE(wait_until([&] { return jobs_->idle(); }));
    const auto left = run.result(asked);
    ASSERT_TRUE(left);
    if (!left->finished()) {
        EXPECT_TRUE(run.stopped(asked));
        run.want(asked);
        EXPECT_FALSE(run.running()) << "stopped stays stopped";
        run.go_on();
    }
    ASSERT_TRUE(wait_until([&] {
        run.want(asked);
        return finished(run, asked);
    }));
    const auto whole = run.result(asked);
    for (std::size_t i = 0; i < left->curve.size(); ++i)
        EXPECT_EQ(whole->curve[i].loss.token_nll, left->curve[i].loss.token_nll) << "rank " << whole->curve[i].rank;
}

TEST_F(Sweeps, ARunThatIsForgottenOrWhoseWindowClosesLeavesNothingRunning) {
    const auto asked = request({0, 1, 2, 3, 4, 5, 6, 7, 8});
    const auto of_model = [this](const residual::Request& other, const TextOrigin&) { return other.model == model_; };
    test::HeldLanes lanes;
    {
        ResidualRun run(*jobs_);
        run.want(asked);
        ASSERT_TRUE(wait_until([&] { return run.result(asked) != nullptr; }));
        run.forget(of_model);
        EXPECT_FALSE(run.running());
        EXPECT_FALSE(run.result(asked));
        ASSERT_TRUE(wait_until([&] { return jobs_->idle(); }));
        EXPECT_FALSE(run.result(asked)) << "what it still brought is dropped";
        // What waits behind a held lane cannot end by itself.
        lanes.hold(*jobs_, Lane::sweep);
        run.want(asked);
        EXPECT_EQ(test::HeldLanes::others(*jobs_).size(), 1u);
        run.forget(of_model);
        EXPECT_TRUE(test::HeldLanes::others(*jobs_).empty());
        run.want(asked);
        EXPECT_EQ(test::HeldLanes::others(*jobs_).size(), 1u);
    }
    EXPECT_TRUE(test::HeldLanes::others(*jobs_).empty());
    lanes.release();
    EXPECT_TRUE(wait_until([&] { return jobs_->idle(); }));
}

TEST_F(Sweeps, ARunOfAClosedTextIsForgottenAndOthersStay) {
    ResidualRun run(*jobs_);
    const auto closed = request({0, 1}, 4), kept = request({0, 1}, 6);
    TextOrigin origin;
    origin.prompt = std::make_shared<const std::string>("closed");
    for (const auto& [asked, of] : {std::pair(closed, origin), std::pair(kept, TextOrigin{})})
        ASSERT_TRUE(wait_until([&, asked = asked, of = of] {
            run.want(asked, of);
            return finished(run, asked);
        }));
    run.forget([&](const residual::Request&, const TextOrigin& other) { return other == origin; });
    EXPECT_FALSE(run.result(closed));
    EXPECT_TRUE(run.result(kept));
}

} // namespace
} // namespace attnscope::ui
