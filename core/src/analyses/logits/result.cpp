// Logits as JSON, CSV, npz, and as text for people.
#include <attnscope/model_recipe.h>

#include "base/json_text.h"
#include "base/table_text.h"
#include "files/npz_arrays.h"

#include <cmath>
#include <limits>

namespace attnscope {
namespace {

double probability(const LogitsResult& result, const LogitsResult::Entry& entry) {
    return std::exp(entry.logit - result.log_sum_exp);
}

} // namespace

std::string logits_result_json(const LogitsResult& result) {
    Json top = Json::array();
    for (const LogitsResult::Entry& entry : result.top) {
        top.push_back({{"id", entry.id},
                       {"logit", entry.logit},
                       {"text", entry.text},
                       {"probability", probability(result, entry)}});
    }
    return one_line({{"tokens", result.tokens},
                     {"top", std::move(top)},
                     {"logsumexp", result.log_sum_exp},
                     {"loss", or_null(result.loss)}});
}

std::string logits_result_csv(const LogitsResult& result) {
    std::string out = "id,logit,probability,text\n";
    for (const LogitsResult::Entry& entry : result.top) {
        out += std::to_string(entry.id) + ',' + csv_number(entry.logit) + ',' + csv_number(probability(result, entry)) +
               ',' + csv_text(entry.text) + '\n';
    }
    return out;
}

std::string logits_result_text(const LogitsResult& result) {
    std::string out;
    append(out, "%lld tokens", static_cast<long long>(result.tokens));
    if (result.loss) append(out, ", mean loss %.4f nats (perplexity %.4g)", *result.loss, std::exp(*result.loss));
    append(out, "\n\n%8s %10s %12s  %s\n", "id", "logit", "probability", "token");
    for (const LogitsResult::Entry& entry : result.top) {
        append(out, "%8lld %10.4f %12.4g  %s\n", static_cast<long long>(entry.id), entry.logit,
               probability(result, entry), one_line(Json(entry.text)).c_str());
    }
    return out;
}

std::string logits_result_npz(const LogitsResult& result) {
    std::vector<std::int64_t> ids;
    std::vector<double> logits;
    for (const LogitsResult::Entry& entry : result.top) {
        ids.push_back(entry.id);
        logits.push_back(entry.logit);
    }
    NpzArrays arrays;
    arrays.add("id", std::move(ids));
    arrays.add("logit", std::move(logits));
    arrays.add("logsumexp", std::vector<double>{result.log_sum_exp});
    arrays.add("loss", std::vector<double>{result.loss.value_or(std::numeric_limits<double>::quiet_NaN())});
    return arrays.bytes();
}

} // namespace attnscope
