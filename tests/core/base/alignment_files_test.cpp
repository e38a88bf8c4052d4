// Files of grams: what is read, what is refused, what is written comes back; and profiles that need no directions.
#include "support/error_of.h"
#include "support/temporary_folder.h"

#include <attnscope/alignment_recipe.h>
#include <attnscope/tensor_file.h>

#include <gtest/gtest.h>

#include <cmath>
#include <span>
#include <stop_token>

namespace attnscope::test {
namespace {

using alignment::Operators;

constexpr const char* two_layers =
    R"({"num_layers":2,"num_heads":1,"head_dim":2,"hidden_size":6,"gram":[[[4],[1]],[[1],[9]]],"fro_sq":[[1],[2]],)"
    R"("other":{"gram":[1,[2,3]]}})";

class GramFile : public testing::Test {
protected:
    std::string failure(const std::string& json) const {
        std::vector<Warning> warnings;
        std::string path;
        return message_of([&] { parse_grams(json, "g.json", path, warnings); });
    }
    Operators open(std::vector<Warning>& warnings) const {
        return open_grams(folder / "g.json", {}, warnings).operators;
    }
    TemporaryFolder folder;
};

TEST_F(GramFile, IsReadWhateverStandsBesideTheGram) {
    std::vector<Warning> warnings;
    std::string path;
    const Operators operators = parse_grams(two_layers, "g.json", path, warnings);
    EXPECT_EQ(operators.layers, 2);
    EXPECT_EQ(operators.heads, 1);
    EXPECT_EQ(operators.gram, (std::vector<double>{4, 1, 1, 9}));
    EXPECT_EQ(operators.fro_sq, (std::vector<double>{1, 2}));
    EXPECT_TRUE(warnings.empty());
}

TEST_F(GramFile, WithoutDirectionsSaysSoAndLeavesNumbersOut) {
    folder.put("g.json", two_layers);
    std::vector<Warning> warnings;
    const Operators operators = open(warnings);
    ASSERT_EQ(warnings.size(), 1u);
    EXPECT_EQ(warnings[0].code, "no-directions");
    ThreadPool pool(1);
    JobContext context(pool);
    const alignment::Comparison comparison = alignment::compare(operators, context);
    const alignment::Profile profile = alignment::profile(operators, comparison, -2);
    EXPECT_EQ(profile.anchor, 0);
    EXPECT_DOUBLE_EQ(profile.to_anchor[1].cos, 1.0 / 6);
    EXPECT_DOUBLE_EQ(profile.to_anchor[1].t_opt, 0.25);
    EXPECT_DOUBLE_EQ(profile.verdict.mean_cos, (1 + 1.0 / 6) / 2);
    EXPECT_EQ(profile.verdict.label, alignment::Label::medium);
    EXPECT_EQ(profile.verdict.label_excluding_anchor, alignment::Label::weak);
    EXPECT_TRUE(std::isnan(profile.to_anchor[1].frac_positive));
    EXPECT_TRUE(std::isnan(profile.to_anchor[1].mean_cos_pa));
    EXPECT_TRUE(profile.sign_agreement.empty());
    EXPECT_EQ(message_of([&] { alignment::profile(operators, comparison, 2); }),
              "anchor: expected -2 to 1 of 2 layers, got 2");
}

TEST_F(GramFile, OfOneLayerHasNoVerdictWithoutItsAnchor) {
    std::vector<Warning> warnings;
    std::string path;
    const Operators operators =
        parse_grams(R"({"head_dim":2,"hidden_size":6,"gram":[[[4,1]]]})", "g.json", path, warnings);
    ThreadPool pool(1);
    JobContext context(pool);
    AlignmentResult result;
    result.comparison = alignment::compare(operators, context);
    result.profile = alignment::profile(operators, result.comparison, -1);
    result.operators = std::make_shared<const Operators>(operators);
    const std::string json = alignment_result_json({}, result);
    EXPECT_NE(json.find(R"("adjacent":null)"), std::string::npos);
    EXPECT_NE(json.find(R"("mean_cos_excluding_anchor":null,"label_excluding_anchor":null)"), std::string::npos)
        << json;
}

TEST_F(GramFile, ThatIsDamagedIsRefusedByName) {
    const auto gram = [](const std::string& gram, const std::string& more = "") {
        return R"({"head_dim":2,"hidden_size":6,)" + more + R"("gram":)" + gram + "}";
    };
    EXPECT_EQ(failure("[1]"), "g.json: expected a JSON object, got a list");
    EXPECT_EQ(failure("{"), "g.json: expected JSON, got something else (byte 2)");
    EXPECT_EQ(failure("{}"), "g.json: expected a list, got none (gram)");
    EXPECT_EQ(failure(gram("[]")), "g.json: expected a gram of layers × layers × heads, got an empty list (gram)");
    EXPECT_EQ(failure(gram("[1]")), "g.json: expected 3 nested lists of numbers, got a number (gram[0])");
    EXPECT_EQ(failure(gram("[[[[1]]]]")), "g.json: expected 3 nested lists, got more (gram[0][0][0])");
    EXPECT_EQ(failure(gram("[[[1],[1,2]]]")), "g.json: expected lists of 1, got 2 entries (gram[0][1])");
    EXPECT_EQ(failure(gram("[[[1],[2]]]")), "g.json: expected 1 as the first list has, got 2 in gram (gram)");
    EXPECT_EQ(failure(gram("[[[null]]]")), "g.json: expected a number, got null (gram[0][0][0])");
    EXPECT_EQ(failure(gram("[[[1e999]]]")), "g.json: expected finite numbers, got one out of range (byte 45)");
    EXPECT_EQ(failure(gram("[[[1]]]", R"("num_layers":3,)")),
              "g.json: expected 3 as num_layers says, got 1 in gram (gram)");
    EXPECT_EQ(failure(gram("[[[1]]]", R"("num_heads":0,)")), "g.json: expected 1 to 16777216, got 0 (num_heads)");
    EXPECT_EQ(failure(R"({"gram":[[[1]]],"hidden_size":3})"), "g.json: expected a whole number, got none (head_dim)");
    EXPECT_EQ(
        failure(gram("[[[-1]]]")),
        "g.json: expected squared lengths on the diagonal, got a negative one, by 1 of the largest (gram[0][0][0])");
    EXPECT_EQ(failure(gram("[[[1],[0.5]],[[0.25],[1]]]")),
              "g.json: expected a symmetric gram, got entries apart by 0.25 of the operators' lengths (gram[0][1][0])");
    EXPECT_EQ(failure(gram("[[[1],[2]],[[2],[1]]]")), "g.json: expected cosines of at most 1, got 2 (gram[0][1][0])");
    EXPECT_EQ(failure(gram("[[[1]]]", R"("operator":"kq",)")), "g.json: expected one of qk, ov, got kq (operator)");
}

TEST_F(GramFile, ALittleOffIsKeptWithAWarning) {
    std::vector<Warning> warnings;
    std::string path;
    parse_grams(R"({"head_dim":2,"hidden_size":6,"gram":[[[1],[0.5]],[[0.50001],[1]]]})", "g.json", path, warnings);
    ASSERT_EQ(warnings.size(), 1u);
    EXPECT_NE(warnings[0].message.find("not symmetric by up to 1e-05"), std::string::npos) << warnings[0].message;
}

class GramPair : public GramFile {
protected:
    GramPair() {
        operators.layers = 2;
        operators.heads = 1;
        operators.head_dim = 2;
        operators.hidden = 3;
        operators.gram = {4, 1, 1, 9};
        operators.fro_sq = {1, 2};
        operators.topk = 2;
        operators.directions = {1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1};
        operators.values = 3;
        operators.spectrum = {2, -1, 0.5, 3, 1, -0.25};
        operators.kind = alignment::Operator::ov;
    }
    Operators operators;
};

TEST_F(GramPair, ComesBackAsItWasWritten) {
    write_grams(folder / "g.json", operators);
    std::vector<Warning> warnings;
    const Operators back = open(warnings);
    EXPECT_TRUE(warnings.empty());
    EXPECT_EQ(back.gram, operators.gram);
    EXPECT_EQ(back.fro_sq, operators.fro_sq);
    EXPECT_EQ(back.directions, operators.directions);
    EXPECT_EQ(back.spectrum, operators.spectrum);
    EXPECT_EQ(back.kind, alignment::Operator::ov);
    EXPECT_TRUE(is_gram_file(folder / "g.json"));
}

TEST_F(GramPair, WhoseFilesContradictEachOtherIsRefused) {
    write_grams(folder / "g.json", operators);
    const std::string tensors = (folder / "g-eigdirs.safetensors").string();
    const auto failure_with = [&](const std::vector<TensorToWrite>& written) {
        write_safetensors(tensors, written, {});
        std::vector<Warning> warnings;
        return message_of([&] { open(warnings); });
    };
    const auto floats = std::as_bytes(std::span(operators.directions));
    EXPECT_EQ(failure_with({{"eig_dirs", DType::f32, {2, 1, 3, 2}, floats}}),
              tensors + ": expected 2 × 1 × topk × 3, as the grams say, got 2 × 1 × 3 × 2 (eig_dirs)");
    EXPECT_EQ(failure_with({{"sym_eigs", DType::f32, {2, 1, 6}, floats}}),
              tensors + ": expected at most 3 eigenvalues a head, got 6 (sym_eigs)");
    EXPECT_EQ(failure_with({{"dirs", DType::f32, {12}, floats}}),
              tensors + ": expected tensors eig_dirs and sym_eigs, got neither");
    operators.directions[4] = NAN;
    EXPECT_EQ(failure_with({{"eig_dirs", DType::f32, {2, 1, 2, 3}, std::as_bytes(std::span(operators.directions))}}),
              tensors + ": expected finite numbers, got NaN (eig_dirs[0, 0, 1, 1])");
}

TEST(AlignmentChance, OfSignsDependsOnSizesAndSeedAlone) {
    ThreadPool one(1), three(3);
    JobContext alone(one), together(three);
    const alignment::SignShape shape{4, 3, 8, 40};
    const alignment::SignChance chance = alignment::compute_sign_chance(shape, alone);
    ASSERT_EQ(chance.rows.size(), 4u) << "k of 2, 4, 8, 16";
    EXPECT_EQ(chance.operators, 2048);
    const alignment::SignChance again = alignment::compute_sign_chance(shape, together);
    JobContext seeded(three, {.device = {Device::Kind::cpu, 0}, .seed = 5, .stop = {}});
    const alignment::SignChance other = alignment::compute_sign_chance(shape, seeded);
    bool differs = false;
    for (const alignment::SignChance::Row& row : chance.rows) {
        const alignment::Range of_mean = again.range(row.k, -1), of_head = again.range(row.k, 1);
        EXPECT_EQ(of_mean.low, row.of_mean.low);
        EXPECT_EQ(of_mean.high, row.of_mean.high);
        EXPECT_EQ(of_head.low, row.of_head.low);
        EXPECT_LT(of_head.low, of_mean.low);
        EXPECT_GT(of_head.high, of_mean.high);
        EXPECT_NEAR((of_mean.low + of_mean.high) / 2, 0.5 + 0.5 / 4, 1e-9);
        differs = differs || other.range(row.k, -1).low != row.of_mean.low;
    }
    EXPECT_TRUE(differs);
    EXPECT_TRUE(std::isnan(chance.range(32, -1).low));
    EXPECT_TRUE(alignment::compute_sign_chance({}, alone).rows.empty());
    const alignment::SignChance single = alignment::compute_sign_chance({1, 2, 4, 16}, alone);
    EXPECT_NEAR(single.range(4, -1).low, 1, 1e-11) << "an anchor agrees with itself";
    EXPECT_EQ(single.range(4, -1).high, 1);
    std::stop_source stop;
    stop.request_stop();
    JobContext stopped(one, {.stop = stop.get_token()});
    EXPECT_THROW(alignment::compute_sign_chance(shape, stopped), Cancelled);
}

TEST(AlignmentChance, HoldsRandomSubspaces) {
    Operators operators;
    operators.heads = 1;
    operators.hidden = 200;
    operators.topk = 1;
    ThreadPool pool(2);
    JobContext context(pool);
    const alignment::Chance chance = alignment::compute_chance(operators, context);
    EXPECT_DOUBLE_EQ(chance.cos_std, 1.0 / 200);
    // ⟨a, b⟩² of random unit vectors has mean 1/n, and |⟨a, b⟩| has √(2/πn).
    EXPECT_LT(chance.top1_overlap.low, 0.004);
    EXPECT_GT(chance.head_top1_overlap.high, 0.015);
    EXPECT_NEAR((chance.mean_cos_pa.low + chance.mean_cos_pa.high) / 2, std::sqrt(2 / (M_PI * 200)), 0.03);
    EXPECT_EQ(alignment::compute_chance(operators, context).head_mean_cos_pa.high, chance.head_mean_cos_pa.high);
}

} // namespace
} // namespace attnscope::test
