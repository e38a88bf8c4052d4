// The softmax Jacobian of every head as JSON, npz, CSV and as text for people.
#include <attnscope/jacobian_recipe.h>

#include "analyses/jacobian/result.h"
#include "base/table_text.h"
#include "files/npz_arrays.h"

#include <cmath>
#include <limits>

namespace attnscope {

namespace {

using jacobian::HeadMetrics;
using jacobian::Metric;
using jacobian::Result;

} // namespace

Json jacobian_head_json(const HeadMetrics& head) {
    Json json = {{"layer", head.layer}, {"head", head.head}};
    for (const Metric metric : jacobian::metrics) json[choice_name(metric)] = number(head.value(metric));
    json["sequences"] = head.sequences;
    json["n_undefined"] = head.undefined;
    json["n_undefined_unmasked"] = head.undefined_unmasked;
    return json;
}

std::string jacobian_result_json(const Result& result) {
    Json heads = Json::array();
    for (const HeadMetrics& head : result.heads) heads.push_back(jacobian_head_json(head));
    return one_line({{"loss", number(result.loss)},
                     {"seq_len", result.length},
                     {"blocks", result.sequences},
                     {"heads", std::move(heads)}});
}

std::string jacobian_result_npz(const Result& result) {
    NpzArrays arrays;
    const auto whole = [&](const char* name, auto get) {
        std::vector<std::int64_t> values;
        for (const HeadMetrics& head : result.heads) values.push_back(get(head));
        arrays.add(name, std::move(values));
    };
    whole("layer", [](const HeadMetrics& head) { return head.layer; });
    whole("head", [](const HeadMetrics& head) { return head.head; });
    for (const Metric metric : jacobian::metrics) {
        std::vector<double> values;
        for (const HeadMetrics& head : result.heads) values.push_back(head.value(metric));
        arrays.add(choice_name(metric), std::move(values));
    }
    whole("sequences", [](const HeadMetrics& head) { return static_cast<std::int64_t>(head.sequences); });
    whole("n_undefined", [](const HeadMetrics& head) { return static_cast<std::int64_t>(head.undefined); });
    whole("n_undefined_unmasked",
          [](const HeadMetrics& head) { return static_cast<std::int64_t>(head.undefined_unmasked); });
    arrays.add("loss", std::vector<double>{result.loss});
    return arrays.bytes();
}

std::string jacobian_table_csv(const Result& result) {
    std::string out = "layer,head";
    for (const Metric metric : jacobian::metrics) out += std::string(",") + choice_name(metric);
    out += ",sequences,n_undefined,n_undefined_unmasked\n";
    for (const HeadMetrics& head : result.heads) {
        out += std::to_string(head.layer) + ',' + std::to_string(head.head);
        for (const Metric metric : jacobian::metrics) out += ',' + csv_number(head.value(metric));
        for (const std::size_t count : {head.sequences, head.undefined, head.undefined_unmasked})
            out += ',' + std::to_string(count);
        out += '\n';
    }
    return out;
}

std::string jacobian_table_text(const Result& result) {
    std::string out;
    append(out, "%zu sequences of %zu", result.sequences, result.length);
    if (std::isfinite(result.loss)) append(out, ", mean loss %.4f nats", result.loss);
    append(out, "\n\n%5s %4s", "layer", "head");
    for (const Metric metric : jacobian::metrics) append(out, " %16s", choice_name(metric));
    append(out, " %11s\n", "n_undefined");
    for (const HeadMetrics& head : result.heads) {
        append(out, "%5d %4d", head.layer, head.head);
        for (const Metric metric : jacobian::metrics) {
            const double value = head.value(metric);
            if (std::isfinite(value))
                append(out, " %16.5f", value);
            else
                append(out, " %16s", "none");
        }
        append(out, " %11zu\n", head.undefined);
    }
    return out;
}

} // namespace attnscope
