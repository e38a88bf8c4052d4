#include "state/jacobian_training_json.h"

#include <nlohmann/json.hpp>

#include <algorithm>
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
void read_names(const json& object, const char* field, const All& all, const Parse& parse, std::vector<Value>& values) {
    if (!object.contains(field)) return;
    std::vector<Value> named, ordered;
    for (const std::string& name : object[field].get<std::vector<std::string>>()) named.push_back(parse(name));
    for (const Value value : all)
        if (std::ranges::find(named, value) != named.end()) ordered.push_back(value);
    if (ordered.empty()) throw Error(ErrorKind::usage, field, "one or more", "none");
    values = std::move(ordered);
}

}  // namespace

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

JacobianTrainingOptions jacobian_training_from_json(const json& object) {
    using namespace jacobian;
    JacobianTrainingOptions options;
    read_names(object, "methods", methods, parse_method, options.methods);
    read_names(object, "gradients", softmax_gradients, parse_softmax_gradient, options.gradients);
    options.steps = object.value("steps", options.steps);
    options.every = object.value("every", options.every);
    options.learning_rate = object.value("learning_rate", options.learning_rate);
    options.seed = object.value("seed", options.seed);
    options.shown.method = parse_method(object.value("method", std::string("bp")));
    options.shown.gradient = parse_softmax_gradient(object.value("gradient", std::string("full")));
    options.step = object.value("step", options.step);
    ExperimentRequest request;
    request.steps = options.steps;
    request.every = options.every;
    request.learning_rate = options.learning_rate;
    check_experiment_parameters(request);
    return options;
}

}  // namespace attnscope::ui
