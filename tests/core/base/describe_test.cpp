// Fields: a parameter that is said once is written and read the same everywhere.
#include "analyses/alignment/describe.h"
#include "analyses/attention/describe.h"
#include "analyses/cv/describe.h"
#include "analyses/jacobian/describe.h"
#include "analyses/logits/describe.h"
#include "analyses/residual/describe.h"
#include "analyses/retrieval/describe.h"

#include <gtest/gtest.h>

#include <set>

namespace attnscope {
namespace {

FieldFault fault_of(Field& field, const std::string& text) {
    try {
        field.parse(text);
    } catch (const FieldFault& fault) {
        return fault;
    }
    ADD_FAILURE() << field.info().name << " takes " << text;
    return {};
}

FieldFault fault_of(Field& field, const Json& json) {
    try {
        field.read(json);
    } catch (const FieldFault& fault) {
        return fault;
    }
    ADD_FAILURE() << field.info().name << " takes " << json;
    return {};
}

TEST(Fields, TakeTheSameValuesAsTextAndAsJson) {
    residual::Parameters parameters;
    const Fields fields = fields_of(parameters);
    const auto field = [&](const char* name) -> Field& { return *find_field(fields, name); };
    field("top_k").parse("4");
    EXPECT_EQ(parameters.top_k, 4);
    EXPECT_EQ(field("top_k").json(), 4);
    field("layers").parse("1,9:11");
    EXPECT_EQ(parameters.layers, (std::vector{1, 9, 10, 11}));
    EXPECT_EQ(field("layers").text(), "1,9,10,11");
    field("layers").read(Json::array({2, 3}));
    EXPECT_EQ(parameters.layers, (std::vector{2, 3}));
    field("heads").parse("9:3,10:0");
    EXPECT_EQ(parameters.heads, (std::vector<HeadChoice>{{9, 3}, {10, 0}}));
    EXPECT_EQ(field("heads").json().dump(), "[[9,3],[10,0]]");
    field("residual_form").parse("tail");
    EXPECT_EQ(field("residual_form").json(), "tail");
    field("prefix_budget").parse("2");
    EXPECT_EQ(parameters.prefix_budget, std::uint64_t{2} << 20);
    EXPECT_EQ(field("prefix_budget").json(), 2 << 20);
    EXPECT_EQ(field("prefix_budget").option(), "--prefix-memory");
    EXPECT_EQ(field("residual_form").command(), "form");
}

TEST(Fields, SayInTheSameWordsWhatTheyDoNotTake) {
    residual::Parameters parameters;
    const Fields fields = fields_of(parameters);
    const auto same = [&](const char* name, const char* text, const Json& json, const std::string& expected) {
        Field& field = *find_field(fields, name);
        EXPECT_EQ(fault_of(field, std::string(text)).expected, expected);
        EXPECT_EQ(fault_of(field, json).expected, expected);
    };
    same("top_k", "0", 0, "an integer from 1 to 1024");
    same("top_k", "two", "two", "an integer from 1 to 1024");
    same("top_k", "4294967297", 4294967297, "an integer from 1 to 1024");
    same("calibration", "half", "half", "one of heldout, leading");
    same("ranks", "1,", Json::array({1, -2}), "integers from 0 to 2147483647, as in 1,2,4 or 9:11");
    same("ranks", "9:5", Json::array({1.5}), "integers from 0 to 2147483647, as in 1,2,4 or 9:11");
    same("heads", "9", Json::array({Json::array({9})}), "a list of LAYER:HEAD as in 9:3");
    EXPECT_EQ(parameters, residual::Parameters()) << "nothing is taken over of a value that is refused";
}

TEST(Fields, OfARecipeAreNamedWithTheirPlace) {
    cv::Parameters parameters;
    const auto message = [&](const Json& json) -> std::string {
        try {
            read_fields(fields_of(parameters), json);
        } catch (const Error& error) {
            return error.what();
        }
        return "none";
    };
    EXPECT_EQ(message({{"points", 9}}), "recipe: expected an integer from 3 to 8, got 9 (params.points)");
    EXPECT_EQ(message({{"exact", 1}}), "recipe: expected true or false, got 1 (params.exact)");
    EXPECT_EQ(message({{"band", Json::array({.3, .1})}}),
              "recipe: expected two rising numbers of 0 or more, as in .13,.30, got [0.3,0.1] (params.band)");
    EXPECT_EQ(message({{"points", 4}, {"other", 1}}), "none");
    EXPECT_EQ(parameters.points, 4);
}

TEST(Fields, OfASessionAreFoundUnderTheirFormerName) {
    residual::Parameters parameters;
    const nlohmann::json object{{"form", "tail"}, {"top_k", nullptr}};
    read_fields(fields_of(parameters), JsonMembers(object, "a session"));
    EXPECT_EQ(parameters.form, residual::Form::tail);
    EXPECT_EQ(parameters.top_k, 1);
}

TEST(Fields, WriteWhatTheyRead) {
    RetrievalJob job;
    const Fields fields = fields_of(job.request);
    find_field(fields, "mode")->parse("all");
    EXPECT_EQ(job.request.modes.size(), retrieval::all_modes.size());
    find_field(fields, "mode")->parse("raw,hybrid,raw");
    EXPECT_EQ(job.request.modes, (std::vector{retrieval::Mode::raw, retrieval::Mode::hybrid}));
    find_field(fields, "plane_x")->parse("memory:7");
    const Json written = fields_json(fields);
    RetrievalJob back;
    read_fields(fields_of(back.request), written);
    EXPECT_EQ(back.request, job.request);
    LogitsRequest logits;
    find_field(fields_of(logits), "beta")->parse("inf");
    EXPECT_EQ(fields_json(fields_of(logits))["beta"], "inf");
    EXPECT_EQ(fault_of(*find_field(fields_of(logits), "beta"), Json(0)).expected, "a number above 0, or inf");
}

/// Each parameter has one name, one option, and a default that it takes itself.
void check_fields(const Fields& fields) {
    std::set<std::string> names, options;
    for (const auto& field : fields) {
        EXPECT_TRUE(names.insert(field->info().name).second) << field->info().name;
        if (!field->option().empty()) EXPECT_TRUE(options.insert(field->option()).second) << field->option();
        EXPECT_FALSE(field->info().help.empty()) << field->info().name;
        EXPECT_TRUE(field->try_read(field->json())) << field->info().name << ": " << field->json();
    }
}

TEST(Fields, OfEveryAnalysisTakeTheirDefaults) {
    residual::Request residual;
    retrieval::Request retrieval;
    cv::Parameters measuring;
    cv::ExperimentRequest cv_experiment;
    jacobian::ExperimentRequest jacobian_experiment;
    LogitsRequest logits;
    AttentionJob attention;
    AlignmentJob alignment;
    JacobianJob jacobian;
    CvJob cv;
    check_fields(fields_of(residual));
    check_fields(fields_of(retrieval));
    check_fields(fields_of(measuring));
    check_fields(fields_of(cv_experiment));
    check_fields(fields_of(jacobian_experiment));
    check_fields(fields_of(logits));
    check_fields(request_fields(attention));
    check_fields(cursor_fields(attention));
    check_fields(comparison_fields(alignment));
    check_fields(operator_fields(alignment));
    check_fields(cursor_fields(alignment));
    check_fields(model_fields(jacobian));
    check_fields(cursor_fields(jacobian));
    check_fields(measured_fields(cv));
    check_fields(model_fields(cv));
    check_fields(cursor_fields(cv));
}

} // namespace
} // namespace attnscope
