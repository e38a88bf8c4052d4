// What must hold of every bank: of the map, its energy, its symmetries, and of what is refused.
#include "analyses/retrieval/compute/basins.h"
#include "core/compute/support.h"
#include "support/error_of.h"

#include <attnscope/retrieval_figures.h>

#include <algorithm>
#include <limits>
#include <numeric>

namespace attnscope::test {
namespace {

using retrieval::Mode;
using retrieval::Trace;
using retrieval::TraceRequest;

TraceRequest request_of(const Workplace& work, std::vector<retrieval::Query> queries, std::vector<Mode> modes) {
    TraceRequest request;
    request.bank = work.bank;
    request.queries = std::move(queries);
    request.modes = std::move(modes);
    return request;
}

retrieval::BankPtr orthonormal_bank(std::size_t n) {
    std::vector<float> rows(n * n);
    for (std::size_t i = 0; i < n; ++i) rows[i * n + i] = 1;
    return make_bank("orthonormal", n, n, rows);
}

TEST(Retrieval, EnergyNeverRisesInRawAndCentered) {
    Workplace work(random_bank(700, 24));
    TraceRequest request =
        request_of(work, {noisy_memory(*work.bank, 3), noisy_memory(*work.bank, 99, 1)}, {Mode::raw, Mode::centered});
    request.betas = {0.01, 0.5, 5, 20, 100, 2000};
    request.steps = 25;
    request.tolerance = 0;
    for (const Trace& trace : compute::traces(request, work.spectrum, work.context).traces)
        for (std::size_t t = 2; t < trace.steps.size(); ++t)
            EXPECT_LE(trace.steps[t].energy, trace.steps[t - 1].energy + 1e-6)
                << choice_name(trace.mode) << " β " << trace.beta << " t " << t;
}

TEST(Retrieval, HybridIsCenteredTranslatedByTheMean) {
    Workplace work(random_bank(400, 18));
    const auto result = compute::traces(request_of(work, {noisy_memory(*work.bank, 7)}, {Mode::centered, Mode::hybrid}),
                                        work.spectrum, work.context);
    for (std::size_t b = 0; b < 4; ++b) {
        const Trace &centered = result.traces[b], &hybrid = result.traces[b + 4];
        ASSERT_EQ(centered.steps.size(), hybrid.steps.size());
        for (std::size_t t = 0; t < centered.steps.size(); ++t) {
            EXPECT_NEAR(centered.steps[t].entropy, hybrid.steps[t].entropy, 1e-9);
            EXPECT_NEAR(centered.steps[t].delta, hybrid.steps[t].delta, 1e-9);
            EXPECT_NEAR(centered.steps[t].energy, hybrid.steps[t].energy, 1e-9);
            for (std::size_t k = 0; k < work.bank->d; ++k)
                EXPECT_NEAR(centered.states[t][k] + work.spectrum.mean[k], hybrid.states[t][k], 1e-9);
        }
        EXPECT_EQ(centered.top5_final, hybrid.top5_final);
    }
}

TEST(Retrieval, ResidualWithoutMemoryIsCentered) {
    Workplace work(random_bank(300, 12));
    TraceRequest request = request_of(work, {noisy_memory(*work.bank, 7)}, {Mode::centered, Mode::residual});
    request.lambda = 0;
    const auto result = compute::traces(request, work.spectrum, work.context);
    for (std::size_t b = 0; b < 4; ++b) EXPECT_EQ(result.traces[b].states, result.traces[b + 4].states);
}

TEST(Retrieval, RenormalizedKeepsTheLengthOfTheStart) {
    Workplace work(random_bank(300, 12));
    const auto result = compute::traces(request_of(work, {noisy_memory(*work.bank, 7)}, {Mode::renormalized}),
                                        work.spectrum, work.context);
    for (const Trace& trace : result.traces)
        for (const retrieval::Step& step : trace.steps) EXPECT_NEAR(step.norm, trace.steps.front().norm, 1e-12);
}

TEST(Retrieval, OrthonormalPatternsAreRetrievedFarBelowTheCentroidsBetaCritical) {
    // 1/λ₁ = n, yet a pattern is a minimum from β ≈ 7.5 on (n = 100).
    Workplace work(orthonormal_bank(100));
    ASSERT_TRUE(work.spectrum.beta_critical.has_value());
    EXPECT_NEAR(*work.spectrum.beta_critical, 100, 1e-3);
    TraceRequest request = request_of(work, {noisy_memory(*work.bank, 42, 0.02)}, {Mode::centered});
    request.betas = {5, 12};
    request.steps = 60;
    const auto result = compute::traces(request, work.spectrum, work.context);
    EXPECT_EQ(result.traces[0].fixed_point, retrieval::FixedPoint::global_mean);
    EXPECT_EQ(result.traces[1].fixed_point, retrieval::FixedPoint::single_pattern);
    EXPECT_EQ(result.traces[1].top5_final.front(), 42u);
    EXPECT_TRUE(result.traces[1].converged);
}

TEST(Retrieval, APermutationOfTheMemoriesChangesOnlyTheirNumbers) {
    const std::size_t n = 640, d = 20;
    const std::vector<float> rows = random_rows(n, d, 2);
    std::vector<std::uint32_t> place(n); // where memory i went
    for (std::uint32_t i = 0; i < n; ++i) place[i] = (i * 239u + 17u) % n;
    std::vector<float> moved(n * d);
    for (std::size_t i = 0; i < n; ++i)
        std::copy_n(rows.begin() + static_cast<std::ptrdiff_t>(i * d), d, moved.begin() + place[i] * d);
    Workplace first(make_bank("first", n, d, rows)), second(make_bank("second", n, d, moved));
    const retrieval::Query query = noisy_memory(*first.bank, 31);
    TraceRequest left_request = request_of(first, {query}, {Mode::raw, Mode::centered});
    TraceRequest right_request = request_of(second, {query}, {Mode::raw, Mode::centered});
    left_request.tolerance = right_request.tolerance = 0;
    const auto left = compute::traces(left_request, first.spectrum, first.context);
    const auto right = compute::traces(right_request, second.spectrum, second.context);
    for (std::size_t i = 0; i < left.traces.size(); ++i) {
        const Trace &a = left.traces[i], &b = right.traces[i];
        ASSERT_EQ(a.steps.size(), b.steps.size());
        for (std::size_t t = 0; t < a.steps.size(); ++t) {
            expect_agreement(a.steps[t].entropy, b.steps[t].entropy, "entropy");
            expect_agreement(a.steps[t].norm, b.steps[t].norm, "norm");
        }
        for (std::size_t r = 0; r < a.top5_initial.size(); ++r) EXPECT_EQ(place[a.top5_initial[r]], b.top5_initial[r]);
    }
}

TEST(Retrieval, CurvesAndListsAreOfTheWeights) {
    Workplace work(random_bank(523, 15));
    TraceRequest request = request_of(work, {noisy_memory(*work.bank, 7)}, {Mode::centered});
    request.betas = {20};
    request.keep_curves = true;
    request.top = 523;
    const auto result = compute::traces(request, work.spectrum, work.context);
    const retrieval::Step& step = result.traces[0].steps[1];
    ASSERT_EQ(step.top.size(), 523u);
    double mass = 0, mass5 = 0, mass50 = 0;
    for (std::size_t i = 0; i < step.top.size(); ++i) {
        mass += step.top[i].weight;
        if (i < 5) mass5 += step.top[i].weight;
        if (i < 50) mass50 += step.top[i].weight;
        EXPECT_GE(step.top[i > 0 ? i - 1 : 0].weight, step.top[i].weight);
    }
    EXPECT_NEAR(mass, 1, 1e-6);
    EXPECT_NEAR(result.traces[0].mass_top5, mass5, 1e-12);
    EXPECT_NEAR(result.traces[0].mass_top50, mass50, 1e-12);
    EXPECT_NEAR(step.max_weight, step.top.front().weight, 1e-6);
    ASSERT_EQ(step.curve_rank.size(), step.curve_weight.size());
    EXPECT_EQ(step.curve_rank.front(), 1u);
    EXPECT_EQ(step.curve_rank.back(), 523u);
    for (std::size_t i = 0; i < step.curve_rank.size(); ++i)
        EXPECT_NEAR(step.curve_weight[i], step.top[step.curve_rank[i] - 1].weight, 1e-6);
}

TEST(Retrieval, EqualLogitsRankByIndex) {
    std::vector<float> rows = random_rows(50, 6, 3);
    for (const int copy : {31, 12, 44}) std::copy_n(rows.begin() + 8 * 6, 6, rows.begin() + copy * 6);
    Workplace work(make_bank("copies", 50, 6, rows));
    TraceRequest request = request_of(work, {noisy_memory(*work.bank, 8, 0)}, {Mode::centered});
    request.betas = {400};
    const auto result = compute::traces(request, work.spectrum, work.context);
    const std::vector<std::uint32_t> four(result.traces[0].top5_initial.begin(),
                                          result.traces[0].top5_initial.begin() + 4);
    EXPECT_EQ(four, (std::vector<std::uint32_t>{8, 12, 31, 44}));
}

TEST(Retrieval, TheSameRequestGivesTheSameBitsAtAnyThreadCount) {
    const auto bank = random_bank(3000, 30);
    Workplace one(bank, 1), four(bank, 4);
    EXPECT_EQ(one.spectrum.eigenvalues, four.spectrum.eigenvalues);
    EXPECT_EQ(one.spectrum.directions, four.spectrum.directions);
    TraceRequest request = request_of(one, {noisy_memory(*bank, 7), noisy_memory(*bank, 8)}, {Mode::raw, Mode::hybrid});
    const auto left = compute::traces(request, one.spectrum, one.context);
    const auto right = compute::traces(request, four.spectrum, four.context);
    for (std::size_t i = 0; i < left.traces.size(); ++i) EXPECT_EQ(left.traces[i].states, right.traces[i].states);
}

TEST(Retrieval, ATableOfTheFirstStepChangesNothingThatIsSeen) {
    Workplace work(random_bank(3000, 24));
    for (const Mode mode : {Mode::raw, Mode::centered, Mode::hybrid, Mode::residual}) {
        TraceRequest request = request_of(work, {noisy_memory(*work.bank, 7)}, {mode});
        request.betas = {0.5 * *work.spectrum.beta_critical, 5 * *work.spectrum.beta_critical};
        request.steps = 3;
        request.tolerance = 0;
        const auto expected = compute::traces(request, work.spectrum, work.context);
        request.first_step = std::make_shared<const retrieval::FirstStep>(
            compute::first_step({work.bank, request.queries.front(), mode == Mode::raw}, work.spectrum, work.context));
        const auto got = compute::traces(request, work.spectrum, work.context);
        for (std::size_t i = 0; i < expected.traces.size(); ++i) {
            const Trace &left = expected.traces[i], &right = got.traces[i];
            EXPECT_EQ(left.top5_raw, right.top5_raw);
            EXPECT_EQ(left.top5_initial, right.top5_initial);
            ASSERT_EQ(left.steps.size(), right.steps.size());
            for (std::size_t t = 1; t < left.steps.size(); ++t) {
                expect_agreement(right.steps[t].entropy, left.steps[t].entropy, "entropy");
                expect_agreement(right.steps[t].norm, left.steps[t].norm, "norm");
                expect_agreement(right.steps[t].energy, left.steps[t].energy, "energy");
                expect_agreement(right.steps[t].max_weight, left.steps[t].max_weight, "max_weight");
            }
        }
    }
}

TEST(Retrieval, SharesOfTheWeightsAreAtMostOne) {
    // Far from β_c five memories, or one, have all of the weight there is. Long products make float32 sums of it small.
    std::vector<float> rows = random_rows(30000, 24, 4);
    for (float& value : rows) value *= 8;
    Workplace work(make_bank("long", 30000, 24, rows));
    TraceRequest request = request_of(work, {}, {Mode::raw, Mode::centered});
    for (std::size_t i = 0; i < 12; ++i) request.queries.push_back(noisy_memory(*work.bank, 31 * i, 0.5, i));
    request.betas = {0.3, 1, 3};
    request.steps = 1;
    const auto check = [&](const retrieval::TraceResult& result) {
        for (const Trace& trace : result.traces) {
            EXPECT_LE(trace.mass_top5, 1) << trace.query << " β " << trace.beta;
            EXPECT_LE(trace.mass_top50, 1) << trace.query << " β " << trace.beta;
            EXPECT_LE(trace.mass_top5, trace.mass_top50);
            EXPECT_LE(trace.steps[1].max_weight, 1);
        }
    };
    check(compute::traces(request, work.spectrum, work.context));
    for (const retrieval::Query& query : std::vector(request.queries)) {
        request.queries = {query};
        request.modes = {Mode::centered};
        request.betas = {2 * *work.spectrum.beta_critical, 7.9 * *work.spectrum.beta_critical};
        request.first_step = std::make_shared<const retrieval::FirstStep>(
            compute::first_step({work.bank, query, false}, work.spectrum, work.context));
        check(compute::traces(request, work.spectrum, work.context));
    }
}

TEST(Retrieval, SnapshotsGrowStepByStep) {
    Workplace work(random_bank(100, 8));
    std::vector<std::size_t> lengths;
    JobContext context(
        work.pool,
        {.device = {}, .stop = {}, .on_progress = {}, .on_snapshot = [&](std::shared_ptr<const void> snapshot) {
             const auto* result = static_cast<const retrieval::TraceResult*>(snapshot.get());
             lengths.push_back(result->traces[0].steps.size());
         }});
    TraceRequest request = request_of(work, {noisy_memory(*work.bank, 7)}, {Mode::centered});
    request.betas = {3};
    request.steps = 4;
    request.tolerance = 0;
    request.rank_final = false;
    const auto result = compute::traces(request, work.spectrum, context);
    EXPECT_EQ(lengths, (std::vector<std::size_t>{2, 3, 4}));
    EXPECT_TRUE(result.traces[0].top5_final.empty());
    EXPECT_EQ(result.traces[0].steps.size(), 5u);
}

TEST(Retrieval, SmallestBanks) {
    Workplace two(make_bank("two", 2, 1, {0, 3}));
    EXPECT_NEAR(two.spectrum.lambda_max, 2.25, 1e-6);
    const auto result = compute::traces(request_of(two, {{2}}, {Mode::centered}), two.spectrum, two.context);
    EXPECT_NEAR(result.traces[0].states.back()[0], 1.5, 1e-4);

    Workplace wide(make_bank("wide", 3, 7, random_rows(3, 7, 1)));
    EXPECT_EQ(wide.spectrum.eigenvalues.size(), 7u);
    EXPECT_LT(wide.spectrum.eigenvalues[2], 1e-6); // rank n − 1

    Workplace equal(make_bank("equal", 4, 3, {1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3}));
    EXPECT_FALSE(equal.spectrum.beta_critical.has_value());
    EXPECT_EQ(equal.spectrum.lambda_max, 0);
    const auto flat = compute::traces(request_of(equal, {{0, 0, 1}}, {Mode::raw}), equal.spectrum, equal.context);
    EXPECT_NEAR(flat.traces[0].steps[1].entropy, std::log(4), 1e-9);
    EXPECT_EQ(flat.traces[0].top5_final, (std::vector<std::uint32_t>{0, 1, 2, 3}));
}

TEST(Retrieval, WhatCannotBeUsedIsRefusedWithTheRightKind) {
    Workplace work(random_bank(40, 4));
    const auto kind = [&](auto change, std::vector<Mode> modes = {Mode::centered}) {
        TraceRequest request = request_of(work, {noisy_memory(*work.bank, 1)}, modes);
        change(request);
        const auto error = error_of([&] { compute::traces(request, work.spectrum, work.context); });
        return error ? error->kind : ErrorKind::internal;
    };
    EXPECT_EQ(kind([](TraceRequest& r) { r.betas = {0}; }), ErrorKind::usage);
    EXPECT_EQ(kind([](TraceRequest& r) { r.betas = {-1}; }), ErrorKind::usage);
    EXPECT_EQ(kind([](TraceRequest& r) { r.betas = {std::nan("")}; }), ErrorKind::usage);
    EXPECT_EQ(kind([](TraceRequest& r) { r.betas = {std::numeric_limits<double>::infinity()}; }), ErrorKind::usage);
    EXPECT_EQ(kind([](TraceRequest& r) { r.steps = 0; }), ErrorKind::usage);
    EXPECT_EQ(kind([](TraceRequest& r) { r.queries = {{1, 2}}; }), ErrorKind::input);
    EXPECT_EQ(kind([](TraceRequest& r) { r.queries = {{1, 2, NAN, 4}}; }), ErrorKind::input);

    const auto letter = make_bank("symmetric", 2, 2, {1, 0, -1, 0});
    Workplace symmetric(letter);
    const auto zero = error_of([&] {
        compute::traces(request_of(symmetric, {{0, 0}}, {Mode::renormalized}), symmetric.spectrum, symmetric.context);
    });
    ASSERT_TRUE(zero.has_value());
    EXPECT_EQ(zero->kind, ErrorKind::input);

    std::vector<float> rows = random_rows(30, 4, 1);
    rows[17 * 4 + 2] = std::numeric_limits<float>::quiet_NaN();
    const auto line = message_of([&] { Workplace broken(make_bank("broken", 30, 4, rows)); });
    EXPECT_NE(line.find("17"), std::string::npos) << line;
    const auto single = error_of([&] { Workplace alone(make_bank("alone", 1, 4, {1, 2, 3, 4})); });
    ASSERT_TRUE(single.has_value());
    EXPECT_EQ(single->kind, ErrorKind::input);
    const auto huge = error_of([&] { Workplace big(make_bank("huge", 2, 1, {3e38f, -3e38f})); });
    ASSERT_TRUE(huge.has_value());
    EXPECT_EQ(huge->kind, ErrorKind::input);
}

TEST(Retrieval, ACancelledRequestEndsAsCancelled) {
    Workplace work(random_bank(2000, 20));
    std::stop_source stop;
    JobContext context(work.pool, {.device = {}, .stop = stop.get_token(), .on_progress = {}, .on_snapshot = {}});
    stop.request_stop();
    EXPECT_THROW(compute::spectrum({work.bank}, context), Cancelled);
    EXPECT_THROW(compute::traces(request_of(work, {noisy_memory(*work.bank, 1)}, {Mode::raw}), work.spectrum, context),
                 Cancelled);
    EXPECT_THROW(compute::separation({work.bank}, work.spectrum, context), Cancelled);
}

TEST(Retrieval, AnExplicitDeviceThatIsNotThereIsAnErrorOfTheMachine) {
    Workplace work(random_bank(20, 3));
    JobContext context(work.pool,
                       {.device = {Device::Kind::cuda, 63}, .stop = {}, .on_progress = {}, .on_snapshot = {}});
    const auto error = error_of(
        [&] { compute::traces(request_of(work, {noisy_memory(*work.bank, 1)}, {Mode::raw}), work.spectrum, context); });
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->kind, ErrorKind::resource);
}

TEST(Sweep, MatchesTheTracesItSummarises) {
    Workplace work(random_bank(500, 16));
    retrieval::SweepRequest request{work.bank, noisy_memory(*work.bank, 3), Mode::residual, 0.5, {1, 8, 64}, 5};
    const auto sweep = compute::sweep(request, work.spectrum, work.context);
    TraceRequest traces = request_of(work, {request.query}, {Mode::residual});
    traces.betas = request.betas;
    traces.steps = 5;
    traces.tolerance = 0;
    const auto result = compute::traces(traces, work.spectrum, work.context);
    ASSERT_EQ(sweep.entropy.size(), 5u);
    for (std::size_t b = 0; b < 3; ++b)
        for (std::size_t t = 0; t < 5; ++t) {
            EXPECT_EQ(sweep.entropy[t][b], result.traces[b].steps[t + 1].entropy);
            EXPECT_EQ(sweep.norm[t][b], result.traces[b].steps[t + 1].norm);
        }
}

TEST(Sweep, OrthonormalPatternsShowHysteresis) {
    // Rising from the centroid the state stays there until β_c = 20; falling from a pattern it stays in the pattern
    // down to β ≈ 5.5.
    Workplace work(orthonormal_bank(20));
    retrieval::SweepRequest request{work.bank, noisy_memory(*work.bank, 4, 0.01), Mode::centered, 0.5, {2, 12, 60}, 2};
    request.hysteresis = true;
    request.follow_steps = 200;
    const auto sweep = compute::sweep(request, work.spectrum, work.context);
    EXPECT_GT(sweep.entropy_up[1], 0.99 * std::log(20));
    EXPECT_LT(sweep.entropy_up[2], 0.1);
    EXPECT_LT(sweep.entropy_down[1], 0.1);
    EXPECT_GT(sweep.entropy_down[0], 0.99 * std::log(20));
}

TEST(Sweep, AStateThatIsStillMovingIsMarked) {
    Workplace work(random_bank(500, 16));
    const double critical = *work.spectrum.beta_critical;
    retrieval::SweepRequest request{
        work.bank, noisy_memory(*work.bank, 3), Mode::centered, 0.5, {0.3 * critical, 1.036 * critical, 8 * critical},
        2};
    request.hysteresis = true;
    request.follow_steps = 30;
    const auto cut = compute::sweep(request, work.spectrum, work.context);
    ASSERT_EQ(cut.settled_up.size(), 3u);
    EXPECT_TRUE(cut.comparable(0));
    EXPECT_FALSE(cut.comparable(1));
    EXPECT_GT(cut.unsettled(), 0u);
    EXPECT_EQ(cut.follow_steps, 30);
    // What is said to be settled is where many more steps lead.
    request.follow_steps = 20000;
    const auto far = compute::sweep(request, work.spectrum, work.context);
    EXPECT_EQ(far.unsettled(), 0u);
    for (std::size_t b = 0; b < 3; ++b)
        if (cut.comparable(b)) {
            EXPECT_NEAR(cut.entropy_up[b], far.entropy_up[b], 1e-4);
            EXPECT_NEAR(cut.entropy_down[b], far.entropy_down[b], 1e-4);
        }
}

TEST(Sweep, JustAboveTheCriticalBetaNoGapIsReportedWhereThereIsNone) {
    // A state leaves the centroid by 3.6 % a step there: after 50 steps it is still near it, which is no gap.
    Workplace work(random_bank(500, 16));
    const double critical = *work.spectrum.beta_critical;
    retrieval::SweepRequest request{work.bank, noisy_memory(*work.bank, 3),         Mode::centered,
                                    0.5,       retrieval::beta_axis(work.spectrum), 2};
    request.hysteresis = true;
    request.follow_steps = 20000;
    const auto far = compute::sweep(request, work.spectrum, work.context);
    ASSERT_EQ(far.unsettled(), 0u);
    for (const int steps : {50, 400}) {
        request.follow_steps = steps;
        const auto sweep = compute::sweep(request, work.spectrum, work.context);
        std::size_t comparable = 0, just_above = 0;
        for (std::size_t b = 0; b < sweep.betas.size(); ++b) {
            const double factor = sweep.betas[b] / critical;
            if (steps == 50 && factor > 1 && factor < 1.05) {
                EXPECT_FALSE(sweep.comparable(b)) << factor;
                ++just_above;
            }
            if (!sweep.comparable(b)) continue;
            ++comparable;
            const double gap = std::abs(sweep.entropy_up[b] - sweep.entropy_down[b]);
            const double true_gap = std::abs(far.entropy_up[b] - far.entropy_down[b]);
            EXPECT_NEAR(gap, true_gap, 1e-3) << factor << " β_c, " << steps << " steps";
        }
        EXPECT_GT(comparable, sweep.betas.size() / 2);
        EXPECT_EQ(just_above > 0, steps == 50);
    }
}

TEST(Origin, AmplificationIsBetaTimesLambda) {
    Workplace work(random_bank(900, 20));
    retrieval::OriginRequest request;
    request.bank = work.bank;
    request.betas = {0.5 / work.spectrum.lambda_max, 4 / work.spectrum.lambda_max};
    const auto tests = compute::origin_tests(request, work.spectrum, work.context);
    EXPECT_NEAR(tests[0].steps[0].amplification, 0.5, 1e-3);
    EXPECT_FALSE(tests[0].escaped_at.has_value());
    EXPECT_NEAR(tests[1].steps[0].amplification, 4, 1e-2);
    EXPECT_EQ(tests[1].escaped_at, 1); // 4 · 4 > 10
    EXPECT_EQ(tests[1].steps.size(), 10u);
}

TEST(Plane, EnergyAtTheTrajectorysPlaneMatchesTheTrace) {
    Workplace work(random_bank(300, 10));
    for (const Mode mode : {Mode::raw, Mode::centered}) {
        retrieval::PlaneRequest request;
        request.bank = work.bank;
        request.query = noisy_memory(*work.bank, 3);
        request.mode = mode;
        request.beta = 6;
        request.basins = true;
        const auto plane = compute::plane(request, work.spectrum, work.context);
        ASSERT_EQ(plane.energy.size(), 96u * 72u);
        ASSERT_EQ(plane.trajectory.size(), 9u);
        EXPECT_EQ(plane.memories.size(), 300u);
        for (const auto& [x, y] : plane.memories) {
            EXPECT_GE(x, plane.x_min);
            EXPECT_LE(y, plane.y_max);
        }
        // The query lies in the plane (y is its direction) apart from nothing else: energies agree there.
        TraceRequest traces = request_of(work, {request.query}, {mode});
        traces.betas = {6};
        const double energy = compute::traces(traces, work.spectrum, work.context).traces[0].steps[1].energy;
        const double gx = (plane.trajectory[0][0] - plane.x_min) / (plane.x_max - plane.x_min) * 95;
        const double gy = (plane.trajectory[0][1] - plane.y_min) / (plane.y_max - plane.y_min) * 71;
        const auto at = [&](double column, double row) {
            return plane.energy[static_cast<std::size_t>(row) * 96 + static_cast<std::size_t>(column)];
        };
        EXPECT_NEAR(at(std::round(gx), std::round(gy)), energy, 0.02);

        ASSERT_EQ(plane.basin.size(), 32u * 24u);
        ASSERT_EQ(plane.basin_support.size(), plane.basin_memory.size());
        std::vector<int> population(plane.basin_support.size());
        for (const int basin : plane.basin) ++population.at(static_cast<std::size_t>(basin));
        EXPECT_TRUE(std::is_sorted(population.rbegin(), population.rend()));
        EXPECT_GT(population.back(), 0);
    }
}

double apart(const std::vector<double>& left, const std::vector<double>& right) {
    double squares = 0;
    for (std::size_t k = 0; k < left.size(); ++k) squares += (left[k] - right[k]) * (left[k] - right[k]);
    return std::sqrt(squares);
}

/// Where the map leads from a state, in float64 and two plain loops; it may have come to rest before the last step.
std::vector<double> followed(const Workplace& work, std::vector<double> state, double beta, int steps) {
    const std::size_t n = work.bank->n, d = work.bank->d;
    std::vector<double> weights(n);
    for (int step = 0; step < steps; ++step) {
        double top = -infinite, sum = 0;
        for (std::size_t i = 0; i < n; ++i) {
            weights[i] = 0;
            for (std::size_t k = 0; k < d; ++k)
                weights[i] += beta * (work.bank->row(i)[k] - work.spectrum.mean[k]) * state[k];
            top = std::max(top, weights[i]);
        }
        for (double& weight : weights) sum += weight = std::exp(weight - top);
        std::vector<double> next(d);
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t k = 0; k < d; ++k)
                next[k] += weights[i] / sum * (work.bank->row(i)[k] - work.spectrum.mean[k]);
        const bool rests = apart(next, state) < 1e-14;
        state = std::move(next);
        if (rests) break;
    }
    return state;
}

TEST(Plane, BasinsAreOfSettledStatesAlone) {
    constexpr int width = 7, height = 5;
    Workplace work(random_bank(100, 6));
    retrieval::PlaneRequest request;
    request.bank = work.bank;
    request.query = noisy_memory(*work.bank, 3);
    request.basins = true;
    request.x = {retrieval::PlaneAxis::eigenvector, 0};
    request.y = {retrieval::PlaneAxis::eigenvector, 1};
    request.basin_width = width;
    request.basin_height = height;
    for (const double factor : {0.75, 0.98, 1.0, 1.02, 2.0}) {
        std::vector<std::vector<double>> ends(std::size_t{width} * height);
        for (const int steps : {24, 400}) {
            request.beta = factor * *work.spectrum.beta_critical;
            request.basin_steps = steps;
            const auto plane = compute::plane(request, work.spectrum, work.context);
            const std::string what = std::to_string(factor) + " β_c, " + std::to_string(steps) + " steps";
            EXPECT_EQ(plane.basin_steps, steps);
            EXPECT_GT(plane.basin_merge, 0);
            EXPECT_EQ(plane.basin_unsettled, static_cast<std::size_t>(std::count(plane.basin.begin(), plane.basin.end(),
                                                                                 retrieval::Plane::unsettled_basin)))
                << what;
            // Every fixed point is one, and the cells that are said to reach it do.
            std::vector<std::vector<double>> points(plane.basin_support.size());
            const double merge = plane.basin_merge * work.spectrum.max_centered_norm;
            for (int cell = 0; cell < width * height; ++cell) {
                const int basin = plane.basin[static_cast<std::size_t>(cell)];
                if (basin == retrieval::Plane::unsettled_basin) continue;
                const double x = plane.x_min + (plane.x_max - plane.x_min) * (cell % width) / (width - 1);
                const double y = plane.y_min + (plane.y_max - plane.y_min) * (cell / width) / (height - 1);
                std::vector<double> start(6);
                for (std::size_t k = 0; k < 6; ++k)
                    start[k] = x * work.spectrum.directions[k] + y * work.spectrum.directions[6 + k];
                auto& end = ends[static_cast<std::size_t>(cell)];
                if (end.empty()) end = followed(work, start, request.beta, 2000);
                auto& point = points[static_cast<std::size_t>(basin)];
                if (point.empty()) point = end;
                EXPECT_LT(apart(end, point), merge) << what << ", cell " << cell;
            }
            for (std::size_t a = 0; a < points.size(); ++a)
                for (std::size_t b = 0; b < a; ++b)
                    EXPECT_GT(apart(points[a], points[b]), 0.5 * merge) << what << ", " << a << " and " << b;
            if (steps == 24 && factor > 0.97 && factor < 1.03) {
                EXPECT_GT(plane.basin_unsettled, 0u) << what;
            }
            if (steps == 400 && (factor < 0.9 || factor > 1.5)) {
                EXPECT_EQ(plane.basin_unsettled, 0u) << what;
            }
        }
    }
}

TEST(Plane, BasinsOfRenormalizedAreToldApartByDirection) {
    // Two opposite memories: every state goes along one of them, at the length of its start.
    Workplace work(make_bank("opposite", 2, 3, {1, 0, 0, -1, 0, 0}), 2, 3);
    retrieval::PlaneRequest request;
    request.bank = work.bank;
    request.query = {0.9f, 0.4f, 0};
    request.mode = Mode::renormalized;
    request.beta = 5;
    request.x = {retrieval::PlaneAxis::eigenvector, 0};
    request.y = {retrieval::PlaneAxis::query, 0};
    request.basins = true;
    const auto plane = compute::plane(request, work.spectrum, work.context);
    EXPECT_TRUE(plane.basin_directions);
    EXPECT_EQ(plane.basin_unsettled, 0u);
    ASSERT_EQ(plane.basin_support.size(), 2u);
    EXPECT_NE(plane.basin_memory[0], plane.basin_memory[1]);
    const auto width = static_cast<std::size_t>(plane.basin_width);
    for (std::size_t cell = 0; cell < plane.basin.size(); ++cell) {
        const double x = plane.x_min + (plane.x_max - plane.x_min) * static_cast<double>(cell % width) /
                                           static_cast<double>(width - 1);
        const double along = x * work.spectrum.directions[0]; // towards memory 0
        const auto basin = static_cast<std::size_t>(plane.basin[cell]);
        EXPECT_EQ(plane.basin_memory.at(basin), along > 0 ? 0u : 1u) << cell;
    }
    request.mode = Mode::centered;
    EXPECT_FALSE(compute::plane(request, work.spectrum, work.context).basin_directions);
}

TEST(Plane, BasinsShowTheEnergyBeforeTheyAreThere) {
    Workplace work(random_bank(100, 8));
    std::vector<std::size_t> basins;
    JobContext context(
        work.pool,
        {.device = {}, .stop = {}, .on_progress = {}, .on_snapshot = [&](std::shared_ptr<const void> snapshot) {
             const auto* plane = static_cast<const retrieval::Plane*>(snapshot.get());
             EXPECT_EQ(plane->energy.size(), 96u * 72u);
             basins.push_back(plane->basin.size());
         }});
    retrieval::PlaneRequest request;
    request.bank = work.bank;
    request.query = noisy_memory(*work.bank, 7);
    request.beta = 5;
    request.basins = true;
    EXPECT_EQ(compute::plane(request, work.spectrum, context).basin.size(), 32u * 24u);
    EXPECT_EQ(basins, (std::vector<std::size_t>{0}));
}

TEST(Plane, EveryStateWithinTheCentroidsRadiusRunsIntoIt) {
    for (const std::uint64_t seed : {1u, 2u, 3u}) {
        Workplace work(random_bank(100, 6, seed));
        for (const double factor : {0.3, 0.75, 0.95}) {
            const double beta = factor * *work.spectrum.beta_critical;
            const double radius = compute::centroid_radius(Mode::centered, beta, 0.5, work.spectrum);
            ASSERT_GT(radius, 0);
            for (std::uint64_t i = 0; i < 8; ++i) {
                std::vector<double> start(6);
                double squares = 0;
                for (std::size_t k = 0; k < 6; ++k) {
                    start[k] = i == 0 ? work.spectrum.directions[k] : random_normal(seed, i, k);
                    squares += start[k] * start[k];
                }
                for (double& value : start) value *= radius / std::sqrt(squares);
                const std::vector<double> centroid(6);
                EXPECT_LT(apart(followed(work, start, beta, 1), centroid), radius) << factor;
                EXPECT_LT(apart(followed(work, start, beta, 1000), centroid), 1e-9) << factor;
            }
        }
        EXPECT_EQ(compute::centroid_radius(Mode::centered, *work.spectrum.beta_critical, 0.5, work.spectrum), 0);
        EXPECT_EQ(compute::centroid_radius(Mode::raw, 1e-3, 0.5, work.spectrum), 0);
        EXPECT_EQ(compute::centroid_radius(Mode::residual, 1e-3, 1, work.spectrum), 0);
    }
}

TEST(Plane, RefusesParallelDirections) {
    Workplace work(random_bank(50, 6));
    retrieval::PlaneRequest request;
    request.bank = work.bank;
    request.query = noisy_memory(*work.bank, 3);
    request.y = request.x;
    const auto error = error_of([&] { compute::plane(request, work.spectrum, work.context); });
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->kind, ErrorKind::input);
}

TEST(Separation, FindsCopiesAndIsReproducible) {
    std::vector<float> rows = random_rows(500, 12, 3);
    std::copy_n(rows.begin() + 8 * 12, 12, rows.begin() + 77 * 12);
    Workplace work(make_bank("copies", 500, 12, rows));
    const auto all = compute::separation({work.bank, 0}, work.spectrum, work.context);
    EXPECT_TRUE(all.exact);
    EXPECT_EQ(all.delta[8], 0);
    EXPECT_EQ(all.nearest[8], 77u);
    EXPECT_EQ(all.nearest[77], 8u);
    EXPECT_EQ(all.minimum, *std::min_element(all.delta.begin(), all.delta.end()));
    const auto some = compute::separation({work.bank, 60}, work.spectrum, work.context);
    EXPECT_EQ(some.sampled, 60u);
    EXPECT_FALSE(some.exact);
    for (std::size_t i = 0; i < some.index.size(); ++i) EXPECT_EQ(some.delta[i], all.delta[some.index[i]]);
}

TEST(Separation, IsOfTheModesOwnSpace) {
    // Rows of different lengths around a mean: most have a longer row as their neighbour before the mean is taken off,
    // and few after.
    Workplace work(make_bank("shifted", 400, 16, random_rows(400, 16, 3, 5, 4, false)));
    std::size_t negative[2] = {0, 0};
    for (const bool centered : {false, true}) {
        const auto result = compute::separation({work.bank, 0, centered}, work.spectrum, work.context);
        EXPECT_EQ(result.centered, centered);
        for (std::size_t i = 0; i < 400; ++i) {
            const auto product = [&](std::size_t j) {
                double sum = 0;
                for (std::size_t k = 0; k < 16; ++k) {
                    const double mean = centered ? work.spectrum.mean[k] : 0;
                    sum += (work.bank->row(i)[k] - mean) * (work.bank->row(j)[k] - mean);
                }
                return sum;
            };
            double nearest = -infinite;
            for (std::size_t j = 0; j < 400; ++j)
                if (j != i) nearest = std::max(nearest, product(j));
            EXPECT_NEAR(result.delta[i], product(i) - nearest, 1e-5 * product(i)) << i;
        }
        negative[centered] = result.negative;
    }
    EXPECT_GT(negative[0], negative[1] + 100);
}

TEST(Separation, OfNearCopiesKeepsItsDigits) {
    // Unit rows with a copy at a distance of 10⁻³ and less: Δ = ½‖m_i − m_j‖² is lost in products near 1.
    std::vector<float> rows = random_rows(600, 24, 5);
    for (std::size_t i = 300; i < 600; ++i)
        for (std::size_t k = 0; k < 24; ++k)
            rows[i * 24 + k] = rows[(i - 300) * 24 + k] + static_cast<float>(3e-5 * random_normal(2, i, k));
    Workplace work(make_bank("near copies", 600, 24, rows));
    for (const bool centered : {false, true}) {
        const auto result = compute::separation({work.bank, 0, centered}, work.spectrum, work.context);
        for (std::size_t i = 0; i < 600; ++i) {
            long double least = infinite;
            for (std::size_t j = 0; j < 600; ++j) {
                long double gap = 0;
                for (std::size_t k = 0; k < 24; ++k)
                    gap += (static_cast<long double>(work.bank->row(i)[k]) - (centered ? work.spectrum.mean[k] : 0)) *
                           (static_cast<long double>(work.bank->row(i)[k]) - work.bank->row(j)[k]);
                if (j != i) least = std::min(least, gap);
            }
            const auto expected = static_cast<double>(least);
            EXPECT_NEAR(result.delta[i], expected, 1e-6 * std::abs(expected)) << i;
        }
    }
}

} // namespace
} // namespace attnscope::test
