#include "ui/analyses/jacobian/state/training_json.h"

#include "base/json_members.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>
#include <string>

namespace attnscope::ui {

namespace {

using nlohmann::json;

template <class Values, class Name>
json names(const Values& values, const Name& name) {
    json list = json::array();
    for (const auto value : values) list.push_back(name(value));
    return list;
}

/// Each once, in the order of `all`.
template <class Value, class All, class Parse>
void read_names(const JsonMembers& object, const char* field, const All& all, const Parse& parse,
                std::vector<Value>& values) {
    if (!object.find(field)) return;
    std::vector<Value> named, ordered;
    for (const std::string& name : object.texts(field)) {
        try {
            named.push_back(parse(name));
        } catch (const Error& error) {
            object.fail(field, error.expected, describe(json(name)));
        }
    }
    for (const Value value : all)
        if (std::ranges::find(named, value) != named.end()) ordered.push_back(value);
    if (ordered.empty()) object.fail(field, "one or more", "none");
    values = std::move(ordered);
}

} // namespace

json jacobian_training_json(const JacobianTrainingOptions& options) {
    using namespace jacobian;
    return {{"methods", names(options.methods, method_name)},
            {"gradients", names(options.gradients, softmax_gradient_name)},
            {"steps", options.steps},
            {"every", options.every},
            {"learning_rate", options.learning_rate},
            {"seed", options.seed},
            {"method", method_name(options.shown.method)},
            {"gradient", softmax_gradient_name(options.shown.gradient)},
            {"step", options.step}};
}

JacobianTrainingOptions jacobian_training_from_json(const JsonMembers& object) {
    using namespace jacobian;
    JacobianTrainingOptions options;
    read_names(object, "methods", methods, parse_method, options.methods);
    read_names(object, "gradients", softmax_gradients, parse_softmax_gradient, options.gradients);
    options.steps = object.value_or<int>("steps", options.steps, {1, most_training_steps});
    options.every = object.value_or<int>("every", options.every, {0, most_training_steps});
    using Rates = std::numeric_limits<double>;
    options.learning_rate =
        object.value_or<double>("learning_rate", options.learning_rate, {Rates::min(), Rates::max()});
    options.seed = object.value_or<std::uint64_t>("seed", options.seed, {0, INT64_MAX});
    options.shown.method = object.named("method", "bp", parse_method);
    options.shown.gradient = object.named("gradient", "full", parse_softmax_gradient);
    options.step = object.value_or<int>("step", options.step, {-1, most_training_steps});
    ExperimentRequest request;
    request.steps = options.steps;
    request.every = options.every;
    request.learning_rate = options.learning_rate;
    try {
        check_experiment_parameters(request);
    } catch (const Error& error) {
        object.fail(error.subject.c_str(), error.expected, error.got);
    }
    return options;
}

} // namespace attnscope::ui
