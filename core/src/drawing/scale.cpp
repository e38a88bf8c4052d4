#include "drawing/scale.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

namespace attnscope {
namespace {

constexpr const char* minus_sign = "−";
constexpr const char* thin_space = "\u2009";

std::string superscript(int exponent) {
    static const char* const digits[]{"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    std::string text = exponent < 0 ? "⁻" : "";
    for (const char digit : std::to_string(std::abs(exponent))) text += digits[digit - '0'];
    return text;
}

// "%g" with a proper minus and thin spaces between the thousands of the whole part.
std::string plain(double value, int significant) {
    char buffer[64];
    std::snprintf(buffer, sizeof buffer, "%.*g", significant, std::abs(value));
    std::string digits = buffer;
    if (digits.find('e') != std::string::npos) {
        std::snprintf(buffer, sizeof buffer, "%.0f", std::abs(value));
        digits = buffer;
    }
    const std::size_t whole = std::min(digits.find('.'), digits.size());
    std::string text;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i > 0 && i < whole && (whole - i) % 3 == 0 && whole > 4) text += thin_space;
        text += digits[i];
    }
    return value < 0 ? minus_sign + text : text;
}

std::string power(double value, int significant) {
    if (value == 0) return "0";
    int exponent = static_cast<int>(std::floor(std::log10(std::abs(value))));
    double mantissa = value / std::pow(10.0, exponent);
    // Rounding may carry into the next decade: 9.9996 is written 10.
    char buffer[64];
    std::snprintf(buffer, sizeof buffer, "%.*g", significant, std::abs(mantissa));
    if (buffer[0] == '1' && buffer[1] == '0') {
        mantissa = std::copysign(1.0, mantissa);
        ++exponent;
    }
    const std::string digits = plain(mantissa, significant);
    const std::string ten = "10" + superscript(exponent);
    if (digits == "1") return ten;
    if (digits == std::string(minus_sign) + "1") return minus_sign + ten;
    return digits + "×" + ten;
}

bool is_plain(double value, Scale scale) {
    const double size = std::abs(value);
    if (size == 0) return true;
    return scale == Scale::linear ? size >= 1e-4 * (1 - 1e-9) && size < 1e6 : size >= 1e-3 * (1 - 1e-9) && size < 5e3;
}

// digit · 10^power times k. Dividing by a power of ten, where it is one, keeps 3 · 0.1 the double nearest to 0.3.
double decimal(double k, double digit, int power) {
    return power >= 0 ? k * digit * std::pow(10.0, power) : k * digit / std::pow(10.0, -power);
}

std::vector<double> linear_ticks(double low, double high, int wanted) {
    wanted = std::max(wanted, 1);
    const int first_power = static_cast<int>(std::floor(std::log10(high / wanted - low / wanted))) - 1;
    for (int power = std::max(first_power, -300); power <= 300; ++power)
        for (const double digit : {1.0, 2.0, 5.0}) {
            const double step = decimal(1, digit, power);
            const double first = std::ceil(low / step - 1e-9), last = std::floor(high / step + 1e-9);
            if (!(last - first + 1 <= wanted)) continue;
            std::vector<double> ticks;
            // Counted in whole numbers, so that errors do not add up.
            for (int k = 0; k <= last - first; ++k)
                ticks.push_back(first + k == 0 ? 0.0 : decimal(first + k, digit, power));
            // So coarse that nothing is left: the middle says more than an empty axis.
            if (ticks.empty()) ticks = {low / 2 + high / 2};
            return ticks;
        }
    return {low / 2 + high / 2};
}

std::vector<double> logarithmic_ticks(double low, double high, int wanted) {
    const double first = std::log10(low), last = std::log10(high);
    // Less than a factor of three holds at most one of 1, 2, 5.
    if (last - first < 0.48) return linear_ticks(low, high, wanted);
    const auto collect = [&](std::initializer_list<double> digits, int stride) {
        std::vector<double> ticks;
        const int begin = static_cast<int>(std::floor(first));
        for (int k = begin; k <= static_cast<int>(std::ceil(last)); ++k) {
            if (stride > 1 && ((k % stride) + stride) % stride != 0) continue;
            for (const double digit : digits) {
                const double value = decimal(1, digit, k);
                if (value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9)) ticks.push_back(value);
            }
        }
        return ticks;
    };
    const std::size_t limit = static_cast<std::size_t>(std::max(wanted, 1));
    if (last - first < 3.5)
        if (auto ticks = collect({1, 2, 5}, 1); ticks.size() <= limit && ticks.size() >= 2) return ticks;
    for (const int stride : {1, 2, 3, 5, 10, 20, 50, 100, 200, 500}) {
        auto ticks = collect({1}, stride);
        if (ticks.size() > limit || ticks.empty()) continue;
        if (ticks.size() >= 2 || stride > 1) return ticks;
        // One decade only would leave the length of the axis unsaid.
        for (auto finer : {collect({1, 2, 5}, 1), collect({1, 3}, 1)})
            if (finer.size() <= std::max<std::size_t>(limit, 3)) return finer;
        return ticks;
    }
    const auto decades = collect({1}, 1);
    return decades.empty() ? linear_ticks(low, high, wanted) : std::vector<double>{decades[decades.size() / 2]};
}

} // namespace

double AxisMap::operator()(double value) const {
    if (scale == Scale::logarithmic) {
        if (!(value > 0)) return std::numeric_limits<double>::quiet_NaN();
        const double span = std::log(high) - std::log(low);
        return span == 0 ? (from + to) / 2 : from + (to - from) * (std::log(value) - std::log(low)) / span;
    }
    return high == low ? (from + to) / 2 : from + (to - from) * ((value - low) / (high - low));
}

std::vector<double> axis_ticks(double low, double high, Scale scale, int wanted) {
    if (!std::isfinite(low) || !std::isfinite(high)) return {};
    if (low > high) std::swap(low, high);
    if (low == high) return {low};
    if (scale == Scale::logarithmic) {
        if (!(low > 0)) return {};
        return logarithmic_ticks(low, high, wanted);
    }
    // Numbers that differ in their last digits only have no round tick between them.
    if (high - low <= 1e-12 * std::max(std::abs(low), std::abs(high))) return {low};
    return linear_ticks(low, high, wanted);
}

std::string format_tick(double value, Scale scale) {
    if (!std::isfinite(value)) return "";
    return is_plain(value, scale) ? plain(value, 6) : power(value, 4);
}

std::vector<std::string> format_ticks(std::span<const double> values, Scale scale) {
    std::vector<std::string> labels;
    bool all_plain = true;
    double largest = 0;
    for (const double value : values) {
        all_plain = all_plain && is_plain(value, scale);
        largest = std::max(largest, std::abs(value));
    }
    // A linear axis that reaches ordinary numbers keeps them all ordinary.
    const bool as_plain = all_plain || (scale == Scale::linear && largest >= 1e-3 && largest < 1e6);
    // As few digits as tell neighbours apart.
    for (int significant = as_plain ? 6 : 4; significant <= 17; ++significant) {
        labels.clear();
        for (const double value : values)
            labels.push_back(as_plain ? plain(value, significant) : power(value, significant));
        if (std::adjacent_find(labels.begin(), labels.end()) == labels.end()) break;
    }
    return labels;
}

std::string format_number(double value, int significant) {
    if (!std::isfinite(value)) return "";
    const double size = std::abs(value);
    return size == 0 || (size >= 1e-3 && size < 1e6) ? plain(value, significant) : power(value, significant);
}

std::string format_count(std::size_t count) {
    const std::string digits = std::to_string(count);
    std::string text;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i > 0 && digits.size() > 4 && (digits.size() - i) % 3 == 0) text += thin_space;
        text += digits[i];
    }
    return text;
}

} // namespace attnscope
