#include <attnscope/recipe.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>
#include <sstream>

namespace attnscope {
namespace {

using Json = nlohmann::ordered_json;
using namespace retrieval;

Result small_result() {
    Result result;
    result.spectrum.n = 3;
    result.spectrum.d = 2;
    result.spectrum.mean = {0, 0};
    result.spectrum.eigenvalues = {0.5, 0};
    result.spectrum.directions = {1, 0, 0, 1};
    result.spectrum.lambda_max = 0.5;
    result.spectrum.beta_critical = 2;
    result.radii = {{0.5, 0.25, true}, {5, 2.5, false}};
    result.traces.entropy_max = 1.0986122886681098;
    Trace trace;
    trace.beta = 5;
    trace.query = 1;
    trace.mode = Mode::residual;
    trace.steps.resize(2);
    trace.steps[0].norm = 1;
    Step& step = trace.steps[1];
    step.t = 1;
    step.norm = 0.1;
    step.entropy = 0.2;
    step.max_weight = 0.9;
    step.delta = 0.3;
    step.cos_v1 = 0.4;
    step.energy = -0.5;
    trace.states = {{1, 0}, {0.1, 0}};
    trace.top5_raw = {2, 0, 1};
    trace.top5_initial = {2, 0, 1};
    trace.top5_final = {2, 1, 0};
    trace.overlap_initial = trace.overlap_final = 3;
    result.traces.traces = {trace};
    OriginTest test;
    test.beta = 50;
    test.epsilon = 1e-4;
    test.steps = {{0, 1e-4, 2e-4, 2}};
    result.origin = {test};
    return result;
}

std::vector<std::string> names(const Json& object) {
    std::vector<std::string> list;
    for (const auto& [name, value] : object.items()) list.push_back(name);
    return list;
}

TEST(RetrievalResult, JsonHasTheFieldsOfTheSpecification) {
    const Json json = Json::parse(retrieval_result_json(small_result()));
    EXPECT_EQ(names(json), (std::vector<std::string>{"bank", "spectrum", "traces", "origin_test"}));
    EXPECT_EQ(names(json["bank"]),
              (std::vector<std::string>{"n", "d", "mean_norm", "raw_norm", "centered_norm", "centered_mean_norm"}));
    EXPECT_EQ(names(json["bank"]["raw_norm"]), (std::vector<std::string>{"mean", "std"}));
    EXPECT_EQ(names(json["spectrum"]), (std::vector<std::string>{"lambda_max", "beta_critical", "singular_values",
                                                                 "spectral_radius", "eigenvalues", "beta_modes"}));
    EXPECT_EQ(json["spectrum"]["spectral_radius"][1], Json({{"beta", 5.0}, {"rho", 2.5}, {"stable", false}}));
    EXPECT_EQ(json["spectrum"]["beta_modes"], Json({2.0, nullptr}));

    const Json& trace = json["traces"][0];
    EXPECT_EQ(names(trace), (std::vector<std::string>{"beta", "query", "mode", "steps", "converged", "fixed_point",
                                                      "norm_ratio", "predicted_norm", "mass_top5", "mass_top50", "top5",
                                                      "overlap_initial", "overlap_final"}));
    EXPECT_EQ(trace["mode"], "residual");
    EXPECT_EQ(names(trace["top5"]), (std::vector<std::string>{"raw", "initial", "final"}));
    EXPECT_EQ(trace["steps"][0], Json({{"t", 0}, {"norm", 1.0}}));
    EXPECT_EQ(names(trace["steps"][1]), (std::vector<std::string>{"t", "norm", "entropy", "entropy_max", "max_weight",
                                                                  "delta", "cos_v1", "energy"}));
    const Json& origin = json["origin_test"][0];
    EXPECT_EQ(names(origin), (std::vector<std::string>{"beta", "eps", "steps", "escaped_at"}));
    EXPECT_EQ(names(origin["steps"][0]), (std::vector<std::string>{"t", "norm", "norm_next", "amplification"}));
    EXPECT_TRUE(origin["escaped_at"].is_null());
}

TEST(RetrievalResult, JsonSaysNullForWhatIsUndefined) {
    Result result = small_result();
    result.spectrum.beta_critical.reset();
    result.traces.traces[0].norm_ratio = std::numeric_limits<double>::quiet_NaN();
    const std::string text = retrieval_result_json(result);
    const Json json = Json::parse(text);
    EXPECT_TRUE(json["spectrum"]["beta_critical"].is_null());
    EXPECT_TRUE(json["traces"][0]["norm_ratio"].is_null());
    EXPECT_EQ(text.find("nan"), std::string::npos);
}

TEST(RetrievalResult, JsonNumbersAreShortAndExact) {
    Result result = small_result();
    result.separation.emplace();
    result.separation->delta = {0.1f};
    result.spectrum.mean_norm = 0.1 + 0.2;
    const std::string text = retrieval_result_json(result);
    EXPECT_NE(text.find("\"mean_norm\":0.30000000000000004,"), std::string::npos);
    EXPECT_NE(text.find("\"delta\":[0.1]"), std::string::npos);
}

TEST(RetrievalResult, CsvHasARowAStepAndEmptyFieldsAtTheStart) {
    std::istringstream lines(retrieval_result_csv(small_result()));
    std::string header, start, step, more;
    std::getline(lines, header);
    std::getline(lines, start);
    std::getline(lines, step);
    EXPECT_EQ(header, "query,mode,beta,t,norm,entropy,entropy_max,max_weight,delta,cos_v1,energy");
    EXPECT_EQ(start, "1,residual,5,0,1,,,,,,");
    EXPECT_EQ(step, "1,residual,5,1,0.1,0.2,1.0986122886681098,0.9,0.3,0.4,-0.5");
    EXPECT_FALSE(std::getline(lines, more));
}

TEST(RetrievalResult, TextSaysWhatTheCriticalBetaIsNot) {
    const std::string text = retrieval_result_text(small_result());
    EXPECT_NE(text.find("where the centroid loses stability"), std::string::npos);
    EXPECT_NE(text.find("not where single memories become retrievable"), std::string::npos);
    EXPECT_NE(text.find("residual"), std::string::npos);
    EXPECT_NE(text.find("did not escape"), std::string::npos);
}

Result with_unsettled() {
    Result result = small_result();
    Plane plane;
    plane.basin_width = plane.basin_height = 2;
    plane.basin = {0, Plane::unsettled_basin, 1, 0};
    plane.basin_support = {1.5, 2.5};
    plane.basin_memory = {4, 2};
    plane.basin_unsettled = 1;
    plane.basin_steps = 400;
    plane.basin_merge = 0.01;
    result.plane = plane;
    QuerySweep entry;
    entry.sweep.betas = {1, 2, 4};
    entry.sweep.entropy_max = 1;
    entry.sweep.entropy_up = {0.9, 0.8, 0.1};
    entry.sweep.entropy_down = {0.9, 0.2, 0.1};
    entry.sweep.norm_up = entry.sweep.norm_down = {1, 1, 1};
    entry.sweep.settled_up = {1, 0, 1};
    entry.sweep.settled_down = {1, 1, 1};
    entry.sweep.follow_steps = 400;
    result.sweeps = {entry};
    return result;
}

TEST(RetrievalResult, MarksWhatHasNotSettled) {
    const Json json = Json::parse(retrieval_result_json(with_unsettled()));
    const Json& basins = json["plane"]["basins"];
    EXPECT_EQ(basins["fixed_point"], Json::parse("[[0,null],[1,0]]"));
    EXPECT_EQ(basins["unsettled"], 1);
    EXPECT_EQ(basins["unsettled_share"], 0.25);
    EXPECT_EQ(basins["steps"], 400);
    EXPECT_EQ(basins["merge_tolerance"], 0.01);
    EXPECT_TRUE(basins["settling"].contains("step"));
    const Json& sweep = json["sweep"][0];
    EXPECT_EQ(sweep["settled_up"], Json::parse("[true,false,true]"));
    EXPECT_EQ(sweep["settled_down"], Json::parse("[true,true,true]"));
    EXPECT_EQ(sweep["gap"], Json::parse("[0.0,null,0.0]"));
    EXPECT_EQ(sweep["unsettled"], 1);
    EXPECT_EQ(sweep["follow_steps"], 400);
    const std::string text = retrieval_result_text(with_unsettled());
    EXPECT_NE(text.find("not settled"), std::string::npos);
    EXPECT_NE(text.find("1 of 4 cells not settled after 400 steps"), std::string::npos) << text;
}

TEST(RetrievalResult, WarnsOfWhatHasNotSettled) {
    RetrievalJob job;
    job.request.modes = {Mode::centered};
    std::vector<std::string> codes;
    for (const Warning& warning : retrieval_warnings(job, with_unsettled())) codes.push_back(warning.code);
    EXPECT_EQ(codes, (std::vector<std::string>{"beta-critical", "unsettled-sweep", "unsettled-basins"}));
}

TEST(RetrievalResult, WarnsThatHybridIsNoCure) {
    RetrievalJob job;
    job.request.modes = {Mode::centered, Mode::hybrid};
    const auto warnings = retrieval_warnings(job, small_result());
    const auto has = [&](const char* code) {
        return std::any_of(warnings.begin(), warnings.end(), [&](const Warning& w) { return w.code == code; });
    };
    EXPECT_TRUE(has("hybrid"));
    EXPECT_TRUE(has("beta-critical"));
    job.request.modes = {Mode::centered};
    EXPECT_EQ(retrieval_warnings(job, small_result()).size(), 1u);
}

} // namespace
} // namespace attnscope
