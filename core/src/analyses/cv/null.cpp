// The null of CV bands: volumes of simplices of independent Gaussian rows.
//
// The volume of a Gaussian simplex is, up to a factor of its own number of points, a product of independent chi
// variables of D, D − 1 … degrees of freedom: heights over ever more edges (Miles 1971, "Isotropic random simplices").
#include <attnscope/cv.h>

#include <cmath>
#include <limits>
#include <numbers>

namespace attnscope::cv {

namespace {

/// lgamma() writes the sign of Γ where every thread sees it.
double log_gamma(double x) {
    int sign = 0;
    return lgamma_r(x, &sign);
}

/// ln(E[χ²]/E[χ]²) of a chi variable of m > 0 degrees of freedom, which need not be whole.
double log_spread(double m) {
    if (m < 60) {
        // E[χ] = √2 Γ((m+1)/2)/Γ(m/2)
        const double log_mean = 0.5 * std::numbers::ln2 + log_gamma((m + 1) / 2) - log_gamma(m / 2);
        return std::log(m) - 2 * log_mean;
    }
    // There the logarithms are large and nearly equal; the ratio of gamma functions has a series instead:
    // E[χ]/√m = 1 − 1/4m + 1/32m² + 5/128m³ − 21/2048m⁴ − 399/8192m⁵ + …
    const double x = 1 / m;
    const double mean = x * (-1.0 / 4 + x * (1.0 / 32 + x * (5.0 / 128 + x * (-21.0 / 2048 - x * (399.0 / 8192)))));
    return -2 * std::log1p(mean);
}

} // namespace

double null_cv(double dimension, int points) {
    const int k = points - 1;
    if (!(dimension > k - 1) || points < 2) return std::numeric_limits<double>::quiet_NaN();
    double log_ratio = 0;
    for (int j = 0; j < k; ++j) log_ratio += log_spread(dimension - j);
    return std::sqrt(std::expm1(log_ratio));
}

double effective_dim(double cv, int points) {
    constexpr double largest = 1e12;
    if (!(cv > 0) || !std::isfinite(cv) || points < 2) return std::numeric_limits<double>::quiet_NaN();
    // The null falls from infinity at points − 2 dimensions towards zero: bisection of ln(D − (points − 2)).
    const double floor = points - 2;
    double low = std::log(1e-12), high = std::log(largest - floor);
    if (null_cv(floor + std::exp(high), points) >= cv) return largest;
    for (int step = 0; step < 200 && high - low > 1e-14; ++step) {
        const double middle = (low + high) / 2;
        (null_cv(floor + std::exp(middle), points) > cv ? low : high) = middle;
    }
    return floor + std::exp((low + high) / 2);
}

} // namespace attnscope::cv
