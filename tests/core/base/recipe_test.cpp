#include <attnscope/recipe.h>

#include "analyses/retrieval/describe.h"
#include "support/error_of.h"
#include "support/temporary_folder.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace attnscope {
namespace {

using Json = nlohmann::ordered_json;

template <class Call>
ErrorKind kind_of(Call call) {
    const auto error = test::error_of(call);
    return error ? error->kind : ErrorKind::internal;
}

RetrievalJob letters_job() {
    RetrievalJob job;
    job.letters = true;
    job.queries.rows = {3, 5};
    job.request.bank = letters_bank();
    job.request.betas = {0.1, 7};
    job.request.modes = {retrieval::Mode::hybrid, retrieval::Mode::residual};
    job.request.steps = 3;
    job.request.sweep = true;
    job.request.plane_y = {retrieval::PlaneAxis::memory, 4};
    job.beta = 2.5;
    job.step = 2;
    job.seed = 9;
    return job;
}

TEST(Recipe, ReadsBackWhatItWrote) {
    const Recipe recipe = retrieval_recipe(letters_job());
    const Recipe back = Recipe::parse(recipe.json());
    EXPECT_EQ(back.json(), recipe.json());
    EXPECT_EQ(recipe.json().find('\n'), std::string::npos);
    EXPECT_EQ(back.analysis, "retrieval");
    EXPECT_EQ(back.seed, 9u);
    ASSERT_EQ(back.inputs.size(), 1u);
    EXPECT_EQ(back.inputs[0].name, "letters");
    EXPECT_EQ(back.inputs[0].sha256, letters_bank()->sha256());
}

TEST(Recipe, MakesTheSameJobAgain) {
    RetrievalJob job = letters_job();
    job.figure = FigureSpec{
        .panel = "retrieval.plane", .style = "acl", .width_mm = 60, .dpi = 150, .zoom = {{0, {-1, 2}, {0.5, 3}}}};
    const RetrievalJob back = retrieval_job(retrieval_recipe(job), {});
    EXPECT_TRUE(back.letters);
    EXPECT_EQ(back.queries, job.queries);
    EXPECT_EQ(back.figure, job.figure);
    EXPECT_EQ(back.beta, job.beta);
    EXPECT_EQ(back.step, job.step);
    EXPECT_EQ(back.seed, job.seed);
    retrieval::Request expected = job.request;
    expected.bank = nullptr;
    EXPECT_EQ(back.request, expected);
}

TEST(Recipe, HoldsEveryParameterDefaultsIncluded) {
    RetrievalJob job;
    job.letters = true;
    job.queries.rows = {0};
    job.request.bank = letters_bank();
    const Json params = Json::parse(retrieval_recipe(job).params);
    for (const char* name :
         {"layout",  "key",         "queries",    "beta_table",         "beta",  "mode",  "steps",      "tol",
          "lambda",  "origin_beta", "origin_eps", "origin_steps",       "sweep", "plane", "plane_beta", "plane_x",
          "plane_y", "basins",      "separation", "separation_samples", "cursor"}) {
        EXPECT_TRUE(params.contains(name)) << name;
    }
    EXPECT_EQ(params["beta"], Json({5.0, 20.0, 50.0, 100.0}));
    EXPECT_EQ(params["tol"], 1e-8);
}

TEST(Recipe, NamesFilesByBaseNameOnly) {
    test::TemporaryFolder folder;
    const std::vector<float> keys{1, 2, 3, 4};
    save_bank(folder / "b.safetensors", *make_bank("b", 2, 2, keys));
    RetrievalJob job;
    job.bank = folder / "b.safetensors";
    job.queries.rows = {0};
    ThreadPool pool(1);
    JobContext context(pool);
    std::vector<Warning> warnings;
    load_inputs(job, context, warnings);
    const std::string text = retrieval_recipe(job).json();
    EXPECT_NE(text.find("\"b.safetensors\""), std::string::npos);
    EXPECT_EQ(text.find(folder.path().string()), std::string::npos);
    EXPECT_EQ(text.find(folder.path().filename().string()), std::string::npos);
}

TEST(Recipe, RefusesDamagedOnes) {
    const auto refused = [](const std::string& text) {
        return kind_of([&] { retrieval_job(Recipe::parse(text), {}); }) == ErrorKind::input;
    };
    EXPECT_TRUE(refused(""));
    EXPECT_TRUE(refused("[]"));
    EXPECT_TRUE(refused("{}"));
    EXPECT_TRUE(refused(R"({"analysis":5,"inputs":[],"params":{}})"));
    EXPECT_TRUE(refused(R"({"analysis":"retrieval","inputs":[{"role":"bank"}],"params":{}})"));
    EXPECT_TRUE(refused(R"({"analysis":"retrieval","inputs":[],"params":{}})"));
    EXPECT_TRUE(refused(R"({"analysis":"dance","inputs":[],"params":{}})"));
    EXPECT_TRUE(refused(R"({"analysis":"retrieval","inputs":[],"params":{"steps":"many"}})"));
    EXPECT_TRUE(refused(R"({"analysis":"retrieval","inputs":[],"params":{"steps":99999999999}})"));
    EXPECT_TRUE(refused(R"({"analysis":"retrieval","inputs":[],"params":{"mode":["sideways"]}})"));
    EXPECT_TRUE(refused(R"({"analysis":"retrieval","inputs":[],"params":{"plane_x":"v0"}})"));
    EXPECT_TRUE(refused(std::string(100000, '[')));
}

TEST(Recipe, PlaneDirectionsHaveNames) {
    EXPECT_EQ(Written<retrieval::PlaneDirection>::parse("v2"),
              (retrieval::PlaneDirection{retrieval::PlaneAxis::eigenvector, 1}));
    EXPECT_EQ(Written<retrieval::PlaneDirection>::parse("memory:7"),
              (retrieval::PlaneDirection{retrieval::PlaneAxis::memory, 7}));
    EXPECT_EQ(Written<retrieval::PlaneDirection>::parse("query")->kind, retrieval::PlaneAxis::query);
    for (const char* text : {"", "v", "v0", "v-1", "memory:", "memory:x", "memory:99999999999", "q"}) {
        EXPECT_EQ(Written<retrieval::PlaneDirection>::parse(text), std::nullopt) << text;
    }
}

TEST(FindByHash, PrefersTheNameThenLooksAtTheKind) {
    test::TemporaryFolder folder;
    const std::string hash = sha256("content");
    const RecipeInput input{"bank", "a.npy", hash};
    EXPECT_TRUE(find_by_hash(input, {folder.path(), folder / "none"}).empty());
    folder.put("renamed.npy", "content");
    EXPECT_EQ(find_by_hash(input, {folder.path()}), folder / "renamed.npy");
    folder.put("a.npy", "content");
    EXPECT_EQ(find_by_hash(input, {folder.path()}), folder / "a.npy");
    EXPECT_EQ(find_by_hash(input, {folder / "renamed.npy"}), folder / "renamed.npy");
    folder.put("a.npy", "changed");
    EXPECT_EQ(find_by_hash(input, {folder.path()}), folder / "renamed.npy");
}

TEST(FindByHash, EndsWithACancel) {
    test::TemporaryFolder folder;
    std::filesystem::create_directory(folder / "encoder");
    folder.put("encoder/model.safetensors", "weights");
    folder.put("renamed.npy", "content");
    const BytesDone cancel = [](std::uint64_t) { throw Cancelled{}; };
    const std::vector<std::filesystem::path> places{folder.path()};
    EXPECT_THROW(find_by_hash({"bank", "a.npy", sha256("content")}, places, cancel), Cancelled);
    EXPECT_THROW(find_by_hash({"encoder", "encoder", sha256("weights")}, places, cancel), Cancelled);
}

TEST(FindByHash, DoesNotFollowANameOutOfTheFolders) {
    test::TemporaryFolder folder;
    std::filesystem::create_directory(folder / "inner");
    folder.put("secret.npy", "content");
    EXPECT_TRUE(find_by_hash({"bank", "../secret.npy", sha256("content")}, {folder / "inner"}).empty());
}

TEST(FindByHash, FindsAnEncoderByItsWeights) {
    test::TemporaryFolder folder;
    std::filesystem::create_directory(folder / "encoder");
    folder.put("encoder/model.safetensors", "weights");
    const RecipeInput input{"encoder", "other-name", sha256("weights")};
    EXPECT_EQ(find_by_hash(input, {folder.path()}), folder / "encoder");
    EXPECT_EQ(find_by_hash(input, {folder / "encoder"}), folder / "encoder");
}

TEST(Envelope, HasItsFieldsInOrder) {
    const std::string text = envelope_json("attnscope.retrieval/1", retrieval_recipe(letters_job()), R"({"x":0.1})",
                                           {{"code", "a message"}}, 1.5);
    const Json json = Json::parse(text);
    std::vector<std::string> names;
    for (const auto& [name, value] : json.items()) names.push_back(name);
    EXPECT_EQ(names, (std::vector<std::string>{"schema", "version", "recipe", "result", "warnings", "timing"}));
    EXPECT_EQ(json["schema"], "attnscope.retrieval/1");
    EXPECT_EQ(json["result"]["x"], 0.1);
    EXPECT_EQ(json["warnings"][0]["code"], "code");
    EXPECT_EQ(json["timing"]["total_s"], 1.5);
}

TEST(CompareResults, FindsWhatDisagreesByItsPath) {
    const std::string expected = R"({"a":[1.0,2.0],"n":3,"s":"x","none":null})";
    EXPECT_TRUE(compare_results(expected, R"({"a":[1.00005,2.0],"n":3,"s":"x","none":null,"more":1})").empty());
    const auto different = compare_results(expected, R"({"a":[1.1,2.0],"n":4,"s":"y"})");
    EXPECT_EQ(different, (std::vector<std::string>{"a[0]: expected 1.0, got 1.1", "n: expected 3, got 4",
                                                   "s: expected x, got y", "none: expected null, got no such field"}));
    EXPECT_EQ(compare_results(expected, R"({"a":[1.0],"n":3,"s":"x","none":0})"),
              (std::vector<std::string>{"a: expected 2 entries, got 1", "none: expected null, got 0"}));
    EXPECT_EQ(compare_results(expected, R"({})", 2).size(), 2u);
}

TEST(CompareResults, SmallValuesAgreeAbsolutely) {
    EXPECT_TRUE(compare_results(R"({"a":1e-9})", R"({"a":5e-7})").empty());
    EXPECT_FALSE(compare_results(R"({"a":1e-9})", R"({"a":5e-6})").empty());
    EXPECT_FALSE(compare_results(R"({"a":1.0})", R"({"a":1.001})").empty());
}

TEST(CompareResults, NoiseDoesNotCount) {
    EXPECT_TRUE(compare_results(R"({"cos_v1":1e-5})", R"({"cos_v1":9e-5})").empty());
    EXPECT_FALSE(compare_results(R"({"cos_v1":1e-3})", R"({"cos_v1":2e-3})").empty());
    EXPECT_TRUE(
        compare_results(R"({"norm":1e-7,"amplification":0.5})", R"({"norm":1e-7,"amplification":0.9})").empty());
    const std::string trace = R"({"converged":true,"steps":[1.0,2.0]})";
    EXPECT_TRUE(compare_results(trace, R"({"converged":true,"steps":[1.0]})").empty());
    EXPECT_FALSE(compare_results(trace, R"({"converged":false,"steps":[1.0]})").empty());
    EXPECT_FALSE(compare_results(trace, R"({"converged":true,"steps":[1.0,2.1]})").empty());
}

TEST(CompareResults, RefusesWhatIsNoJson) {
    EXPECT_EQ(kind_of([] { compare_results("{", "{}"); }), ErrorKind::input);
    EXPECT_EQ(kind_of([] { compare_results("{}", std::string(100000, '[')); }), ErrorKind::input);
}

} // namespace
} // namespace attnscope
