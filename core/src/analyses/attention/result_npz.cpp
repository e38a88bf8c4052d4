#include <attnscope/attention_recipe.h>

#include "files/npz_arrays.h"

namespace attnscope {

std::string attention_result_npz(const AttentionJob& job, const AttentionOutcome& outcome) {
    using namespace attention;
    const Result& result = outcome.result;
    const NpzArrays::Shape heads{result.layers, result.heads};
    NpzArrays arrays;
    if (job.request.texts.size() == 1) arrays.add("ids", job.request.texts.front());
    arrays.add("beta", std::vector<double>{result.gain});
    arrays.add("first_layer", std::vector<std::int64_t>{result.first_layer});
    const auto add = [&](const std::string& name, const HeadStatistic& statistic) {
        if (!statistic.mean.empty()) arrays.add(name.c_str(), statistic.mean, heads);
        if (statistic.half_width.empty()) return;
        arrays.add((name + "_ci95").c_str(), statistic.half_width, heads);
        arrays.add((name + "_texts").c_str(), std::vector<std::int64_t>{statistic.texts});
    };
    add("entropy", result.entropy);
    add("max_weight", result.max_weight);
    add("sink", result.sink);
    add("previous", result.previous);
    add("duplicate", result.duplicate);
    add("induction", result.induction);
    const auto add_rows = [&](const char* name, const std::vector<float>& rows) {
        if (!rows.empty())
            arrays.add(name, std::vector<double>(rows.begin(), rows.end()),
                       {result.layers, result.heads, std::ssize(rows) / (result.layers * result.heads)});
    };
    add_rows("entropy_rows", result.entropy_rows);
    add_rows("max_weight_rows", result.max_weight_rows);
    for (std::size_t i = 0; i < outcome.maps.size(); ++i) {
        const Map& map = outcome.maps[i];
        const std::string name = "map_" + std::to_string(job.maps[i].layer) + "_" + std::to_string(job.maps[i].head);
        arrays.add(name.c_str(), std::vector<double>(map.weights.begin(), map.weights.end()), {map.rows, map.columns});
    }
    return arrays.bytes();
}

} // namespace attnscope
