#include <attnscope/recipe.h>

#include "base/json_text.h"

#include <algorithm>
#include <cmath>

namespace attnscope {
namespace {

constexpr double relative_tolerance = 1e-4;
constexpr double small_value = 1e-2, absolute_tolerance = 1e-6;
constexpr double cosine_noise = 1e-4;        // a cosine below this is rounding
constexpr double amplification_noise = 1e-5; // so is a ratio of norms below this
constexpr std::size_t convergence_slack = 2; // rows by which a converged trace may end earlier or later

class Comparison {
public:
    explicit Comparison(std::size_t limit) : limit_(limit) {}

    void compare(const Json& expected, const Json& got, const std::string& path) {
        if (found_.size() >= limit_) return;
        if (expected.is_object() && got.is_object()) {
            compare_objects(expected, got, path);
        } else if (expected.is_array() && got.is_array()) {
            compare_arrays(expected, got, path, 0);
        } else if (expected.is_number() && got.is_number()) {
            if (!agree(expected, got)) report(path, expected, got);
        } else if (expected != got) {
            report(path, expected, got);
        }
    }

    std::vector<std::string> found() && { return std::move(found_); }

private:
    static bool agree(const Json& expected, const Json& got) {
        if (expected.is_number_integer() && got.is_number_integer()) return expected == got;
        const double a = expected.get<double>(), b = got.get<double>();
        const double difference = std::abs(a - b);
        if (difference <= relative_tolerance * std::abs(a)) return true;
        return std::abs(a) < small_value && difference <= absolute_tolerance;
    }

    static bool below(const Json& object, const char* key, double limit) {
        const auto field = object.find(key);
        return field != object.end() && field->is_number() && std::abs(field->get<double>()) < limit;
    }

    static bool is_true(const Json& object, const char* key) {
        const auto field = object.find(key);
        return field != object.end() && field->is_boolean() && field->get<bool>();
    }

    static bool is_noise(const std::string& key, const Json& expected, const Json& got) {
        if (key == "cos_v1") return below(expected, "cos_v1", cosine_noise) && below(got, "cos_v1", cosine_noise);
        return key == "amplification" && below(expected, "norm", amplification_noise);
    }

    void compare_objects(const Json& expected, const Json& got, const std::string& path) {
        const std::size_t slack = is_true(expected, "converged") && is_true(got, "converged") ? convergence_slack : 0;
        for (const auto& [key, value] : expected.items()) {
            const std::string child = path.empty() ? key : path + "." + key;
            const auto found = got.find(key);
            if (found == got.end()) {
                report(child, value, "no such field");
            } else if (key == "steps" && value.is_array() && found->is_array()) {
                compare_arrays(value, *found, child, slack);
            } else if (!is_noise(key, expected, got)) {
                compare(value, *found, child);
            }
        }
    }

    void compare_arrays(const Json& expected, const Json& got, const std::string& path, std::size_t slack) {
        const std::size_t shorter = std::min(expected.size(), got.size());
        const std::size_t longer = std::max(expected.size(), got.size());
        if (longer - shorter > slack) {
            report(path, std::to_string(expected.size()) + " entries", std::to_string(got.size()));
            return;
        }
        for (std::size_t i = 0; i < shorter; ++i) {
            compare(expected[i], got[i], path + "[" + std::to_string(i) + "]");
        }
    }

    static std::string shown(const Json& value) {
        if (value.is_string()) return value.get<std::string>();
        if (value.is_structured()) return value.is_array() ? "a list" : "an object";
        return one_line(value);
    }

    void report(const std::string& path, const Json& expected, const Json& got) {
        if (found_.size() < limit_) found_.push_back(path + ": expected " + shown(expected) + ", got " + shown(got));
    }

    std::size_t limit_;
    std::vector<std::string> found_;
};

} // namespace

std::vector<std::string> compare_results(const std::string& expected, const std::string& got, std::size_t limit) {
    Comparison comparison(limit);
    comparison.compare(parse_json(expected, "expected result", json_kinds::result),
                       parse_json(got, "result", json_kinds::result), "");
    return std::move(comparison).found();
}

} // namespace attnscope
