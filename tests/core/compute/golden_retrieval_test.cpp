// Agreement with the float64 reference: the golden folder where there is one, and a small copy that is always here.
#include "core/compute/support.h"
#include "kernels/retrieval_pass.h"
#include "support/golden.h"

#include <nlohmann/json.hpp>

#include <fstream>
#include <set>

namespace attnscope::test {
namespace {

using nlohmann::json;
using retrieval::Trace;

json read_json(const std::filesystem::path& path) {
    std::ifstream file(path);
    return json::parse(file);
}

void compare_spectrum(const retrieval::Spectrum& spectrum, const json& expected) {
    const json &bank = expected["bank"], &values = expected["spectrum"];
    EXPECT_EQ(spectrum.n, bank["n"]);
    EXPECT_EQ(spectrum.d, bank["d"]);
    expect_agreement(spectrum.mean_norm, bank["mean_norm"], "mean_norm");
    expect_agreement(spectrum.raw_norm_mean, bank["raw_norm"]["mean"], "raw_norm.mean");
    expect_agreement(spectrum.raw_norm_std, bank["raw_norm"]["std"], "raw_norm.std");
    expect_agreement(spectrum.centered_norm_mean, bank["centered_norm"]["mean"], "centered_norm.mean");
    expect_agreement(spectrum.centered_norm_std, bank["centered_norm"]["std"], "centered_norm.std");
    EXPECT_LT(spectrum.centered_mean_norm, 1e-12);
    expect_agreement(spectrum.lambda_max, values["lambda_max"], "lambda_max");
    ASSERT_TRUE(spectrum.beta_critical.has_value());
    expect_agreement(*spectrum.beta_critical, values["beta_critical"], "beta_critical");
    const std::vector<double> singular = spectrum.singular_values();
    for (std::size_t k = 0; k < values["singular_values"].size(); ++k)
        expect_agreement(singular.at(k), values["singular_values"][k], "singular value " + std::to_string(k));
}

/// The expected memories in the expected order, ties aside: another one may stand where its product with the probe is
/// the same to rounding. True when they are the very same.
bool compare_ranks(const Bank& bank, const std::vector<double>& probe, const std::vector<std::uint32_t>& ranked,
                   const json& expected, const std::string& what) {
    const auto wanted = expected.get<std::vector<std::uint32_t>>();
    EXPECT_EQ(ranked.size(), wanted.size()) << what;
    for (std::size_t i = 0; i < std::min(ranked.size(), wanted.size()); ++i) {
        if (ranked[i] == wanted[i]) continue;
        const double own = kernels::exact_dot(bank.row(ranked[i]).data(), probe.data(), bank.d);
        const double other = kernels::exact_dot(bank.row(wanted[i]).data(), probe.data(), bank.d);
        EXPECT_NEAR(own, other, 1e-7) << what << " rank " << i;
    }
    return ranked == wanted;
}

/// `same_v1`: λ₁ is simple, so the reference's v₁ is ours.
void compare_trace(const Bank& bank, const retrieval::Query& query, const Trace& trace, const json& expected,
                   bool same_v1) {
    const std::string name = std::string(choice_name(trace.mode)) + " β " + std::to_string(trace.beta) + " query " +
                             std::to_string(trace.query);
    const json& steps = expected["steps"];
    // A trace that converged may end a row or two apart.
    const std::size_t rows = std::min(steps.size(), trace.steps.size());
    if (expected["converged"] || trace.converged)
        EXPECT_NEAR(static_cast<double>(steps.size()), static_cast<double>(trace.steps.size()), 2) << name;
    else
        EXPECT_EQ(steps.size(), trace.steps.size()) << name;
    for (std::size_t t = 0; t < rows; ++t) {
        const retrieval::Step& step = trace.steps[t];
        const std::string at = name + " t " + std::to_string(t) + " ";
        EXPECT_EQ(step.t, steps[t]["t"]);
        expect_agreement(step.norm, steps[t]["norm"], at + "norm");
        if (t == 0) continue;
        expect_agreement(step.entropy, steps[t]["entropy"], at + "entropy");
        expect_agreement(step.max_weight, steps[t]["max_weight"], at + "max_weight");
        expect_agreement(step.delta, steps[t]["delta"], at + "delta");
        expect_agreement(step.energy, steps[t]["energy"], at + "energy");
        if (same_v1 && steps[t]["cos_v1"] > 1e-4) expect_agreement(step.cos_v1, steps[t]["cos_v1"], at + "cos_v1");
    }
    expect_agreement(trace.norm_ratio, expected["norm_ratio"], name + " norm_ratio");
    expect_agreement(trace.mass_top5, expected["mass_top5"], name + " mass_top5");
    expect_agreement(trace.mass_top50, expected["mass_top50"], name + " mass_top50");
    // All states probe raw rows: a constant offset of the probe's products does not change their order.
    const std::vector<double> raw(query.begin(), query.end());
    const json& top = expected["top5"];
    const bool same_raw = compare_ranks(bank, raw, trace.top5_raw, top["raw"], name + " raw");
    if (compare_ranks(bank, trace.states.front(), trace.top5_initial, top["initial"], name + " initial") && same_raw) {
        EXPECT_EQ(trace.overlap_initial, expected["overlap_initial"]) << name;
    }
    if (compare_ranks(bank, trace.states.back(), trace.top5_final, top["final"], name + " final") && same_raw) {
        EXPECT_EQ(trace.overlap_final, expected["overlap_final"]) << name;
    }
}

void compare_origin(const retrieval::OriginTest& test, const json& expected) {
    const std::string name = "origin test β " + std::to_string(test.beta);
    ASSERT_EQ(test.steps.size(), expected["steps"].size()) << name;
    for (std::size_t t = 0; t < test.steps.size(); ++t) {
        const json& row = expected["steps"][t];
        const std::string at = name + " t " + std::to_string(t);
        EXPECT_NEAR(test.steps[t].norm, row["norm"], 1e-4 * row["norm"].get<double>()) << at;
        EXPECT_NEAR(test.steps[t].norm_next, row["norm_next"], 1e-4 * row["norm_next"].get<double>()) << at;
        if (row["norm"] > 1e-5)
            expect_agreement(test.steps[t].amplification, row["amplification"], at + " amplification");
    }
    EXPECT_EQ(test.escaped_at.has_value(), !expected["escaped_at"].is_null()) << name;
    if (test.escaped_at && !expected["escaped_at"].is_null()) {
        EXPECT_EQ(*test.escaped_at, expected["escaped_at"]) << name;
    }
}

void compare(const retrieval::BankPtr& bank, const std::vector<retrieval::Query>& queries, const json& expected) {
    Workplace work(bank);
    compare_spectrum(work.spectrum, expected);
    const bool same_v1 = work.spectrum.eigenvalues.at(1) < 0.999 * work.spectrum.eigenvalues.at(0);

    std::set<double> betas;
    std::size_t steps = 0;
    for (const json& trace : expected["traces"]) {
        betas.insert(trace["beta"].get<double>());
        steps = std::max(steps, trace["steps"].size() - 1);
    }
    retrieval::TraceRequest request;
    request.bank = bank;
    request.queries = queries;
    request.betas.assign(betas.begin(), betas.end());
    request.modes.assign(retrieval::all_modes.begin(), retrieval::all_modes.end());
    request.steps = static_cast<int>(steps);
    const retrieval::TraceResult result = compute::traces(request, work.spectrum, work.context);
    ASSERT_EQ(result.traces.size(), expected["traces"].size());
    for (const json& trace : expected["traces"]) {
        const auto found = std::find_if(result.traces.begin(), result.traces.end(), [&](const Trace& own) {
            return own.query == trace["query"] && own.beta == trace["beta"] &&
                   choice_name(own.mode) == trace["mode"].get<std::string>();
        });
        ASSERT_NE(found, result.traces.end());
        compare_trace(*bank, queries.at(trace["query"].get<std::size_t>()), *found, trace, same_v1);
        expect_agreement(result.entropy_max, trace["steps"][1]["entropy_max"], "entropy_max");
    }

    retrieval::OriginRequest origin;
    origin.bank = bank;
    origin.betas.clear();
    for (const json& test : expected["origin_test"]) origin.betas.push_back(test["beta"]);
    origin.steps = static_cast<int>(expected["origin_test"][0]["steps"].size());
    const auto tests = compute::origin_tests(origin, work.spectrum, work.context);
    ASSERT_EQ(tests.size(), expected["origin_test"].size());
    for (std::size_t i = 0; same_v1 && i < tests.size(); ++i) compare_origin(tests[i], expected["origin_test"][i]);
}

/// NAME.bank.npy and NAME.queries.npy with NAME.expected.json.
void compare_files(const std::filesystem::path& name) {
    SCOPED_TRACE(name);
    const auto bank = open_bank(name.string() + ".bank.npy");
    const Queries queries = open_queries(name.string() + ".queries.npy", bank->d);
    std::vector<retrieval::Query> list;
    for (std::size_t i = 0; i < queries.n; ++i) list.emplace_back(queries.row(i).begin(), queries.row(i).end());
    compare(bank, list, read_json(name.string() + ".expected.json"));
}

TEST(RetrievalGolden, ASmallBankAgreesWithTheReference) {
    const json expected = read_json(std::filesystem::path(ATTNSCOPE_TEST_DATA) / "retrieval_small.json");
    std::vector<float> rows;
    for (const json& row : expected["memories"])
        for (const json& value : row) rows.push_back(value);
    const std::size_t n = expected["memories"].size();
    compare(make_bank("small", n, rows.size() / n, rows), {expected["query"].get<retrieval::Query>()}, expected);
}

TEST(RetrievalGolden, EveryGoldenBankAgreesInEveryModeAtEveryBeta) {
    const std::filesystem::path golden = golden_folder();
    if (golden.empty()) GTEST_SKIP() << without_golden;
    for (const char* name : {"clustered", "orthonormal"}) compare_files(golden / "retrieval" / name);
}

TEST(RetrievalGolden, TheOrthonormalBankAgreesAtTwoBetas) {
    compare_files(std::filesystem::path(ATTNSCOPE_TEST_DATA) / "retrieval_orthonormal");
}

} // namespace
} // namespace attnscope::test
