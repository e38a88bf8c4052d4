// Public results have values from their declaration on: nothing reads what memory held before.
#include <attnscope/alignment.h>
#include <attnscope/alignment_figures.h>
#include <attnscope/attention.h>
#include <attnscope/cv.h>
#include <attnscope/cv_experiment.h>
#include <attnscope/jacobian.h>
#include <attnscope/jacobian_experiment.h>
#include <attnscope/model.h>
#include <attnscope/residual.h>
#include <attnscope/retrieval.h>

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>

namespace attnscope {
namespace {

template <class Result>
class PublicResults : public testing::Test {};

using All = testing::Types<
    alignment::Range, alignment::Chance, alignment::LayerProfile, alignment::SignAgreement, alignment::Verdict,
    alignment::Profile, alignment::Summary, alignment::Matching, alignment::Operators, alignment::Comparison,
    alignment::Tiles, attention::Result, attention::Capture, attention::Rows, attention::Row, attention::Map,
    cv::Interval, cv::Matrix, cv::ExperimentConfig, jacobian::HeadMetrics, jacobian::LayerMaps, jacobian::Result,
    jacobian::ExperimentMeasurement, jacobian::TrainingRun, residual::HeadSpectrum, residual::Loss,
    residual::CurvePoint, residual::Verdict, residual::Result, residual::Spectra, residual::Plan, retrieval::Spectrum,
    retrieval::FirstStep, retrieval::Step, retrieval::Trace, retrieval::TraceResult, retrieval::OriginStep,
    retrieval::OriginTest, retrieval::Sweep, retrieval::Plane, retrieval::Separation, LogitsResult>;

TYPED_TEST_SUITE(PublicResults, All);

/// How many words of a default-initialised Result are what memory held before.
template <class Result>
std::size_t words_left_as_they_were(unsigned char before) {
    // Words of eight bytes: padding is never as wide.
    constexpr std::size_t words = sizeof(Result) / 8;
    alignas(Result) static unsigned char memory[sizeof(Result)];
    volatile unsigned char* const bytes = memory;
    for (std::size_t i = 0; i < sizeof(Result); ++i) bytes[i] = before;
    Result* const made = new (memory) Result;
    std::size_t left = 0;
    for (std::size_t word = 0; word < words; ++word) {
        std::size_t same = 0;
        for (std::size_t i = 0; i < 8; ++i) same += bytes[8 * word + i] == before;
        left += same == 8;
    }
    std::destroy_at(made);
    return left;
}

/// Words inside an empty optional or a short string, which are nobody's value.
template <class Result>
constexpr std::size_t words_of_nobody() {
    if constexpr (std::is_same_v<Result, retrieval::Spectrum> || std::is_same_v<Result, LogitsResult>)
        return 1; // β_c, the loss
    else if constexpr (std::is_same_v<Result, cv::Matrix> || std::is_same_v<Result, retrieval::Plane>)
        return 2;
    else if constexpr (requires(Result result) { result.name; })
        return 1;
    else
        return 0;
}

TYPED_TEST(PublicResults, AreInitialisedWhereTheyAreDeclared) {
    EXPECT_LE(words_left_as_they_were<TypeParam>(0xa5), words_of_nobody<TypeParam>());
}

TEST(PublicResultNumbers, AreNaNUntilTheyAreThere) {
    EXPECT_TRUE(std::isnan(residual::Loss().nll));
    EXPECT_TRUE(std::isnan(alignment::LayerProfile().t_opt));
    EXPECT_TRUE(std::isnan(alignment::Range().low));
    EXPECT_TRUE(std::isnan(cv::Interval().high));
    EXPECT_TRUE(std::isnan(jacobian::HeadMetrics().cos_ste));
}

} // namespace
} // namespace attnscope
