#include <attnscope/retrieval.h>

#include <gtest/gtest.h>

namespace attnscope::retrieval {
namespace {

TEST(RetrievalValues, ModesAreNamedAsOnTheCommandLine) {
    for (const Mode mode : all_modes) EXPECT_EQ(parse_choice<retrieval::Mode>("mode", choice_name(mode)), mode);
    EXPECT_STREQ(choice_name(Mode::renormalized), "renormalized");
    EXPECT_THROW(parse_choice<retrieval::Mode>("mode", "Centred"), Error);
}

TEST(RetrievalValues, FixedPointsHaveNames) {
    EXPECT_STREQ(fixed_point_name(FixedPoint::global_mean), "global mean");
    EXPECT_STREQ(fixed_point_name(FixedPoint::metastable), "metastable");
    EXPECT_STREQ(fixed_point_name(FixedPoint::single_pattern), "single pattern");
}

TEST(RetrievalValues, SingularValuesAreThoseOfTheCentredBank) {
    Spectrum spectrum;
    spectrum.n = 4;
    spectrum.eigenvalues = {9, 4, 0};
    EXPECT_EQ(spectrum.singular_values(), (std::vector<double>{6, 4, 0}));
    spectrum.eigenvalues.assign(30, 1.0);
    EXPECT_EQ(spectrum.singular_values().size(), 10u);
}

} // namespace
} // namespace attnscope::retrieval
